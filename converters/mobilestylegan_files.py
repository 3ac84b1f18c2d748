"""A folder with MobileStyleGAN's four IR files -> a checkpoint of ours."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf import __version__
from privai_tf.converters.conversion import require_free
from privai_tf.converters.download import file_digest
from privai_tf.converters.mobilestylegan import convert_graphs
from privai_tf.converters.mobilestylegan_published import PUBLISHED, TERMS
from privai_tf.converters.openvino_ir import read_ir
from privai_tf.errors import CheckpointError
from privai_tf.generators.checkpoint import read_checkpoint, save_checkpoint
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.normalization import EPSILON
from privai_tf.runtime.files import make_folder, output_error, shown
from privai_tf.runtime.folders import temporary_folder

_MEAN_SAMPLES, _MEAN_SEED, _BATCH = 65_536, 12_345, 4096


def convert_folder(
  source: str | os.PathLike, output_dir: str | os.PathLike
) -> tuple[MobileStyleGANConfig, bool]:
  """Converts the two networks; the output folder appears complete or not at all.

  Args:
    source: holds the four files of `PUBLISHED`.
    output_dir: created; it must not exist, or be empty.

  Returns:
    The configuration, and whether the files are the published ones (else unverified: somebody's own
    training).

  Raises:
    PrivaiError: a file was refused, or the folder cannot be written.
  """
  source, target = Path(source), Path(output_dir)
  require_free(target)
  config, weights, digests = read_folder(source)
  weights["mapping/w/mean"] = mean_latent(config, weights)
  verified = digests == PUBLISHED
  try:
    with temporary_folder(make_folder(target.absolute().parent)) as folder:
      save_checkpoint(folder, config, weights, _provenance(digests, verified))
      written = read_checkpoint(folder).weights
      if any(not np.array_equal(written[name], value) for name, value in weights.items()):
        raise CheckpointError(
          f"{shown(target)} does not hold what was converted; the disk may be faulty: convert again "
          "to another place."
        )
      os.replace(folder, target)
  except OSError as error:
    raise output_error(target, error) from error
  return config, verified


def read_folder(
  source: Path,
) -> tuple[MobileStyleGANConfig, dict[str, np.ndarray], dict[str, str]]:
  """The two networks as one of ours, in memory, but for the mean of w.

  Args:
    source: holds the four files of `PUBLISHED`.

  Returns:
    The configuration, the weights, and the SHA-256 (hex) of each file.

  Raises:
    PrivaiError: a file was refused.
  """
  digests = {name: file_digest(source / name) for name in PUBLISHED}
  graphs = [
    read_ir(source / f"{name}Network.xml", source / f"{name}Network.bin")
    for name in ("Mapping", "Synthesis")
  ]
  try:
    return *convert_graphs(*graphs), digests
  except CheckpointError as error:
    error.args = (f"{shown(source)}: {error}",)
    raise


def mean_latent(config: MobileStyleGANConfig, weights: dict[str, np.ndarray]) -> np.ndarray:
  """The mean of w, which no file holds: of 65,536 samples of RandomState(12345).

  In float64, so that every machine rounds it to the same numbers: a checkpoint's fingerprint, by which
  boundaries know it, depends on them.

  Args:
    config: of the generator.
    weights: by our names; those of the mapping network are used.

  Returns:
    float32 [dlatent_size].
  """
  layers = [
    [weights[f"mapping/dense{index}/{name}"].astype(np.float64) for name in ("weight", "bias")]
    for index in range(config.mapping_layers)
  ]
  z = np.random.RandomState(_MEAN_SEED).standard_normal((_MEAN_SAMPLES, config.latent_size))
  z = z.astype(np.float32)
  total = np.zeros(config.dlatent_size)
  for start in range(0, _MEAN_SAMPLES, _BATCH):
    x = z[start : start + _BATCH].astype(np.float64)
    x /= np.sqrt(np.mean(np.square(x), axis=1, keepdims=True) + EPSILON)
    for weight, bias in layers:
      x = x @ weight + bias
      x = np.maximum(x, 0.2 * x)
    total += x.sum(axis=0)
  return (total / _MEAN_SAMPLES).astype(np.float32)


def _provenance(digests: dict[str, str], verified: bool) -> dict[str, Any]:
  known = "random-face 2021.7.21.1" if verified else "unverified: not the published files"
  return {
    "source": known,
    "source_sha256": digests,
    "mean_latent": f"{_MEAN_SAMPLES} samples of RandomState({_MEAN_SEED})",
    "licence": TERMS if verified else "Ask whoever trained it.",
    "converted_by": f"privai_tf {__version__}",
  }
