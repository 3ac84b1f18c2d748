"""The published weights of VGG16 and of LPIPS's heads -> one file that `inversion.lpips` reads.

Two sources: LPIPS's own heads (`vgg.pth`, a few kilobytes) with torchvision's VGG16, which they were
learned on; or NVIDIA's `vgg16_zhang_perceptual.pkl`, which holds both. Layers are told by shape and
order, not by name.
"""

import dataclasses
import json
import os
from collections.abc import Iterable

import numpy as np
import safetensors.numpy

from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.restricted_pickle import read_network_file
from privai_tf.converters.torch_file import read_state_dict
from privai_tf.errors import CheckpointError
from privai_tf.runtime.files import shown, write_bytes

# VGG16's convolutions: name, inputs, outputs. Heads belong to the last of each block.
LAYERS = (
  ("block1_conv1", 3, 64),
  ("block1_conv2", 64, 64),
  ("block2_conv1", 64, 128),
  ("block2_conv2", 128, 128),
  ("block3_conv1", 128, 256),
  ("block3_conv2", 256, 256),
  ("block3_conv3", 256, 256),
  ("block4_conv1", 256, 512),
  ("block4_conv2", 512, 512),
  ("block4_conv3", 512, 512),
  ("block5_conv1", 512, 512),
  ("block5_conv2", 512, 512),
  ("block5_conv3", 512, 512),
)
# Zhang et al., 2018: conv1_2, conv2_2, conv3_3, conv4_3 and conv5_3, after their ReLU.
TAPS = (
  ("block1_conv2", 64),
  ("block2_conv2", 128),
  ("block3_conv3", 256),
  ("block4_conv3", 512),
  ("block5_conv3", 512),
)


@dataclasses.dataclass(frozen=True)
class LpipsWeights:
  """Weights by our names.

  Attributes:
    arrays: "LAYER/kernel" [3, 3, inputs, outputs], "LAYER/bias" [outputs], "TAP/head" [channels].
    preprocessing: what the network expects: "torchvision" (RGB, divided by ImageNet's deviations) or
      "caffe" (BGR on the scale 0 to 255 with ImageNet's mean subtracted).
    sources: names of the files.
  """

  arrays: dict[str, np.ndarray]
  preprocessing: str
  sources: tuple[str, ...]


def from_pytorch(network: str | os.PathLike, heads: str | os.PathLike) -> LpipsWeights:
  """LPIPS as published.

  Args:
    network: torchvision's `vgg16-*.pth`.
    heads: LPIPS's `weights/v0.1/vgg.pth`.

  Raises:
    NetworkFileError: if a file is refused, see `torch_file.read_state_dict`.
    CheckpointError: if it holds other tensors.
  """
  # Not read: the classifier, which is most of the file.
  values = list(read_state_dict(network, prefix="features.").values())
  # PyTorch's kernels are [outputs, inputs, height, width].
  values = [np.transpose(v, (2, 3, 1, 0)) if v.ndim == 4 else v for v in values]
  arrays = _network(values, network)
  arrays |= _heads(read_state_dict(heads).values(), heads)
  return LpipsWeights(arrays, "torchvision", (os.fspath(network), os.fspath(heads)))


def from_nvidia(path: str | os.PathLike, preprocessing: str = "torchvision") -> LpipsWeights:
  """NVIDIA's `vgg16_zhang_perceptual.pkl`, through the reader that executes nothing.

  Args:
    path: the pickle.
    preprocessing: what its network expects, which the file's weights do not tell.

  Raises:
    NetworkFileError: if the file is refused.
    CheckpointError: if it holds other variables.
  """
  values = list(_variables(read_network_file(path).networks[0]))
  heads = {id(value) for value in values if value.ndim == 4 and value.shape[:2] != (3, 3)}
  network = [value for value in values if id(value) not in heads and value.ndim]
  if not heads:  # Flat ones: all vectors but the thirteen that follow a kernel.
    follows = [before.ndim == 4 for before in network[:-1]]
    loose = {
      id(v) for v, near in zip(network[1:], follows, strict=True) if v.ndim == 1 and not near
    }
    heads, network = loose, [value for value in network if id(value) not in loose]
  arrays = _network(network, path)
  arrays |= _heads([value for value in values if id(value) in heads], path)
  return LpipsWeights(arrays, preprocessing, (os.fspath(path),))


def write_lpips(weights: LpipsWeights, path: str | os.PathLike) -> None:
  """Writes the `.safetensors` file that `InversionSpec.lpips_weights` takes."""
  described = {
    "format": "privai_tf lpips",
    "preprocessing": weights.preprocessing,
    "sources": [os.path.basename(source) for source in weights.sources],
  }
  write_bytes(path, safetensors.numpy.save(weights.arrays, {"privai_tf": json.dumps(described)}))


def _variables(record: NetworkRecord) -> Iterable[np.ndarray]:
  """A network's variables, then those of its parts, in the file's order."""
  yield from (np.asarray(value) for value in record.variables.values())
  for component in record.components.values():
    yield from _variables(component)


def _network(values: list[np.ndarray], path: str | os.PathLike) -> dict[str, np.ndarray]:
  """Thirteen kernels [3, 3, inputs, outputs] with a bias after each."""
  if len(values) != 2 * len(LAYERS):
    raise CheckpointError(
      f"{shown(path)} holds {len(values)} arrays where VGG16's convolutions have {2 * len(LAYERS)}; "
      "give the file of VGG16, not of another network."
    )
  arrays = {}
  for (name, inputs, outputs), kernel, bias in zip(LAYERS, values[::2], values[1::2], strict=True):
    if kernel.shape != (3, 3, inputs, outputs) or bias.size != outputs:
      raise CheckpointError(
        f"{shown(path)} has the shapes {kernel.shape} and {bias.shape} in the place of VGG16's {name}; "
        "give the file of VGG16, not of another network."
      )
    arrays[f"{name}/kernel"] = _numbers(kernel, path)
    arrays[f"{name}/bias"] = _numbers(bias.reshape(outputs), path)
  return arrays


def _heads(values: Iterable[np.ndarray], path: str | os.PathLike) -> dict[str, np.ndarray]:
  values = list(values)
  if [value.size for value in values] != [channels for _, channels in TAPS]:
    raise CheckpointError(
      f"{shown(path)} does not hold LPIPS's five heads for VGG16 of 64, 128, 256, 512 and 512 "
      "weights; give LPIPS's weights/v0.1/vgg.pth."
    )
  heads = {
    f"{tap}/head": _numbers(value.reshape(-1), path)
    for (tap, _), value in zip(TAPS, values, strict=True)
  }
  if min(head.min() for head in heads.values()) < 0:
    raise CheckpointError(f"{shown(path)} has a head with negative weights; get a fresh copy.")
  return heads


def _numbers(value: np.ndarray, path: str | os.PathLike) -> np.ndarray:
  if value.dtype.kind != "f" or not np.isfinite(value).all():
    raise CheckpointError(f"{shown(path)} holds something else than numbers; get a fresh copy.")
  return np.ascontiguousarray(value, np.float32)
