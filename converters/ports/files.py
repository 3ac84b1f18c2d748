"""A `.pth` file of InterFaceGAN or genforce -> the networks in it, or what else the file is."""

import os
from typing import Any

from privai_tf.converters.errors import UnsupportedFileError
from privai_tf.converters.ports import pggan, stylegan
from privai_tf.converters.ports.discriminators import LabelledError, discriminator_record
from privai_tf.converters.pytorch import LazyTensor, read_torch_file
from privai_tf.converters.records import PLACES, NetworkFile, NetworkRecord
from privai_tf.errors import CheckpointError
from privai_tf.runtime.files import shown

# By which key a state dict is told: (code base, family); the first one found counts.
_MARKS = {
  "synthesis.layer0.first_layer": ("interfacegan", "stylegan"),
  "synthesis.layer0.const": ("genforce", "stylegan"),
  "layer0.conv.weight": ("interfacegan", "pggan"),
  "input0.weight": ("genforce", "discriminator"),
  "output0.weight": ("genforce", "pggan"),
}
_PLACES = {"generator_smooth": "Gs", "generator": "G", "discriminator": "D"}
_GIVE = "give a .pth of InterFaceGAN (stylegan_ffhq.pth) or genforce (stylegan_ffhq1024.pth)"
# What other files of PyTorch hold at their top or in their first state dict.
_OTHERS = (
  ("synthesis.early_layer.const", "a StyleGAN2 of genforce", _GIVE),
  (
    "features.0.weight",
    "VGG16 of torchvision",
    "python -m privai_tf.converters.perceptual reads it",
  ),
  ("lin0.model.1.weight", "LPIPS's heads", "python -m privai_tf.converters.perceptual reads them"),
  ("g_ema", "a StyleGAN2 of rosinality's code", _GIVE),
  ("latent_avg", "an e4e or pSp encoder", "give it as --encoder"),
  ("opts", "an e4e or pSp encoder", "give it as --encoder"),
)


def read_ports(path: str | os.PathLike) -> NetworkFile:
  """Reads a file of InterFaceGAN (a lone generator) or genforce (G, D, Gs, as far as it has them).

  Args:
    path: the `.pth` file.

  Returns:
    Its networks under NVIDIA's names of variables; their numbers are read when they are used.

  Raises:
    NetworkFileError: see `converters.pytorch.read_torch_file`; or it is another file of PyTorch.
    CheckpointError: a network does not fit, naming the tensor or the layer.
  """
  file = read_torch_file(path)
  try:
    networks, refused = _networks(file.content)
  except UnsupportedFileError as error:
    error.args = (f"{shown(path)}: {error}",)
    raise
  except CheckpointError as error:
    raise CheckpointError(f"{shown(path)}: {error}") from None
  refused = {place: f"{shown(path)}: {reason}" for place, reason in refused.items()}
  places = tuple(networks) if len(networks) + len(refused) > 1 else ()
  return NetworkFile(tuple(networks.values()), file.sha256, file.size, places, refused)


def _networks(content: Any) -> tuple[dict[str, NetworkRecord], dict[str, str]]:
  """The networks by place, and why the discriminator is none of them."""
  if isinstance(content, dict) and isinstance(content.get("models"), dict):
    content = content["models"]  # of a training checkpoint
  if not isinstance(content, dict) or not content:
    raise UnsupportedFileError("it is a PyTorch file without networks", _GIVE)
  dicts = {name: content[name] for name in _PLACES if name in content}
  if not dicts:
    return {"Gs": _network(content, "generator", 0)}, {}
  networks, refused, labels = {}, {}, 0
  for name, tensors in sorted(dicts.items(), key=lambda item: item[0] == "discriminator"):
    try:
      networks[_PLACES[name]] = record = _network(tensors, name, labels)
      labels = max(labels, record.static_kwargs["label_size"])
    except CheckpointError as error:
      if not networks or isinstance(error, LabelledError):
        raise
      refused[_PLACES[name]] = str(error)
  return {place: networks[place] for place in PLACES if place in networks}, refused


def _network(tensors: Any, name: str, labels: int) -> NetworkRecord:
  if not isinstance(tensors, dict):
    raise UnsupportedFileError(f"its {name} is no state dict", _GIVE)
  for key, what, remedy in _OTHERS:
    if key in tensors:
      raise UnsupportedFileError(f"it is a PyTorch file of another kind: {what}", remedy)
  known = next((kind for key, kind in _MARKS.items() if key in tensors), None)
  if known is None:
    raise UnsupportedFileError("it is a PyTorch file of networks that are not known here", _GIVE)
  if not all(type(k) is str and isinstance(v, LazyTensor) for k, v in tensors.items()):
    raise UnsupportedFileError(f"its {name} holds something else than tensors by name", _GIVE)
  base, family = known
  if family == "discriminator":
    return discriminator_record(tensors, name, labels)
  return {"stylegan": stylegan, "pggan": pggan}[family].generator_record(tensors, base, name)
