"""The published files' forms, with random weights: all of them end as the same weights of ours.

The heads' form is that of the real file (LPIPS's weights/v0.1/vgg.pth); of NVIDIA's file nobody here
has seen the variables, so that two likely layouts are tried.
"""

import numpy as np
import pytest
import safetensors.numpy

from privai_tf.converters import lpips_weights
from privai_tf.converters.records import NetworkFile, NetworkRecord
from privai_tf.errors import CheckpointError


@pytest.fixture(scope="module")
def ours():
  """Weights by our names; kernels are views of one number each, VGG16 has 15 million."""
  arrays = {}
  for number, (name, inputs, outputs) in enumerate(lpips_weights.LAYERS):
    arrays[f"{name}/kernel"] = np.full((3, 3, inputs, outputs), number, np.float32)
    arrays[f"{name}/kernel"][0, 1, 2, 3] = 100 + number  # So that axes cannot be exchanged unseen.
    arrays[f"{name}/bias"] = np.arange(outputs, dtype=np.float32) + number
  for number, (name, channels) in enumerate(lpips_weights.TAPS):
    arrays[f"{name}/head"] = np.arange(channels, dtype=np.float32) * (number + 1)
  return arrays


def heads(ours, shape=(1, -1, 1, 1)):
  return {
    f"lin{i}.model.1.weight": ours[f"{name}/head"].reshape(shape)
    for i, (name, _) in enumerate(lpips_weights.TAPS)
  }


def assert_same(found, ours):
  assert set(found.arrays) == set(ours)
  for name, value in ours.items():
    np.testing.assert_array_equal(found.arrays[name], value, err_msg=name)


def pytorch(monkeypatch, network, found_heads):
  files = {"net.pth": network, "heads.pth": found_heads}
  monkeypatch.setattr(lpips_weights, "read_state_dict", lambda path, prefix="": files[path])
  return lpips_weights.from_pytorch("net.pth", "heads.pth")


def features(ours):
  """torchvision's names count all layers; kernels are [outputs, inputs, height, width]."""
  result = {}
  for name, _, _ in lpips_weights.LAYERS:
    result[f"features.{len(result)}.weight"] = ours[f"{name}/kernel"].transpose(3, 2, 0, 1)
    result[f"features.{len(result)}.bias"] = ours[f"{name}/bias"]
  return result


def test_pytorch(monkeypatch, ours):
  found = pytorch(monkeypatch, features(ours), heads(ours))
  assert found.preprocessing == "torchvision"
  assert_same(found, ours)


@pytest.mark.parametrize("kind", ["fewer", "order", "heads", "negative", "nan"])
def test_pytorch_files_of_something_else(monkeypatch, ours, kind):
  network, found_heads = features(ours), heads(ours)
  if kind == "fewer":
    network.popitem()
  elif kind == "order":
    network = dict(reversed(network.items()))
  elif kind == "heads":
    found_heads.popitem()
  elif kind == "negative":
    found_heads["lin0.model.1.weight"] = -found_heads["lin0.model.1.weight"]
  else:
    network["features.1.bias"] = network["features.1.bias"] * np.nan
  with pytest.raises(CheckpointError, match=r"(net|heads)\.pth") as caught:
    pytorch(monkeypatch, network, found_heads)
  assert "\n" not in str(caught.value)


def nvidia(monkeypatch, variables, parts=None):
  def record(name, values, components):
    arguments = {"class_name": "dnnlib.tflib.network.Network", "version": 3, "static_kwargs": {}}
    return NetworkRecord(
      name=name,
      components=components,
      build_func_name="unknown",
      module_source_sha256="",
      variables=values,
      **arguments,
    )

  components = {key: record(key, values, {}) for key, values in (parts or {}).items()}
  file = NetworkFile((record("perceptual", variables, components),), "", 0)
  monkeypatch.setattr(lpips_weights, "read_network_file", lambda path: file)
  return lpips_weights.from_nvidia("vgg16_zhang_perceptual.pkl", "caffe")


def in_tensorflow(ours, between):
  """Kernels and biases as they are; heads last, or after the layer that they belong to."""
  result, late = {}, {}
  for name, _, _ in lpips_weights.LAYERS:
    result[f"{name}/weight"] = ours[f"{name}/kernel"]
    result[f"{name}/bias"] = ours[f"{name}/bias"]
    if f"{name}/head" in ours:
      (result if between else late)[f"{name}/lin"] = ours[f"{name}/head"]
  return result, late


@pytest.mark.parametrize("between", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, -1, 1), (-1,)])
@pytest.mark.parametrize("parts", [False, True])
def test_nvidia(monkeypatch, ours, between, shape, parts):
  network, late = in_tensorflow(ours, between)
  for values in (network, late):
    values.update({k: v.reshape(shape) for k, v in values.items() if k.endswith("lin")})
  if parts:
    found = nvidia(monkeypatch, {}, {"vgg": network, "lpips": late})
  else:
    found = nvidia(monkeypatch, {**network, **late})
  assert found.preprocessing == "caffe"
  assert_same(found, ours)


def test_nvidia_file_without_heads(monkeypatch, ours):
  """Uniform heads would be no LPIPS."""
  network, _ = in_tensorflow(ours, between=False)
  with pytest.raises(CheckpointError, match="five heads"):
    nvidia(monkeypatch, network)


def test_written_file(ours, tmp_path):
  weights = lpips_weights.LpipsWeights(ours, "torchvision", ("/home/me/net.pth", "heads.pth"))
  lpips_weights.write_lpips(weights, tmp_path / "out.safetensors")
  found = safetensors.numpy.load_file(tmp_path / "out.safetensors")
  assert set(found) == set(ours)
  assert b"/home/me" not in (tmp_path / "out.safetensors").read_bytes()[:4096]
