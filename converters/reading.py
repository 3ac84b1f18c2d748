"""Any network file that can be converted -> its networks, by what the file is and not by its name."""

import os

from privai_tf.converters import identify, stylegan2_torch, stylegan3
from privai_tf.converters.encoder_files import is_encoder_content, read_encoder_file
from privai_tf.converters.persistence import PersistentFile, read_persistent_file
from privai_tf.converters.ports.files import read_ports
from privai_tf.converters.pytorch import read_torch_file
from privai_tf.converters.records import NetworkFile
from privai_tf.converters.restricted_pickle import read_network_file
from privai_tf.converters.stylegan2_rosinality import decoder_record


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
    return _records(read_persistent_file(path))
  return read_network_file(path)


def _decoder(path: str | os.PathLike) -> NetworkFile:
  encoder = read_encoder_file(path)
  with encoder.file.source.naming():
    record = decoder_record(encoder)
  return NetworkFile((record,), encoder.file.sha256, encoder.file.size, encoder=encoder)


def _records(file: PersistentFile) -> NetworkFile:
  records = {}
  for key, network in file.networks.items():
    record_of = stylegan3 if network.generation == "stylegan3" else stylegan2_torch
    records["Gs" if key == "G_ema" else key] = record_of.network_record(
      key,
      network.class_name,
      network.attributes,
      network.tensors,
      source_sha256=network.module_source_sha256,
      source_length=network.module_source_length,
    )
  return NetworkFile(tuple(records.values()), file.sha256, file.size, tuple(records))
