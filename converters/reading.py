"""Any network file that can be converted -> its networks, by what the file is and not by its name."""

import os

from converters import identify
from converters.encoder_files import is_encoder_content, read_encoder_file
from converters.errors import UnsupportedFileError
from converters.persistence import PersistentFile, read_persistent_file
from converters.ports.files import read_ports
from converters.pytorch import read_torch_file
from converters.records import NetworkFile
from converters.restricted_pickle import read_network_file
from converters.stylegan2_rosinality import decoder_record
from converters.stylegan2_torch import network_record
from privai_tf.runtime.files import shown

_NOT_YET = (
  "its networks are read, but not converted yet; give a StyleGAN2, StyleGAN or Progressive GAN file"
)


def read_any_file(path: str | os.PathLike) -> NetworkFile:
  """Reads a network file of any kind that is known here, without executing anything in it.

  Args:
    path: NVIDIA's pickles, for TensorFlow or PyTorch, the `.pth` files of InterFaceGAN and genforce, and
      e4e and pSp checkpoints, whose network is the decoder.

  Returns:
    Its networks.

  Raises:
    NetworkFileError: the file was refused, or is of another kind, said by name.
    CheckpointError: its networks do not fit.
    InputError: it cannot be opened.
  """
  kind = identify.kind_of(path)
  if kind == identify.TORCH:
    if is_encoder_content(read_torch_file(path).content):
      return _decoder(path)
    return read_ports(path)
  if kind == identify.PERSISTENT:
    return _records(read_persistent_file(path), path)
  return read_network_file(path)


def _decoder(path: str | os.PathLike) -> NetworkFile:
  encoder = read_encoder_file(path)
  with encoder.file.source.naming():
    record = decoder_record(encoder)
  return NetworkFile((record,), encoder.file.sha256, encoder.file.size, encoder=encoder)


def _records(file: PersistentFile, path: str | os.PathLike) -> NetworkFile:
  if any(network.generation == "stylegan3" for network in file.networks.values()):
    raise UnsupportedFileError(f"{shown(path)}: it is a StyleGAN3 file for PyTorch", _NOT_YET)
  records = {
    "Gs" if key == "G_ema" else key: network_record(
      key,
      network.class_name,
      network.attributes,
      network.tensors,
      source_sha256=network.module_source_sha256,
      source_length=network.module_source_length,
    )
    for key, network in file.networks.items()
  }
  return NetworkFile(tuple(records.values()), file.sha256, file.size, tuple(records))
