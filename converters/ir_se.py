"""The encoder of an e4e or pSp checkpoint -> our configuration and weights, in inference form."""

import numpy as np

from privai_tf.converters.encoder_files import EncoderFile
from privai_tf.converters.errors import NetworkFileError
from privai_tf.converters.ir_se_tables import convolutional_rows, normalization_rows
from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.stylegan2 import length
from privai_tf.converters.tables import convert_variables
from privai_tf.errors import CheckpointError
from privai_tf.inversion.ir_se.config import UNITS, IRSEConfig
from privai_tf.inversion.ir_se.layout import MEAN

_EPSILON = 1e-5  # PyTorch's; Keras's would be 1e-3.
_FIRST_UNITS = tuple(int(n) for n in np.cumsum((0, *UNITS[:-1])))


def convert_encoder(file: EncoderFile) -> tuple[IRSEConfig, dict[str, np.ndarray]]:
  """Converts the encoder; batch normalization goes into the convolutions where it can.

  Args:
    file: as `encoder_files.read_encoder_file` gives it.

  Returns:
    The configuration, of W+ with a row for each head, and float32 arrays by our names.

  Raises:
    NetworkFileError: if a tensor is missing, surplus, misshapen or not finite (it is named).
  """
  # How many batches there were in training.
  counted = tuple(name for name in file.encoder if name.endswith(".num_batches_tracked"))
  tensors = {name: value for name, value in file.encoder.items() if name not in counted}
  record = NetworkRecord(
    class_name="encoder",
    version=0,
    name="encoder",
    static_kwargs={},
    components={},
    build_func_name=file.kind,
    module_source_sha256="",
    variables=tensors,
    dropped=counted,
  )
  with file.file.source.naming():
    try:
      config = _config(file, record)
      rows = [*convolutional_rows(config), *normalization_rows(config)]
      weights = convert_variables(record, rows, record.name)
      _fold(weights)
      weights[f"{MEAN}/mean"] = _mean(file, config)
    except NetworkFileError:
      raise
    except CheckpointError as error:
      raise NetworkFileError(str(error)) from None
  return config, weights


def _config(file: EncoderFile, record: NetworkRecord) -> IRSEConfig:
  width = length(record, "styles.0.linear.weight", 0)
  firsts = [f"body.{number}.res_layer." for number in _FIRST_UNITS]
  return IRSEConfig(
    file.kind,
    file.resolution,
    "W+",
    (file.styles, width),
    file.styles,
    tuple(length(record, f"{first}1.weight", 0) for first in firsts),
    tuple(length(record, f"{first}5.fc1.weight", 0) for first in firsts),
  )


def _fold(weights: dict[str, np.ndarray]) -> None:
  """Replaces batch normalizations (`NAME/norm/...`): by a factor and a summand, or within `NAME`."""
  for name in [
    name.removesuffix("/norm/gamma") for name in weights if name.endswith("/norm/gamma")
  ]:
    gamma, beta, mean, variance = (
      weights.pop(f"{name}/norm/{part}").astype(np.float64)
      for part in ("gamma", "beta", "mean", "variance")
    )
    if (variance < 0).any():
      raise CheckpointError(
        f"The batch normalization before or after {name} has a negative variance; the file is damaged "
        "or was changed: download it again."
      )
    factor = gamma / np.sqrt(variance + _EPSILON)
    summand = beta - mean * factor
    if f"{name}/kernel" in weights:
      weights[f"{name}/kernel"] = (weights[f"{name}/kernel"] * factor).astype(np.float32)
      weights[f"{name}/bias"] = summand.astype(np.float32)
    else:
      weights[f"{name}/factor"] = factor.astype(np.float32)
      weights[f"{name}/summand"] = summand.astype(np.float32)


def _mean(file: EncoderFile, config: IRSEConfig) -> np.ndarray:
  if file.latent_avg is None:
    return np.zeros(config.code_shape, np.float32)
  if file.latent_avg.shape[-1] != config.width:
    raise CheckpointError(
      f"Its latent_avg has codes of {file.latent_avg.shape[-1]} numbers, its encoder of {config.width}; "
      "the file is damaged or was changed: download it again."
    )
  mean = np.asarray(file.latent_avg)
  if mean.dtype.kind != "f" or not np.isfinite(mean).all():
    raise CheckpointError(
      "Its latent_avg holds something else than finite numbers; the file is damaged or was changed: "
      "download it again."
    )
  return np.array(np.broadcast_to(mean, config.code_shape), np.float32)
