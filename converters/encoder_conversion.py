"""The encoder of an e4e or pSp checkpoint -> the folder beside the checkpoint that its decoder became."""

import os

import numpy as np

from privai_tf import __version__
from privai_tf.converters.encoder_files import EncoderFile
from privai_tf.converters.ir_se import convert_encoder
from privai_tf.errors import CheckpointError
from privai_tf.generators.fingerprints import fingerprint
from privai_tf.inversion.encoder_storage import StoredEncoder, read_encoder, save_encoder
from privai_tf.runtime.files import shown

FOLDER = "encoder"


def write_encoder(
  file: EncoderFile, source: str, decoder: dict[str, np.ndarray], folder: str | os.PathLike
) -> None:
  """Converts and writes an encoder, bound to its decoder, and reads it back.

  Args:
    file: the checkpoint.
    source: its name, for the provenance.
    decoder: the converted decoder's weights.
    folder: to write.

  Raises:
    CheckpointError: if a tensor does not fit (it is named), or the disk did not keep what was written.
    OutputError: if the folder cannot be written.
  """
  config, weights = convert_encoder(file)
  provenance = {
    "source": source,
    "source_sha256": file.file.sha256,
    "encoder_type": file.opts["encoder_type"],
    "converted_by": f"privai_tf {__version__}",
  }
  save_encoder(folder, StoredEncoder(config, weights, fingerprint(decoder), provenance))
  written = read_encoder(folder)
  if written.config != config or not _same(written.weights, weights):
    raise CheckpointError(
      f"{shown(folder)} does not hold what was converted; the disk may be faulty: convert again to "
      "another place."
    )


def _same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
  return set(first) == set(second) and all(
    np.array_equal(first[name], value) for name, value in second.items()
  )
