"""The form of a conversion table: which official variable becomes which of ours, and how it is laid out."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from privai_tf.converters.records import NetworkRecord
from privai_tf.errors import CheckpointError
from privai_tf.generators.network_config import NetworkConfig

Transform = Callable[[np.ndarray], np.ndarray]


def same(value: np.ndarray) -> np.ndarray:
  """Layouts agree.

  Args:
    value: of any shape; returned as it is.
  """
  return value


def channels_last(value: np.ndarray) -> np.ndarray:
  """[N, C, H, W] -> [N, H, W, C].

  Args:
    value: pictures or maps, four axes.
  """
  return np.transpose(value, (0, 2, 3, 1))


def swap_inputs_outputs(value: np.ndarray) -> np.ndarray:
  """[k, k, outputs, inputs] -> [k, k, inputs, outputs].

  Args:
    value: the kernel of a convolution.
  """
  return np.transpose(value, (0, 1, 3, 2))


def dense_to_channels_last(value: np.ndarray) -> np.ndarray:
  """[inputs, C * 4 * 4] -> [inputs, 4 * 4 * C].

  Args:
    value: the weight of a dense layer that makes a 4 x 4 map.
  """
  inputs, outputs = value.shape
  # Officially the map is NCHW, a channel's 16 places together; ours is NHWC, a place's channels.
  return value.reshape(inputs, outputs // 16, 16).transpose(0, 2, 1).reshape(inputs, outputs)


def dense_from_channels_last(value: np.ndarray) -> np.ndarray:
  """[C * 4 * 4, outputs] -> [4 * 4 * C, outputs].

  Args:
    value: the weight of a dense layer that takes a 4 x 4 map.
  """
  return dense_to_channels_last(value.T).T


@dataclasses.dataclass(frozen=True)
class Row:
  """One variable.

  Attributes:
    official: its official name.
    ours: our name; None: read and checked, but not needed (the level of detail, for example).
    shape: its official shape.
    transform: from the official layout to ours.
  """

  official: str
  ours: str | None
  shape: tuple[int, ...]
  transform: Transform = same


def rgb_rows(config: NetworkConfig, resolution: int, layer: str) -> Iterator[Row]:
  """The layer between features and colours at one resolution; both families have the same.

  Args:
    config: the network's.
    resolution: of the layer.
    layer: "ToRGB" of a generator or "FromRGB" of a discriminator.
  """
  # Officially counted down from the full resolution.
  lod = (config.resolution // resolution).bit_length() - 1
  colours, features = config.num_channels, config.channels(resolution)
  inputs, outputs = (features, colours) if layer == "ToRGB" else (colours, features)
  network = "synthesis" if layer == "ToRGB" else "discriminator"
  ours = f"{network}/{layer.lower()}_{resolution}x{resolution}"
  yield Row(f"{layer}_lod{lod}/weight", f"{ours}/weight", (1, 1, inputs, outputs))
  yield Row(f"{layer}_lod{lod}/bias", f"{ours}/bias", (outputs,))


def progressive_discriminator_rows(
  config: NetworkConfig, down: Callable[[int], str], extra: int, outputs: int
) -> Iterator[Row]:
  """The variables of a discriminator that grew with its resolution: PGGAN's, and StyleGAN's, built alike.

  Args:
    config: the network's.
    down: the official name of the layer that halves a resolution.
    extra: maps of the minibatch's deviation, 0 or more.
    outputs: numbers for each image, 1 or more.
  """
  yield Row("lod", None, ())
  for resolution in config.resolutions:
    channels, lower = config.channels(resolution), config.channels(resolution // 2)
    size = f"{resolution}x{resolution}"
    ours = f"discriminator/{size}"
    yield from rgb_rows(config, resolution, "FromRGB")
    if resolution > 4:
      halving = (down(resolution), lower)
      for layer, (official, width) in (("conv0", ("Conv0", channels)), ("conv1", halving)):
        shape = (3, 3, channels, width)
        yield Row(f"{size}/{official}/weight", f"{ours}/{layer}/weight", shape)
        yield Row(f"{size}/{official}/bias", f"{ours}/{layer}/bias", shape[3:])
      continue
    yield Row("4x4/Conv/weight", f"{ours}/conv/weight", (3, 3, channels + extra, channels))
    yield Row("4x4/Conv/bias", f"{ours}/conv/bias", (channels,))
    flat = (16 * channels, lower)
    yield Row("4x4/Dense0/weight", f"{ours}/dense0/weight", flat, dense_from_channels_last)
    yield Row("4x4/Dense0/bias", f"{ours}/dense0/bias", flat[1:])
    yield Row("4x4/Dense1/weight", f"{ours}/dense1/weight", (lower, outputs))
    yield Row("4x4/Dense1/bias", f"{ours}/dense1/bias", (outputs,))


def convert_variables(record: NetworkRecord, rows: Iterable[Row], path: str) -> dict[str, Any]:
  """Converts one network's own variables, and refuses any that is missing, surplus or misshapen.

  Args:
    record: the network.
    rows: its table.
    path: of the network, for messages, e.g. "Gs/G_mapping".

  Returns:
    float32 arrays by our names.

  Raises:
    CheckpointError: naming every variable that does not fit.
  """
  rows = list(rows)
  expected = {row.official for row in rows}
  missing = [name for name in expected if name not in record.variables]
  surplus = [name for name in record.variables if name not in expected]
  problems = [f"missing {path}/{name}" for name in sorted(missing)]
  problems += [f"surplus {path}/{name}" for name in sorted(surplus)]
  converted = {}
  for row in rows:
    if row.official in missing:
      continue
    value = record.variables[row.official]
    if np.shape(value) != row.shape:  # before lazy ones are read
      problems.append(f"misshapen {path}/{row.official}: {np.shape(value)}, not {row.shape}")
      continue
    value = np.asarray(value)
    if value.dtype.kind != "f":
      problems.append(f"{path}/{row.official} holds {value.dtype}, not floating-point numbers")
    elif not np.isfinite(value).all():
      problems.append(f"{path}/{row.official} holds NaN or infinity")
    elif row.ours is not None:
      converted[row.ours] = np.asarray(row.transform(value), np.float32, order="C")
  if problems:
    shown = "; ".join(problems[:8]) + (f"; and {len(problems) - 8} more" if problems[8:] else "")
    raise CheckpointError(
      f"The variables of network {path} do not fit its configuration: {shown}. "
      "The file is damaged or was changed; download it again."
    )
  return converted


def level_of_detail(record: NetworkRecord) -> float:
  """The network's `lod`; 0 where it is missing or no number, which the table then reports."""
  value = np.asarray(record.variables.get("lod", 0.0))
  return float(value) if value.shape == () and value.dtype.kind == "f" else 0.0


def convert_with_colours(
  record: NetworkRecord, rows: Iterable[Row], path: str, lod: float
) -> tuple[dict[str, Any], tuple[str, ...]]:
  """As `convert_variables`, but the colour layers below the full resolution may be missing.

  Officially a network of `structure="fixed"` is built without them; at lod 0 none is ever used.

  Args:
    record: a generator's synthesis, a discriminator, or a classifier of its architecture.
    rows: its table.
    path: of the network, for messages.
    lod: the level of detail that it runs at.

  Returns:
    Arrays by our names, and the names of those that are zeros because the file has none.
  """
  rows = list(rows)
  lower = [
    row
    for row in rows
    if re.match(r"(From|To)RGB_lod(?!0/)", row.official) and row.ours is not None
  ]
  if lod != 0 or any(row.official in record.variables for row in lower):
    lower = []
  weights = convert_variables(record, [row for row in rows if row not in lower], path)
  weights |= {row.ours: np.zeros(row.shape, np.float32) for row in lower}
  return weights, tuple(row.ours for row in lower)
