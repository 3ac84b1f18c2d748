"""Any network file that can be converted -> its networks, by what the file is and not by its name."""

import os

from converters import identify
from converters.errors import UnsupportedFileError
from converters.persistence import PersistentFile, read_persistent_file
from converters.ports.files import read_ports
from converters.records import NetworkFile
from converters.restricted_pickle import read_network_file
from privai_tf.runtime.files import shown

_NOT_YET = "its networks are read, but not converted yet; give a StyleGAN (2019) or Progressive GAN"


def read_any_file(path: str | os.PathLike) -> NetworkFile:
  """Reads a network file of any kind that is known here, without executing anything in it.

  Args:
    path: NVIDIA's pickles, and the `.pth` files of InterFaceGAN and genforce.

  Returns:
    Its networks.

  Raises:
    NetworkFileError: the file was refused, or is of another kind, said by name.
    CheckpointError: its networks do not fit.
    InputError: it cannot be opened.
  """
  kind = identify.kind_of(path)
  if kind == identify.TORCH:
    return read_ports(path)
  if kind == identify.PERSISTENT:
    return _records(read_persistent_file(path), path)
  return read_network_file(path)


def _records(file: PersistentFile, path: str | os.PathLike) -> NetworkFile:
  generations = {network.generation for network in file.networks.values()}
  name = "StyleGAN3" if "stylegan3" in generations else "StyleGAN2-ADA"
  raise UnsupportedFileError(f"{shown(path)}: it is a {name} file for PyTorch", _NOT_YET)
