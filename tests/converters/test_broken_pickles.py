"""Pickles outside what official files do: bombs, contradictions, foreign operations, damage."""

import struct
import time
import tracemalloc

import numpy as np
import pytest

from converters.errors import DamagedFileError, UnsafePickleError
from converters.restricted_pickle import read_network_pickle

UNSAFE, DAMAGED = UnsafePickleError, DamagedFileError
NETWORK = ("dnnlib.tflib.network", "Network")
PARTS = {}  # name -> (error, part of the message, assembler -> whole file)


def refused(error, reason):
  def register(function):
    PARTS[function.__name__] = (error, reason, function)
    return function

  return register


def array(a, shape=b"\x8c\x00", data=b"", dtype=None, start=None):
  start = start or a.tuple(a.name("numpy", "ndarray"), a.tuple(b"K\x00"), a.data(b"b"))
  state = a.tuple(b"K\x01", shape, dtype or a.dtype(), b"\x89", a.data(data))
  return a.name("numpy.core.multiarray", "_reconstruct") + start + b"R" + state + b"b"


def shaped(a, *shape, data=bytes(24), dtype=None):
  return a.file(array(a, a.plain(shape), data, dtype))


def arguments(a, value):
  """A file whose network has the keyword argument x with this value."""
  return a.file(a.small("G", entries={"static_kwargs": a.dict({"x": value})}))


# Functions and classes of NumPy, and misuse of the known ones.


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


# Operations.

for _name, _code in {
  "NEWOBJ_EX": b")}\x92",
  "EXT1": b"\x82\x01",
  "EXT2": b"\x83\x01\x00",
  "EXT4": b"\x84\x01\x00\x00\x00",
  "PERSID": b"Pos.system\n",
  "BINPERSID": b"NQ",
  "INST": b"(ios\nsystem\n",
  "OBJ": b"(cnumpy\nndarray\no",
  "NEXT_BUFFER": b"\x97",
  "READONLY_BUFFER": b"N\x98",
  "BYTEARRAY8": b"\x96" + bytes(8),
  "LONG4": b"\x8b\xff\xff\xff\x7f",
  "LONG": b"L" + b"9" * 5000 + b"L\n",
  "INT": b"I" + b"9" * 5000 + b"\n",
  "STRING": b"S'x'\n",
  "DUP": b"N2",
  "POP": b"N0",
  "EMPTY_SET": b"\x8f",
  "FROZENSET": b"(\x91",
  "DICT": b"(d",
  "0xff": b"\xff",
}.items():
  PARTS[f"operation {_name}"] = (UNSAFE, f"operation {_name};", lambda a, c=_code: a.file(c))


@refused(UNSAFE, "operation PROTO")
def protocol_stated_twice(a):
  return a.file(b"\x80\x05\x97")


@refused(UNSAFE, "STACK_GLOBAL")
def name_that_is_no_text(a):
  return a.file(b"K\x01K\x02\x93")


@refused(UNSAFE, "'os\\nx.system\\x1b[31m'")
def name_with_control_characters(a):
  return a.file(a.name("os\nx", "system\x1b[31m"))


@refused(UNSAFE, "...'")
def very_long_name(a):
  return a.file(a.name("o" * 60_000, "system"))


@refused(DAMAGED, "a name that is too long")
def name_without_end(a):
  return b"\x80\x02c" + b"o" * 100_000 + b"."


@refused(UNSAFE, "appends to a 'Network'")
def append_to_a_network(a):
  return a.file(a.name(*NETWORK) + b")\x81Na")


@refused(UNSAFE, "sets items of a 'list'")
def items_of_a_list(a):
  return a.file(b"]" + a.text("x") + b"Ns")


# Sizes that lie.


@refused(DAMAGED, "shape (2, 4) and type f4 comes with 24 bytes")
def array_larger_than_its_bytes(a):
  return shaped(a, 2, 4)


@refused(DAMAGED, "shape (1099511627776, 1048576)")
def array_larger_than_any_memory(a):
  return shaped(a, 1 << 40, 1 << 20)


@refused(DAMAGED, "impossible shape (-2, -3)")
def negative_shape(a):
  return shaped(a, -2, -3)


@refused(DAMAGED, "impossible shape (0, 5)")
def empty_array(a):
  return shaped(a, 0, 5, data=b"")


@refused(DAMAGED, "impossible shape (1, 1, 1, 1, 1, 1, 1, 1, ...)")
def array_of_many_dimensions(a):
  return shaped(a, *[1] * 5000)


@refused(DAMAGED, "not a tuple of whole numbers")
def shape_of_fractions(a):
  return shaped(a, 2.0, 3.0)


@refused(DAMAGED, "whole number of 255 bytes")
def huge_integer(a):
  return a.file(b"\x8a\xff" + b"\x7f" * 255)


@refused(DAMAGED, "truncated")
def bytes_of_eight_exabytes(a):
  return a.file(b"\x8e" + struct.pack("<Q", 1 << 63) + b"x")


@refused(DAMAGED, "truncated")
def text_of_four_gigabytes(a):
  return a.file(b"X\xff\xff\xff\xff")


@refused(DAMAGED, "states the length -1")
def string_of_negative_length(a):
  return a.file(b"T\xff\xff\xff\xff")


@refused(DAMAGED, "truncated")
def frame_beyond_the_file(a):
  return a.file(b"\x95" + struct.pack("<Q", 1 << 40) + b"N")


@refused(DAMAGED, "arrays add up to more than the file")
def one_byte_string_for_many_arrays(a):
  big = b"B" + struct.pack("<I", 400_000) + bytes(400_000)
  body = big + b"\x94"
  start = a.tuple(a.name("numpy", "ndarray"), a.tuple(b"K\x00"), a.data(b"b"))
  again = a.name("numpy.core.multiarray", "_reconstruct") + start + b"R"
  again += a.tuple(b"K\x01", a.plain((100_000,)), a.dtype(), b"\x89", b"h\x00") + b"b"
  return a.file(b"(" + body + again * 50 + b"t")


@refused(DAMAGED, "byte strings add up to more than the file")
def one_text_encoded_many_times(a):
  body = b"X" + struct.pack("<I", 400_000) + b"x" * 400_000 + b"\x94"
  again = a.name("_codecs", "encode") + a.tuple(b"h\x00", a.text("latin1")) + b"R"
  return a.file(b"(" + body + again * 50 + b"t")


@refused(DAMAGED, "characters that are not bytes")
def wide_characters_encoded(a):
  text = ("x" * 200_000 + chr(0x1F600)).encode()
  text = b"X" + struct.pack("<I", len(text)) + text
  return a.file(a.name("_codecs", "encode") + a.tuple(text, a.text("latin1")) + b"R")


@refused(DAMAGED, "more text than any network needs")
def thousands_of_texts(a):
  return a.file(b"(" + (b"X" + struct.pack("<I", 60_000) + b"x" * 60_000) * 300 + b"t")


@refused(DAMAGED, "more than 250000 steps")
def very_many_steps(a):
  return a.file(b"(" + b"N" * 300_000 + b"t")


# Bombs and cycles.


def tuple_bomb(levels=40):
  """Each level holds the one below ten times: 10 ** 40 leaves in 1 kB."""
  return b")\x94" + b"".join(b"(" + bytes([104, level]) * 10 + b"t\x94" for level in range(levels))


@refused(DAMAGED, "too deeply or too large")
def billion_laughs_in_keyword_arguments(a):
  return arguments(a, a.tuple(tuple_bomb()))


@refused(DAMAGED, "key that is no text")
def bomb_as_dictionary_key(a):
  return a.file(a.tuple(tuple_bomb(), b"}h\x28Ns"))


@refused(DAMAGED, "too deeply or too large")
def a_hundred_thousand_nested_tuples(a):
  return arguments(a, b")" + b"\x85" * 100_000)


@refused(DAMAGED, "too deeply or too large")
def a_hundred_thousand_nested_lists(a):
  return arguments(a, b"]" * 100_000 + b"a" * 99_999)


@refused(DAMAGED, "too deeply or too large")
def list_that_contains_itself(a):
  return arguments(a, b"]\x94h\x00a")


@refused(DAMAGED, "too deeply or too large")
def dictionary_that_contains_itself(a):
  return arguments(a, b"}\x94" + a.text("x") + b"h\x00s")


@refused(DAMAGED, "contains itself")
def network_that_contains_itself(a):
  state = a.state("G", "G_style", {}, components={"mapping": b"h\x00"})
  return a.file(a.name(*NETWORK) + b")\x81\x94" + a.dict(state) + b"b")


@refused(DAMAGED, "networks are too many, or nested too deeply")
def networks_in_networks(a):
  inner = a.small("G")
  for _ in range(50):
    inner = a.small("G", components={"mapping": inner})
  return a.file(inner)


@refused(DAMAGED, "the variable 'G/w' is not an array")
def variable_that_contains_itself(a):
  pair = a.tuple(a.text("w"), b"]\x94h\x00a")
  return a.file(a.small("G", entries={"variables": a.list(pair)}))


@refused(DAMAGED, "too many variables")
def thousands_of_networks_that_share_one_state(a):
  """Reading each would take minutes: 10,000 networks of 10,000 variables in 300 kB."""
  pairs = [a.tuple(a.text("v"), a.scalar(np.float32(1)) + b"q\x05")]
  pairs += [a.tuple(a.text(f"v{i}"), b"h\x05") for i in range(10_000)]
  state = a.dict(a.state("x", "G_mapping", {}, entries={"variables": a.list(*pairs)}))
  components = {"first": a.name(*NETWORK) + b"q\x02)\x81" + state + b"q\x01b"}
  components |= {f"n{i}": b"h\x02)\x81h\x01b" for i in range(10_000)}
  return a.file(a.small("G", components=components))


@refused(DAMAGED, "networks are too many")
def thousands_of_networks(a):
  empty = a.small("x")
  return a.file(a.small("G", components={f"n{i}": empty for i in range(100)}))


@refused(DAMAGED, "too many variables")
def thousands_of_variables(a):
  pairs = b"".join(a.tuple(a.text(f"v{i}"), b"N") for i in range(30_000))
  return a.file(a.small(entries={"variables": a.list(pairs)}))


@refused(DAMAGED, "build_module_src of the network 'G' is not text, or too long")
def source_text_of_megabytes(a):
  source = b"X" + struct.pack("<I", 5_000_000) + b"x" * 5_000_000
  return a.file(a.small("G", entries={"build_module_src": source}))


# Values in wrong places.

for _name, (_entry, _value, _reason) in {
  "array as keyword argument": (
    "static_kwargs",
    lambda a: a.dict({"x": a.array(np.zeros(2, np.float32))}),
    "keyword argument 'G/x' is a Array",
  ),
  "class as keyword argument": (
    "static_kwargs",
    lambda a: a.dict({"x": a.name("numpy", "ndarray")}),
    "keyword argument 'G/x' is a Global",
  ),
  "keyword arguments as a list": ("static_kwargs", lambda a: b"]", "not a dictionary"),
  "components as a list": ("components", lambda a: b"]", "not a dictionary"),
  "component that is a text": (
    "components",
    lambda a: a.dict({"mapping": a.text("x")}),
    "component 'G/mapping' is not a network",
  ),
  "component without contents": (
    "components",
    lambda a: a.dict({"mapping": a.name(*NETWORK) + b")\x81"}),
    "network 'G/mapping' has no contents",
  ),
  "name as bytes": ("name", lambda a: a.data(b"G"), "not text"),
  "no name": ("name", lambda a: None, "lacks ['name']"),
  "source as a number": ("build_module_src", lambda a: b"K\x01", "not text"),
  "variables as a dictionary": ("variables", lambda a: b"}", "not a list"),
  "variable without a value": (
    "variables",
    lambda a: a.list(a.tuple(a.text("w"))),
    "not a name with a value",
  ),
  "variable of integers": (
    "variables",
    lambda a: a.list(a.tuple(a.text("w"), a.array(np.zeros(2, np.int32)))),
    "'G/w' is not an array of real numbers",
  ),
  "variable never filled": (
    "variables",
    lambda a: a.list(
      a.tuple(
        a.text("w"),
        a.name("numpy.core.multiarray", "_reconstruct")
        + a.tuple(a.name("numpy", "ndarray"), a.tuple(b"K\x00"), a.data(b"b"))
        + b"R",
      )
    ),
    "'G/w' is not an array of real numbers",
  ),
  "variable given twice": (
    "variables",
    lambda a: a.list(*[a.tuple(a.text("w"), a.scalar(np.float32(1)))] * 2),
    "'G/w' comes twice",
  ),
}.items():
  PARTS[_name] = (
    DAMAGED,
    _reason,
    lambda a, entry=_entry, value=_value: a.file(a.small("G", entries={entry: value(a)})),
  )

# The stack and the memo.

for _name, (_body, _reason) in {
  "nothing to stop with": (b"", "unfinished parts"),
  "two values at the end": (b"NN", "unfinished parts"),
  "open group at the end": (b"(N", "unfinished parts"),
  "group never opened": (b"Nt", "never opened"),
  "tuple of too few": (b"N\x86", "never given"),
  "tuple across a mark": (b"N(N\x86", "never given"),
  "memo of nothing": (b"\x94", "never given"),
  "unknown memo entry": (b"h\x05", "never given"),
  "memo entry written twice": (b"Nq\x00q\x00", "numbers two values alike"),
  "key without a value": (b"}(X\x01\x00\x00\x00xu", "key without a value"),
  "key given twice": (b"}(X\x01\x00\x00\x00xNX\x01\x00\x00\x00xNu", "comes twice"),
  "text that is no text": (b"X\x02\x00\x00\x00\xff\xfe", "not valid utf-8"),
  "bytes after the end": (b"N.N", "2 bytes follow its end"),
}.items():
  PARTS[_name] = (DAMAGED, _reason, lambda a, body=_body: a.file(body))


@pytest.mark.parametrize("name", PARTS)
def test_broken_file_is_refused(name, assembler, write, nothing_executed):
  error, reason, make = PARTS[name]
  path = write(make(assembler()))
  size = path.stat().st_size
  tracemalloc.start()
  start = time.process_time()
  with nothing_executed(), pytest.raises(error) as caught:
    read_network_pickle(path)
  seconds = time.process_time() - start
  _, peak = tracemalloc.get_traced_memory()
  tracemalloc.stop()
  assert type(caught.value) is error
  message = str(caught.value)
  assert message.startswith(f"{path}: ")
  assert reason in message, message
  assert len(message) < 500 + len(str(path))
  assert "\n" not in message
  assert seconds < 20  # of processor time, with memory tracing
  assert peak < 2_000_000 + 80 * size  # an empty container takes one byte in the file


def test_the_collection_is_large():
  assert len(PARTS) > 100
