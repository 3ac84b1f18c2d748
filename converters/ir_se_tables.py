"""Which tensor of an e4e or pSp encoder becomes which weight of ours."""

from collections.abc import Iterator

import numpy as np

from privai_tf.converters.tables import Row, same
from privai_tf.inversion.ir_se.config import IRSEConfig
from privai_tf.inversion.ir_se.layout import COARSE, MIDDLE, convolutions, linear_name, units

_PARTS = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}


def _kernel(value: np.ndarray) -> np.ndarray:
  """[outputs, inputs, k, k] -> [k, k, inputs, outputs]."""
  return np.transpose(value, (2, 3, 1, 0))


def _dense(value: np.ndarray) -> np.ndarray:
  """[outputs, inputs, 1, 1] -> [inputs, outputs]."""
  return value[:, :, 0, 0].T


def _equalized(value: np.ndarray) -> np.ndarray:
  """[outputs, inputs] -> [inputs, outputs], with the factor that is officially applied at run time."""
  return value.T / np.sqrt(value.shape[1])


def convolutional_rows(config: IRSEConfig) -> Iterator[Row]:
  """Everything but batch normalization."""
  first = config.channels[0]
  yield Row("input_layer.0.weight", "input/kernel", (first, 3, 3, 3), _kernel)
  yield Row("input_layer.2.weight", "input_slope/slope", (first,), same)
  for number, before, after, squeezed, _ in units(config):
    theirs, ours = f"body.{number}.res_layer", f"unit{number}"
    yield Row(f"{theirs}.1.weight", f"{ours}_conv1/kernel", (after, before, 3, 3), _kernel)
    yield Row(f"{theirs}.2.weight", f"{ours}_slope/slope", (after,))
    yield Row(f"{theirs}.3.weight", f"{ours}_conv2/kernel", (after, after, 3, 3), _kernel)
    shape = (squeezed, after, 1, 1)
    yield Row(f"{theirs}.5.fc1.weight", f"{ours}_squeeze/kernel", shape, _dense)
    shape = (after, squeezed, 1, 1)
    yield Row(f"{theirs}.5.fc2.weight", f"{ours}_excite/kernel", shape, _dense)
    if before != after:
      shape = (after, before, 1, 1)
      name = f"body.{number}.shortcut_layer.0.weight"
      yield Row(name, f"{ours}_shortcut/kernel", shape, _kernel)
  last = config.channels[3]
  for index, inputs, heads in ((1, config.channels[2], COARSE), (2, config.channels[1], MIDDLE)):
    # A small StyleGAN2 has no head that looks at the finer maps.
    ours = (
      (f"lateral{index}/kernel", f"lateral{index}/bias") if config.heads > heads else (None,) * 2
    )
    yield Row(f"latlayer{index}.weight", ours[0], (last, inputs, 1, 1), _kernel)
    yield Row(f"latlayer{index}.bias", ours[1], (last,))
  for number in range(config.heads):
    yield from _head_rows(config, number)


def _head_rows(config: IRSEConfig, number: int) -> Iterator[Row]:
  inputs, width = config.channels[3], config.width
  for index in range(convolutions(number)):
    theirs, ours = f"styles.{number}.convs.{2 * index}", f"head{number}_conv{index}"
    yield Row(f"{theirs}.weight", f"{ours}/kernel", (width, inputs, 3, 3), _kernel)
    yield Row(f"{theirs}.bias", f"{ours}/bias", (width,))
    inputs = width
  theirs, ours = f"styles.{number}.linear", linear_name(number)
  yield Row(f"{theirs}.weight", f"{ours}/kernel", (width, width), _equalized)
  yield Row(f"{theirs}.bias", f"{ours}/bias", (width,))


def normalization_rows(config: IRSEConfig) -> Iterator[Row]:
  """Batch normalizations, as `NAME/norm/...` of the layer that they go into."""
  yield from _normalization("input_layer.1", "input", config.channels[0])
  for number, before, after, _, _ in units(config):
    yield from _normalization(f"body.{number}.res_layer.0", f"unit{number}_scale", before)
    yield from _normalization(f"body.{number}.res_layer.4", f"unit{number}_conv2", after)
    if before != after:
      theirs = f"body.{number}.shortcut_layer.1"
      yield from _normalization(theirs, f"unit{number}_shortcut", after)


def _normalization(theirs: str, ours: str, channels: int) -> Iterator[Row]:
  for part, name in _PARTS.items():
    yield Row(f"{theirs}.{part}", f"{ours}/norm/{name}", (channels,))
