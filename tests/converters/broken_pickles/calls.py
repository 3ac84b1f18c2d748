"""Functions, classes and states that official files do not use, and misuse of those they do."""

from tests.converters.broken_pickles.collection import (
  DAMAGED,
  NETWORK,
  UNSAFE,
  array,
  registering,
  shaped,
)

PARTS = {}
refused = registering(PARTS)


# Functions and classes of NumPy, and misuse of the known ones.


@refused(UNSAFE, "in an unknown order")
def buffered_array_in_an_unknown_order(a):
  a.protocol = 5
  return a.file(a.buffered_array(a.plain((1,)), bytes(4), order="K"))


@refused(UNSAFE, "without a plain number type")
def buffered_array_without_a_type(a):
  a.protocol = 5
  return a.file(a.buffered_array(a.plain((1,)), bytes(4), dtype=b"N"))


@refused(DAMAGED, "comes with 4 bytes")
def buffered_array_larger_than_its_buffer(a):
  a.protocol = 5
  return a.file(a.buffered_array(a.plain((1 << 40,)), bytes(4)))


@refused(DAMAGED, "breaks off")
def buffer_longer_than_the_file(a):
  a.protocol = 5
  return a.file(b"\x96" + b"\xff" * 7 + b"\x0f")


@refused(DAMAGED, "arrays add up to more than the file")
def many_arrays_from_one_buffer(a):
  a.protocol = 5
  start = a.name("numpy.core.numeric", "_frombuffer")
  buffer = b"\x96" + (1 << 16).to_bytes(8, "little") + bytes(1 << 16) + b"\x94"
  rest = a.tuple(b"h\x00", a.dtype(), a.plain((1 << 14,)), a.text("C"))
  return a.file(buffer + a.list(*(start + rest + b"R" for _ in range(3))))


@refused(UNSAFE, "'numpy.load'")
def numpy_load(a):
  return a.file(a.name("numpy", "load") + a.tuple(a.text("x.npy"), b"N", b"\x88") + b"R")


@refused(UNSAFE, "'numpy.core.multiarray.fromfile'")
def other_function_of_a_known_module(a):
  return a.file(a.name("numpy.core.multiarray", "fromfile") + b")R")


@refused(UNSAFE, "'dnnlib.util.call_func_by_name'")
def other_function_of_nvidia(a):
  return a.file(a.name("dnnlib.util", "call_func_by_name") + b")R")


@refused(UNSAFE, "'dnnlib.tflib.network.Network.run'")
def dotted_name_in_a_known_class(a):
  return a.file(a.name("dnnlib.tflib.network", "Network.run") + b")R")


@refused(UNSAFE, "array type 'O'")
def object_scalar(a):
  arguments_ = a.tuple(a.dtype("O", "|"), a.data(b"\x80\x04N."))
  return a.file(a.name("numpy.core.multiarray", "scalar") + arguments_ + b"R")


@refused(UNSAFE, "scalar without a plain number type")
def scalar_of_a_named_type(a):
  arguments_ = a.tuple(a.name("numpy", "ndarray"), a.data(bytes(4)))
  return a.file(a.name("numpy.core.multiarray", "scalar") + arguments_ + b"R")


@refused(DAMAGED, "has 3 bytes")
def scalar_of_wrong_size(a):
  arguments_ = a.tuple(a.dtype(), a.data(bytes(3)))
  return a.file(a.name("numpy.core.multiarray", "scalar") + arguments_ + b"R")


@refused(UNSAFE, "array type 'V8'")
def void_array(a):
  return shaped(a, 3, dtype=a.dtype("V8", "|"))


@refused(UNSAFE, "array type 'U2'")
def text_array(a):
  return shaped(a, 3, dtype=a.dtype("U2"))


@refused(UNSAFE, "array type 'f4,O'")
def record_array(a):
  return shaped(a, 3, dtype=a.dtype("f4,O"))


@refused(UNSAFE, "fields, sub-arrays or metadata")
def dtype_with_fields(a):
  dtype = a.name("numpy", "dtype") + a.plain(("f4", 0, 1)) + b"R"
  dtype += a.plain((3, "<", None, ("x",), {"x": None}, 4, 1, 0)) + b"b"
  return shaped(a, 6, dtype=dtype)


@refused(UNSAFE, "fields, sub-arrays or metadata")
def dtype_with_metadata(a):
  dtype = a.name("numpy", "dtype") + a.plain(("f4", 0, 1)) + b"R"
  dtype += a.plain((4, "<", None, None, None, -1, -1, 0, {"x": 1})) + b"b"
  return shaped(a, 6, dtype=dtype)


@refused(UNSAFE, "class other than numpy.ndarray")
def array_of_a_subclass(a):
  start = a.tuple(a.name(*NETWORK), a.tuple(b"K\x00"), a.data(b"b"))
  return a.file(array(a, start=start))


@refused(UNSAFE, "not empty at first")
def array_of_a_terabyte_at_first(a):
  start = a.tuple(a.name("numpy", "ndarray"), a.plain((1 << 40,)), a.data(b"b"))
  return a.file(array(a, start=start))


@refused(UNSAFE, "otherwise than as latin1")
def encode_with_another_codec(a):
  return a.file(a.name("_codecs", "encode") + a.plain(("cafe", "hex")) + b"R")


@refused(UNSAFE, "calls 'numpy.dtype' with arguments")
def dtype_with_surplus_arguments(a):
  return a.file(a.name("numpy", "dtype") + a.plain(("f4", 0, 1, 1)) + b"R")


@refused(UNSAFE, "calls 'dnnlib.tflib.network.Network'")
def network_called_with_arguments(a):
  return a.file(a.name(*NETWORK) + a.plain(("G", "os.system")) + b"R")


@refused(UNSAFE, "something that is not a known function")
def result_reduced_again(a):
  return a.file(a.dtype() + b")R")


@refused(UNSAFE, "something that is not a known function")
def arguments_as_a_list(a):
  return a.file(a.name("numpy", "dtype") + a.plain(["f4", 0, 1]) + b"R")


# BUILD and NEWOBJ.


@refused(UNSAFE, "state (BUILD) of a 'dict'")
def build_on_a_dictionary(a):
  return a.file(b"}" + a.plain({"__class__": 1}) + b"b")


@refused(UNSAFE, "state (BUILD) of a 'Global'")
def build_on_a_class(a):
  return a.file(a.name("numpy", "ndarray") + a.plain({"tobytes": 1}) + b"b")


@refused(UNSAFE, "state (BUILD) of a 'Mapping'")
def build_on_easydict(a):
  return a.file(a.name("dnnlib.util", "EasyDict") + b")\x81" + a.plain({"__class__": 1}) + b"b")


@refused(UNSAFE, "state (BUILD) of a 'Network'")
def network_built_twice(a):
  return a.file(a.small() + b"}b")


@refused(UNSAFE, "state (BUILD) of a 'Network'")
def network_built_from_a_pair(a):
  return a.file(a.instance(a.plain(({}, {"__class__": 1}))))


@refused(UNSAFE, "state (BUILD) of a 'Array'")
def array_filled_twice(a):
  state = a.tuple(b"K\x01", a.plain((6,)), a.dtype(), b"\x89", a.data(bytes(24)))
  return a.file(array(a, a.plain((6,)), bytes(24)) + state + b"b")


@refused(DAMAGED, "3 unknown entries")
def attributes_in_a_network_s_state(a):
  extra = {name: b"N" for name in ("__class__", "__dict__", "__setstate__")}
  return a.file(a.small(entries=extra))


@refused(UNSAFE, "instance (NEWOBJ) of 'numpy.ndarray'")
def new_array_of_a_terabyte(a):
  return a.file(a.name("numpy", "ndarray") + a.plain((1 << 40,)) + b"\x81")


@refused(UNSAFE, "instance (NEWOBJ) of 'dnnlib.tflib.network.Network'")
def new_network_with_arguments(a):
  return a.file(a.name(*NETWORK) + a.plain(("G",)) + b"\x81")


@refused(UNSAFE, "instance (NEWOBJ) of 'str'")
def new_instance_of_a_text(a):
  return a.file(a.text("os.system") + b")\x81")
