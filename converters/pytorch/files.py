"""The door: a `.pth` or `.pt` file -> plain values and lazy tensors."""

import dataclasses
import os
from typing import Any

from privai_tf.converters.errors import DamagedFileError
from privai_tf.converters.pytorch import archive, stream
from privai_tf.converters.pytorch.source import OfSource, Source
from privai_tf.converters.pytorch.trees import Trees


@dataclasses.dataclass(frozen=True, eq=False)
class TorchFile(OfSource):
  """What a file that `torch.save` wrote holds.

  Attributes:
    content: a tree of None, bool, int, float, str, bytes, lists, tuples and dictionaries (also for
      ordered ones and for argparse's namespaces), with a `LazyTensor` for each tensor or parameter.
    source: the open file, which the lazy tensors read from.
  """

  content: Any
  source: Source


def read_torch_file(path: str | os.PathLike) -> TorchFile:
  """Reads a file of `torch.save` without PyTorch and without executing anything in it.

  Both containers: the zip archive of PyTorch 1.6 and later, and the older stream. Only the pickle
  is read, at most 16 MB; the numbers of a tensor stay in the file until `np.asarray(tensor)`.

  Args:
    path: the file.

  Raises:
    UnsafePickleError: it asks for more than tensors, numbers, texts and containers of them.
    DamagedFileError: it breaks off, contradicts itself, or is not of `torch.save`.
    UnsupportedFileError: it is another kind of archive.
    InputError: it cannot be opened.
  """
  source = Source(path)
  with source.naming():
    head = source.read(0, min(len(stream.START), source.size))
    if head.startswith(archive.START):
      value = archive.read_archive(source)
    elif head.startswith(b"\x80"):
      value = stream.read_stream(source)
    elif not head:
      raise DamagedFileError("it is empty")
    else:
      raise DamagedFileError("it is not a file that torch.save wrote")
    return TorchFile(Trees(source.size).plain(value), source)
