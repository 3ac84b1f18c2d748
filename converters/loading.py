"""Files of others as what our loaders take; named in `privai_tf/__init__.py`."""

from pathlib import Path

from privai_tf.converters.convert import convert_network
from privai_tf.converters.download import check_recorded
from privai_tf.converters.encoder_files import read_encoder_file
from privai_tf.converters.ir_se import convert_encoder
from privai_tf.converters.reading import read_any_file
from privai_tf.converters.restricted_pickle import read_network_file
from privai_tf.errors import CheckpointError
from privai_tf.generators.checkpoint import Checkpoint
from privai_tf.inversion.encoder_storage import StoredEncoder
from privai_tf.runtime.files import shown


def foreign_network(path: Path, network: str) -> Checkpoint:
  """A generator or discriminator of a file.

  Args:
    path: of any kind that `converters` reads.
    network: which, e.g. "Gs".

  Raises:
    CheckpointError: if it cannot be read, or has no such network.
  """
  file = read_any_file(path)
  check_recorded(path, file.sha256)
  record = file.network(network)
  converted = convert_network(record)
  provenance = {"source": path.name, "source_sha256": file.sha256, "network": record.name}
  return Checkpoint(converted.config, converted.weights, provenance)


def foreign_classifier(path: Path) -> Checkpoint:
  """The one network of a file of NVIDIA's attribute classifiers.

  Raises:
    CheckpointError: if it cannot be read, or holds the networks of a generator.
  """
  file = read_network_file(path)
  check_recorded(path, file.sha256)
  if len(file.networks) != 1:
    raise CheckpointError(
      f"{shown(path)} holds the networks of a generator (G, D, Gs), not an attribute classifier; its "
      "discriminator tells real from generated, and nothing of attributes."
    )
  converted = convert_network(file.networks[0])
  provenance = {"source": path.name, "source_sha256": file.sha256}
  return Checkpoint(converted.config, converted.weights, provenance)


def foreign_encoder(path: Path) -> StoredEncoder:
  """The encoder of an e4e or pSp file; it belongs to no generator in particular.

  Raises:
    CheckpointError: if it cannot be read.
  """
  file = read_encoder_file(path)
  config, weights = convert_encoder(file)
  provenance = {"source": path.name, "source_sha256": file.file.sha256}
  return StoredEncoder(config, weights, "", provenance)
