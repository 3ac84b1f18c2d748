"""A PyTorch file that holds one dictionary of float32 tensors, as LPIPS and torchvision publish them."""

import os

import numpy as np

from privai_tf.converters.errors import DamagedFileError, UnsupportedFileError
from privai_tf.converters.pytorch import LazyTensor, read_torch_file
from privai_tf.runtime.files import shown


def read_state_dict(path: str | os.PathLike, prefix: str = "") -> dict[str, np.ndarray]:
  """Reads the float32 tensors of a PyTorch file that holds one dictionary of them.

  Args:
    path: the file.
    prefix: only tensors whose names start so are read; the others cost nothing.

  Returns:
    float32 arrays by name, in the file's order.

  Raises:
    UnsafePickleError: the file asks for more than tensors and plain values.
    DamagedFileError: it is truncated, contradicts itself, or holds something else.
    UnsupportedFileError: the tensors are of other numbers.
    InputError: it cannot be opened.
  """
  tensors = read_torch_file(path).content
  if not isinstance(tensors, dict) or not all(isinstance(v, LazyTensor) for v in tensors.values()):
    raise DamagedFileError(f"{shown(path)}: it does not hold one dictionary of tensors")
  if any(tensor.dtype != np.float32 for tensor in tensors.values()):
    raise UnsupportedFileError(
      f"{shown(path)}: its tensors are not all of float32 numbers", "give the published file"
    )
  return {name: tensor.array() for name, tensor in tensors.items() if str(name).startswith(prefix)}
