"""What `torch.save` wrote comes back: by values, in both containers, read only where it is asked for."""

import numpy as np
import pytest

from privai_tf.converters.errors import DamagedFileError, UnsupportedFileError
from privai_tf.converters.pytorch import read_torch_file
from privai_tf.errors import InputError
from tests.converters.torch_writer import TorchWriter


@pytest.fixture(params=["stream", "zip"])
def writer(request):
  return TorchWriter(request.param)


def numbers(*shape, dtype=np.float32):
  return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "i8", "i4", "i2", "i1", "u1", "b1"])
def test_every_type_of_number(dtype, writer, write):
  value = numbers(2, 3, dtype=dtype)
  tensor = read_torch_file(write(writer.save(writer.dict({"a": writer.tensor(value)})))).content[
    "a"
  ]
  assert (tensor.dtype, tensor.shape, tensor.nbytes) == (value.dtype, (2, 3), value.nbytes)
  assert np.asarray(tensor).dtype == value.dtype
  np.testing.assert_array_equal(tensor, value)


def test_bfloat16(writer, write):
  raw = np.array([1.0, -2.5, 0.15625], np.float32)
  writer.stored["0"] = (3, (raw.view(np.uint32) >> 16).astype("<u2").tobytes())
  tensor = writer.raw_tensor(writer.storage("0", 3, "BFloat16Storage"), 0, (3,), (1,))
  found = read_torch_file(write(writer.save(writer.dict({"a": tensor})))).content["a"]
  np.testing.assert_array_equal(found, raw)


@pytest.mark.parametrize("axes", [(3, 2, 0, 1), (0, 2, 3, 1), (1, 0, 2, 3)])
def test_permuted_views(axes, writer, write):
  """The published ports transpose NumPy's arrays without copying them."""
  value = numbers(2, 3, 4, 5).transpose(axes)
  tensor = read_torch_file(write(writer.save(writer.tensor(value)))).content
  assert tensor.strides == tuple(s // 4 for s in value.strides)
  np.testing.assert_array_equal(tensor, value)
  assert np.asarray(tensor).flags.c_contiguous


def test_views_of_one_storage(writer, write):
  writer.stored["s"] = (12, numbers(12).tobytes())
  tensors = {
    "part": writer.raw_tensor(writer.storage("s", 12), 4, (2, 3), (3, 1)),
    "every other": writer.raw_tensor(writer.storage("s", 12), 1, (5,), (2,)),
    "number": writer.raw_tensor(writer.storage("s", 12), 11, (), ()),
    "nothing": writer.raw_tensor(writer.storage("s", 12), 12, (0, 3), (3, 1)),
    "lone": writer.raw_tensor(writer.storage("s", 12), 2, (1, 2), (999, 1)),
  }
  found = read_torch_file(write(writer.save(writer.dict(tensors)))).content
  np.testing.assert_array_equal(found["part"], [[4, 5, 6], [7, 8, 9]])
  np.testing.assert_array_equal(found["every other"], [1, 3, 5, 7, 9])
  np.testing.assert_array_equal(found["lone"], [[2, 3]])
  assert np.asarray(found["number"]) == 11
  assert np.asarray(found["nothing"]).shape == (0, 3)


def test_a_tensor_of_the_first_versions(writer, write):
  """As LPIPS's oldest files have them; PyTorch 0.3."""
  writer.stored["s"] = (6, numbers(6).tobytes())
  arguments = (writer.storage("s", 6), b"K\x00", writer.plain((3, 2)), writer.plain((1, 3)))
  tensor = writer.name("torch._utils", "_rebuild_tensor") + writer.tuple(*arguments) + b"R"
  found = read_torch_file(write(writer.save(tensor))).content
  np.testing.assert_array_equal(found, numbers(2, 3).T)


def test_a_training_checkpoint(writer, write):
  """Nested containers, numbered entries, settings of all kinds, a place on a GPU."""
  w = writer
  moment = w.tensor(numbers(3), place="cuda:0")
  optimizer = b"}" + b"K\x07" + w.dict({"step": w.number(300), "moment": moment}) + b"s"
  settings = w.name("argparse", "Namespace") + b")R" + w.dict({"lr": w.plain(0.5)}) + b"b"
  body = w.dict(
    {
      "models": w.dict({"generator": w.state_dict({"w": w.parameter(w.tensor(numbers(2)))})}),
      "optimizer": w.dict({"state": optimizer}),
      "args": settings,
      "step": w.scalar(np.int64(9)),
      "opts": w.plain({"a": None, "b": [1, 2.5, True, "text"], "c": (1, (2,))}),
      "names": w.name("__builtin__", "set") + w.tuple(w.list(w.text("x"))) + b"R",
    }
  )
  found = read_torch_file(write(w.save(body))).content
  np.testing.assert_array_equal(found["models"]["generator"]["w"], [0, 1])
  np.testing.assert_array_equal(found["optimizer"]["state"][7]["moment"], [0, 1, 2])
  assert found["optimizer"]["state"][7]["step"] == 300
  assert found["args"] == {"lr": 0.5}
  assert (found["step"], type(found["step"])) == (9, int)
  assert found["opts"] == {"a": None, "b": [1, 2.5, True, "text"], "c": (1, (2,))}
  assert found["names"] == ["x"]


@pytest.mark.parametrize("root", ["archive", "stylegan_ffhq", "größe 1"])
def test_any_name_in_the_archive(root, write):
  writer = TorchWriter("zip")
  extra = [("byteorder", b"little"), (".format_version", b"1"), (".data/serialization_id", b"0")]
  data = writer.archive(writer.dict({"a": writer.tensor(numbers(4))}), root=root, extra=extra)
  np.testing.assert_array_equal(read_torch_file(write(data)).content["a"], numbers(4))


def test_a_large_tensor(writer, write):
  """Five megabytes: more than what an archive's directory may have."""
  value = numbers(1310720)
  path = write(writer.save(writer.tensor(value)))
  np.testing.assert_array_equal(read_torch_file(path).content, value)


def test_only_what_is_asked_for_is_read(write):
  writer = TorchWriter("zip")
  body = writer.dict({"a": writer.tensor(numbers(4)), "b": writer.tensor(numbers(4) + 16)})
  damaged = numbers(4) + 16
  damaged[3] = 7
  data = writer.archive(body).replace((numbers(4) + 16).tobytes(), damaged.tobytes())
  found = read_torch_file(write(data)).content
  np.testing.assert_array_equal(found["a"], numbers(4))
  with pytest.raises(DamagedFileError, match="zip archive is broken"):
    found["b"].array()


def test_a_file_that_is_shortened_after_it_was_opened(writer, write):
  path = write(writer.save(writer.dict({"a": writer.tensor(numbers(5000))})))
  tensor = read_torch_file(path).content["a"]
  path.write_bytes(path.read_bytes()[:4000])
  with pytest.raises(DamagedFileError, match=str(path)):
    tensor.array()


@pytest.mark.parametrize("uses", [4, 3000])
def test_a_small_file_cannot_become_a_large_one(writer, write, uses):
  """Thousands of tensors over the same megabyte: each would become an array of its own."""
  view = {"offset": 0, "shape": (1 << 18,), "strides": (1,), "count": 1 << 18}
  content = writer.dict({f"w{number}": writer.view(**view) for number in range(uses)})
  path = write(writer.save(content))
  if uses == 4:
    assert len(read_torch_file(path).content) == 4
    return
  with pytest.raises(DamagedFileError, match="the same numbers again and again"):
    read_torch_file(path)


def test_other_files(write, tmp_path):
  with pytest.raises(DamagedFileError, match="it is empty"):
    read_torch_file(write(b""))
  with pytest.raises(DamagedFileError, match="not a file that"):
    read_torch_file(write(b"text"))
  with pytest.raises(UnsupportedFileError, match=r"without a pickle of tensors \(data.pkl\)"):
    read_torch_file(write(TorchWriter("zip").archive(None)))
  with pytest.raises(InputError, match="No such file"):
    read_torch_file(tmp_path / "absent.pth")
  with pytest.raises(InputError, match="not a regular file"):
    read_torch_file("/dev/null")
