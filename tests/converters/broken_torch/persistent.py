"""Broken and hostile pickles of StyleGAN2-ADA's and StyleGAN3's kind."""

import numpy as np

from privai_tf.converters.errors import UnsupportedFileError
from tests.converters.broken_pickles.collection import DAMAGED, UNSAFE, registering

PARTS = {}
refused = registering(PARTS)
FOUR = np.arange(4, dtype=np.float32)


def weighted(w, tensor, **more):
  return w.snapshot(w.persistent(_parameters=w.dict({"weight": tensor}), **more))


@refused(UNSAFE, "'posix.system'")
def command(w):
  return w.file(w.dict({"G_ema": w.name("posix", "system") + w.tuple(w.text("x")) + b"R"}))


@refused(UNSAFE, "'training.networks.Generator'")
def class_of_a_module(w):
  return w.snapshot(w.name("training.networks", "Generator") + b")\x81")


@refused(UNSAFE, "in an unknown way")
def source_text_to_be_run_as_a_module(w):
  return w.snapshot(w.persistent(entries={"type": w.text("module")}))


@refused(UNSAFE, "in an unknown way")
def object_without_source(w):
  return w.snapshot(w.persistent(entries={"module_src": None}))


@refused(UNSAFE, "in an unknown way")
def object_with_a_hook(w):
  return w.snapshot(w.persistent(entries={"import_hook": w.name("builtins", "set")}))


@refused(UNSAFE, "not of version 6")
def object_of_another_version(w):
  return w.snapshot(w.persistent(entries={"version": w.number(7)}))


@refused(DAMAGED, "class or source is not text")
def object_of_a_class_without_name(w):
  return w.snapshot(w.persistent(entries={"class_name": b"N"}))


@refused(DAMAGED, "state is not a dictionary")
def object_whose_state_is_a_list(w):
  return w.snapshot(w.persistent(entries={"state": b"]"}))


@refused(UNSAFE, "with arguments that official files never use")
def object_with_two_arguments(w):
  name = w.name("torch_utils.persistence", "_reconstruct_persistent_obj")
  return w.snapshot(name + w.tuple(b"}", b"}") + b"R")


@refused(UNSAFE, "'os.system'")
def command_in_a_tensor(w):
  inner = type(w)()
  body = inner.stream(inner.name("os", "system") + inner.tuple(inner.text("x")) + b"R")
  return weighted(w, w.from_bytes(w.data(body + bytes(64))))


@refused(UNSAFE, "'torch._utils._rebuild_tensor_v2'")
def tensor_in_a_tensor(w):
  inner = type(w)()
  return weighted(w, w.from_bytes(w.data(inner.stream(inner.tensor(FOUR)))))


@refused(UNSAFE, "something else than a storage")
def number_in_a_tensor(w):
  return weighted(w, w.from_bytes(w.data(type(w)().stream(w.plain(3)))))


@refused(DAMAGED, "bytes follow its end")
def tensor_with_a_tail(w):
  return weighted(w, w.nested(FOUR, tail=b"tail"))


@refused(DAMAGED, "comes with 3")
def tensor_of_another_length(w):
  return weighted(w, w.nested(FOUR, storages=[("7", (3, bytes(16)))]))


@refused(DAMAGED, "breaks off")
def tensor_that_breaks_off(w):
  return weighted(w, w.nested(FOUR, storages=[("7", (4, bytes(8)))]))


@refused(DAMAGED, "not in the form that torch.save wrote")
def tensor_with_another_magic_number(w):
  return weighted(w, w.nested(FOUR, magic=5))


@refused(DAMAGED, "does not lie in its storage")
def tensor_larger_than_its_storage(w):
  inner = type(w)()
  inner.stored["7"] = (4, bytes(16))
  storage = w.from_bytes(w.data(inner.stream(inner.storage("7", 4))))
  return weighted(w, w.raw_tensor(storage, 0, (1 << 40,), (1,)))


@refused(UNSAFE, "something else than bytes of its own")
def tensor_from_text(w):
  return weighted(w, w.raw_tensor(w.from_bytes(w.text("x" * 300)), 0, (1,), (1,)))


@refused(UNSAFE, "outside of it")
def storage_outside_of_the_pickle(w):
  return weighted(
    w,
    w.raw_tensor(w.storage("0", 4), 0, (4,), (1,)).replace(
      b"torch\nFloatStorage", b"builtins\nset"
    ),
  )


@refused(DAMAGED, "unknown way")
def parameter_without_storage(w):
  return weighted(w, w.raw_tensor(w.data(bytes(100)), 0, (4,), (1,)))


@refused(DAMAGED, "is no tensor")
def weight_that_is_a_number(w):
  return weighted(w, b"K\x05")


@refused(DAMAGED, "comes twice")
def weight_among_the_buffers_too(w):
  return weighted(w, w.nested(FOUR), _buffers=w.dict({"weight": w.nested(FOUR)}))


@refused(DAMAGED, "no dictionary of names")
def weight_with_a_dot(w):
  return w.snapshot(w.persistent(_parameters=w.dict({"a.b": w.nested(FOUR)})))


@refused(DAMAGED, "no dictionary of names")
def modules_in_a_list(w):
  return w.snapshot(w.persistent(_modules=b"]"))


@refused(DAMAGED, "is none")
def module_that_is_a_number(w):
  return w.snapshot(w.persistent(_modules=w.dict({"a": b"K\x01"})))


@refused(DAMAGED, "nested too deeply")
def module_that_contains_itself(w):
  modules = b"}q\x00"  # remembered, and filled with the object when that is made
  network = w.persistent(_modules=modules) + b"q\x01"
  return w.snapshot(network, more=b"h\x00" + w.text("a") + b"h\x01s")


@refused(DAMAGED, "is nested too deeply or too large")
def attribute_of_a_thousand_lists(w):
  return w.snapshot(w.persistent(x=b"]" * 1000 + b"a" * 999))


@refused(DAMAGED, "is a 'PersistentObject'")
def network_as_an_attribute(w):
  return w.snapshot(w.persistent(x=w.persistent()))


@refused(UNSAFE, "array type 'O8'")
def array_of_objects(w):
  return w.snapshot(w.persistent(x=w.raw_array(w.plain((1,)), bytes(8), w.dtype("O8"))))


@refused(DAMAGED, "comes with 100 bytes")
def array_of_a_trillion_numbers(w):
  return w.snapshot(w.persistent(x=w.raw_array(w.plain((1 << 40,)), bytes(100))))


@refused(DAMAGED, "outside of its tensors")
def array_of_two_megabytes(w):
  return w.snapshot(w.persistent(x=w.raw_array(w.plain((1 << 19,)), bytes(1 << 21))))


@refused(DAMAGED, "more beside its tensors")
def text_of_five_megabytes(w):
  return w.snapshot(w.persistent(entries={"module_src": w.text("x" * (5 << 20))}))


@refused(DAMAGED, "are no arguments")
def arguments_that_are_none(w):
  return w.snapshot(w.persistent(_init_kwargs=b"]"))


@refused(DAMAGED, "are not a dictionary")
def settings_that_are_a_number(w):
  return w.snapshot(training_set_kwargs=b"K\x01")


@refused(UnsupportedFileError, "a pickle without networks")
def network_that_is_a_number(w):
  return w.snapshot(D=b"K\x01")


@refused(UnsupportedFileError, "a pickle without networks")
def a_lone_network(w):
  return w.file(w.persistent())


@refused(DAMAGED, "no text or comes twice")
def numbered_entry(w):
  return w.snapshot(w.persistent(_parameters=b"}K\x01Ns"))


@refused(UNSAFE, "adds items to a 'list'")
def items_added_to_a_list(w):
  return w.snapshot(w.persistent(x=b"](K\x01\x90"))


@refused(UNSAFE, "protocol 2, 3, 4 or 5")
def protocol_six(w):
  return b"\x80\x06" + w.snapshot()[2:]


@refused(DAMAGED, "truncated")
def half_a_file(w):
  return weighted(w, w.nested(np.zeros(300, np.float32)))[:1500]
