"""Broken and hostile files of `torch.save`, most of them in both containers; see `collection` of broken_pickles."""

from tests.converters.broken_pickles.collection import DAMAGED, UNSAFE, registering
from tests.converters.torch_writer import MAGIC, SYSTEM

STREAMS, BOTH = {}, {}
stream, both = map(registering, (STREAMS, BOTH))


def state(w, *tensors):
  return w.save(w.dict({f"t{i}": tensor for i, tensor in enumerate(tensors)}))


# Tensors that are no part of their storage.


@both(DAMAGED, "does not lie in its storage")
def a_trillion_numbers(w):
  return state(w, w.view(0, (1 << 40,), (1,)))


@both(DAMAGED, "does not lie in its storage")
def expansion_by_strides_of_zero(w):
  return state(w, w.view(0, (1 << 20, 1 << 20), (0, 0)))


@both(DAMAGED, "does not lie in its storage")
def offset_past_the_end(w):
  return state(w, w.view(12, (1,), (1,)))


@both(DAMAGED, "does not lie in its storage")
def strides_past_the_end(w):
  return state(w, w.view(0, (3, 4), (5, 1)))


@both(DAMAGED, "does not lie in its storage")
def empty_tensor_past_the_end(w):
  return state(w, w.view(13, (0, 4), (4, 1)))


@both(DAMAGED, "impossible size")
def empty_tensor_of_impossible_size(w):
  return state(w, w.view(0, (0, 1 << 60, 1 << 60), (1, 1, 1)))


@both(DAMAGED, "negative")
def negative_stride(w):
  return state(w, w.view(11, (12,), (-1,)))


@both(DAMAGED, "negative")
def negative_offset(w):
  return state(w, w.view(-4, (4,), (1,)))


@both(DAMAGED, "negative")
def negative_size(w):
  return state(w, w.view(0, (-2, -2), (2, 1)))


@both(DAMAGED, "dimensions")
def more_strides_than_sizes(w):
  return state(w, w.view(0, (3,), (1, 1)))


@both(DAMAGED, "64 dimensions")
def too_many_dimensions(w):
  return state(w, w.view(0, (1,) * 64, (1,) * 64))


@both(DAMAGED, "something else than whole numbers")
def size_that_is_no_number(w):
  return state(w, w.view(0, (1.5, True), (1, 1)))


@both(DAMAGED, "unknown way")
def tensor_without_storage(w):
  return state(w, w.raw_tensor(w.text("cpu"), 0, (2,), (1,)))


@both(DAMAGED, "add up to more than 4 times the file")
def thousands_of_views_of_one_storage(w):
  w.stored["big"] = (1 << 16, bytes(1 << 18))
  first = w.raw_tensor(w.storage("big", 1 << 16), 0, (1 << 16,), (1,)) + b"q\x00"
  return state(w, first, *[b"h\x00"] * 3000)


# Storages.


@both(UNSAFE, "'torch.ByteTensor'")
def storage_of_unknown_numbers(w):
  w.stored["a"] = (4, bytes(4))
  return state(w, w.raw_tensor(w.storage("a", 4, "ByteTensor"), 0, (4,), (1,)))


@both(UNSAFE, "something else than a storage")
def persistent_id_that_is_a_path(w):
  return state(w, w.text("/etc/passwd") + b"Q")


@both(DAMAGED, "names a storage in an unknown way")
def storage_outside_of_its_folder(w):
  return state(w, w.view(0, (1,), (1,), key="../../secret"))


@both(DAMAGED, "in two ways")
def storage_of_two_types(w):
  first = w.view(0, (4,), (1,), count=4)
  other = w.raw_tensor(w.storage("shared", 2, "DoubleStorage"), 0, (2,), (1,))
  return state(w, first, other)


@both(DAMAGED, "describes a storage")
def storage_of_negative_length(w):
  return state(w, w.raw_tensor(w.storage("a", -1), 0, (0,), (1,)))


@stream(DAMAGED, "describes a storage")
def storage_that_is_a_view(w):
  w.stored["a"] = (4, bytes(16))
  view = w.plain(("b", 0, 2))
  return state(w, w.raw_tensor(w.storage("a", 4, view=view), 0, (4,), (1,)))


@stream(DAMAGED, "breaks off")
def storage_beyond_the_file(w):
  w.stored["a"] = (1 << 40, bytes(64))
  return state(w, w.raw_tensor(w.storage("a", 1 << 40), 0, (4,), (1,)))


@stream(DAMAGED, "comes with 3")
def storage_of_another_length(w):
  body = w.dict({"t": w.view(0, (4,), (1,), count=4)})
  return w.stream(body, storages=[("shared", (3, bytes(16)))])


@stream(DAMAGED, "not those of its tensors")
def storage_listed_twice(w):
  body = w.dict({"t": w.view(0, (4,), (1,), count=4)})
  return w.stream(body, storages=[("shared", (4, bytes(16)))] * 2)


@stream(DAMAGED, "not those of its tensors")
def storage_not_listed(w):
  return w.stream(w.dict({"t": w.view(0, (4,), (1,))}), storages=[])


@stream(DAMAGED, "not those of its tensors")
def storage_that_nothing_uses(w):
  return w.stream(b"}", storages=[("a", (4, bytes(16)))])


@stream(DAMAGED, "does not list its storages")
def no_list_of_storages(w):
  data = b"".join(map(w.file, [w.plain(v) for v in (MAGIC, 1001, SYSTEM)]))
  return data + w.file(b"}") + w.file(b"}")


@stream(DAMAGED, "bytes follow its end")
def bytes_after_the_end(w):
  return w.stream(w.dict({"t": w.view(0, (4,), (1,))}), tail=b"more")


@stream(DAMAGED, "not in the form that torch.save wrote")
def another_format_version(w):
  return w.stream(b"}", version=1002)


@stream(DAMAGED, "not little-endian")
def numbers_of_another_byte_order(w):
  return w.stream(b"}", system=SYSTEM | {"little_endian": False})


# Pickles.


def command(w):
  call = w.tuple(w.text("touch executed"))
  return w.name("posix", "system") + call + b"R"


@both(UNSAFE, "'posix.system'")
def command_in_an_entry(w):
  return state(w, command(w))


@both(UNSAFE, "'builtins.eval'")
def code_as_text(w):
  return state(w, w.name("builtins", "eval") + w.tuple(w.text("1")) + b"R")


@both(UNSAFE, "'torch.load'")
def file_in_the_file(w):
  return state(w, w.name("torch", "load") + w.tuple(w.text("x")) + b"R")


@both(UNSAFE, "'torch.storage._load_from_bytes'")
def pickle_in_the_pickle(w):
  return state(w, w.from_bytes(w.data(b"cposix\nsystem\n(X\x01\x00\x00\x00xtR.")))


@both(UNSAFE, "'numpy.load'")
def function_of_numpy(w):
  return state(w, w.name("numpy", "load") + w.tuple(w.text("x")) + b"R")


@both(UNSAFE, "sets the state (BUILD)")
def attributes_of_a_dictionary(w):
  return state(w, b"}" + w.dict({"keys": b"N"}) + b"b")


@both(UNSAFE, "with arguments that official files never use")
def namespace_with_arguments(w):
  return state(w, w.name("argparse", "Namespace") + w.tuple(b"K\x01") + b"R")


@both(DAMAGED, "key that is no text or comes twice")
def entry_that_comes_twice(w):
  entry = w.text("a") + b"N"
  return w.save(b"}(" + entry * 2 + b"u")


@both(DAMAGED, "key that is no text or comes twice")
def bomb_as_key(w):
  bomb = b")q\x00" + b"".join(
    b"(" + bytes([104, level]) * 10 + b"tq" + bytes([level + 1]) for level in range(40)
  )
  return w.save(w.tuple(bomb, b"}h\x28Ns"))


@both(DAMAGED, "too deeply or too large")
def a_thousand_nested_lists(w):
  return w.save(b"]" * 1000 + b"a" * 999)


@both(DAMAGED, "too deeply or too large")
def list_that_contains_itself(w):
  return w.save(b"]q\x00h\x00a")


@both(DAMAGED, "too deeply or too large")
def billion_laughs(w):
  level = b")q\x00" + b"".join(
    b"(" + bytes([104, n]) * 10 + b"tq" + bytes([n + 1]) for n in range(30)
  )
  return w.save(w.tuple(level))


@both(UNSAFE, "not a pickle of protocol 2, 3, 4 or 5")
def protocol_six(w):
  w.protocol = 6
  body = w.save(b"}")
  w.protocol = 2
  return body if w.container == "zip" else w.stream(b"}").replace(b"\x80\x02}.", b"\x80\x06}.")


@both(DAMAGED, "is a 'collections.OrderedDict'")
def class_as_a_value(w):
  return state(w, w.name("collections", "OrderedDict"))
