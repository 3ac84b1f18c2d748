"""What the key tables of all ports share: counting layers, constants, fused layers."""

import re

import numpy as np

from privai_tf.converters.pytorch import LazyTensor
from privai_tf.errors import CheckpointError

_BLUR = np.outer([1.0, 2.0, 1.0], [1.0, 2.0, 1.0]) / 16.0
_MAX_BLOCKS = 11  # up to 4096 x 4096


def numbered(tensors: dict[str, LazyTensor], prefix: str, name: str) -> int:
  """How many `PREFIX0.`, `PREFIX1.`, ... there are.

  Raises:
    CheckpointError: none, or one is left out.
  """
  pattern = re.compile(re.escape(prefix) + r"(\d{1,3})\.")
  found = {int(match[1]) for key in tensors if (match := pattern.match(key))}
  if not found or found != set(range(len(found))):
    listed = ", ".join(map(str, sorted(found))) or "none"
    raise CheckpointError(
      f"The layers {prefix}N of {name} are {listed}; the file is damaged or was changed; download it "
      "again."
    )
  return len(found)


def blocks_of(layers: int, name: str) -> int:
  """Resolutions of a generator with so many layers, two each.

  Args:
    layers: how many, at least 1.
    name: of the network, for messages.

  Raises:
    CheckpointError: no network has so many.
  """
  if layers % 2 or layers > 2 * _MAX_BLOCKS:
    raise CheckpointError(
      f"{name} has {layers} layers; a generator has two for each resolution from 4 x 4 to 4096 x 4096 "
      "at most: the file is damaged or was changed."
    )
  return layers // 2


def check_blurs(tensors: dict[str, LazyTensor], keys: list[str], name: str) -> list[str]:
  """Those of the filters that the file has, each checked to be the 1-2-1 that our layers use.

  Raises:
    CheckpointError: another filter.
  """
  present = [key for key in keys if key in tensors]
  for key in present:
    tensor = tensors[key]
    plain = tensor.shape == (tensor.shape[0] if tensor.ndim else 0, 1, 3, 3)
    if not plain or not np.allclose(tensor.array(), _BLUR, atol=1e-6):
      raise CheckpointError(
        f"The filter {key} of {name} is not the one of StyleGAN (1, 2, 1); this network cannot be "
        "converted."
      )
  return present


def fused_scale(fused: dict[int, bool], default: bool | str, name: str) -> bool | str:
  """The setting under which exactly these scaling layers are fused.

  Args:
    fused: by resolution, as far as the file tells.
    default: preferred where the file does not tell.
    name: of the network, for messages.

  Raises:
    CheckpointError: there is none.
  """
  for setting in (default, "auto", False, True):
    if all(flag == (r >= 128 if setting == "auto" else setting) for r, flag in fused.items()):
      return setting
  layers = ", ".join(f"{r}x{r}" for r, flag in fused.items() if flag)
  raise CheckpointError(
    f"{name} has fused layers at {layers} only; this mixture cannot be converted."
  )
