"""The encoder of e4e and pSp at full width, one picture at a time, against its unfused form, in turn.

  python -m benchmarks.ir_se

Random weights (they serve as well as trained ones). The unfused form normalizes after every
convolution and computes PReLU of Keras's operations, as the original code's layers do; both make the
same codes, which is checked.
"""

import statistics
import time

from absl import app, flags

_RESOLUTION = flags.DEFINE_integer("resolution", 1024, "Of the pictures.")
_SPACE = flags.DEFINE_enum("latent_space", "W+", ["W", "W+"], "Of the codes.")
_REPEATS = flags.DEFINE_integer("repeats", 8, "Timed runs of each form.", lower_bound=1)


def main(arguments: list[str]) -> None:
  del arguments
  from unittest import mock

  import keras
  import numpy as np

  from privai_tf.inversion.encoder import Encoder
  from privai_tf.inversion.ir_se import backbone
  from privai_tf.inversion.ir_se.config import IRSEConfig
  from privai_tf.inversion.ir_se.network import build_network

  random = np.random.default_rng(0)
  config = IRSEConfig("e4e", _RESOLUTION.value, "W+", (18, 512), 18).in_space(_SPACE.value, 18)
  plain_convolution = backbone.convolution

  def normalized(x, channels, name, **options):
    """The convolution, and after it what is folded into it otherwise."""
    biased = options.pop("bias", True)
    x = plain_convolution(x, channels, name, bias=False, **options)
    normalization = keras.layers.BatchNormalization(epsilon=1e-5, name=f"{name}_norm")
    return normalization(x) if biased else x

  fused = build_network(config)
  with (
    mock.patch.object(backbone, "convolution", normalized),
    mock.patch.object(backbone, "Slope", _prelu),
    mock.patch.object(backbone, "Scale", _normalization),
  ):
    unfused = build_network(config)
  for layer in fused.layers:
    other = unfused.get_layer(layer.name) if layer.weights else None
    for variable in layer.weights:
      scale = (2 / np.prod(variable.shape[:-1])) ** 0.5 if variable.ndim > 1 else 0.1
      variable.assign(random.standard_normal(variable.shape, np.float32) * np.float32(scale))
    if layer.name.endswith("_scale"):
      other.set_weights([*map(np.asarray, layer.weights), *_neutral(layer.weights[0].shape)])
    elif layer.name.endswith("_slope"):
      other.set_weights([np.asarray(layer.weights[0])[None, None]])
    elif layer.weights and len(other.weights) < len(layer.weights):
      kernel, bias = map(np.asarray, layer.weights)
      other.set_weights([kernel])
      norm = unfused.get_layer(f"{layer.name}_norm")
      norm.set_weights([np.ones_like(bias), bias, *_neutral(bias.shape)])
    elif layer.weights:
      other.set_weights(list(map(np.asarray, layer.weights)))

  encoders = [Encoder(config, network, "", {}) for network in (fused, unfused)]
  shape = (1, config.resolution, config.resolution, 3)
  picture = random.uniform(-1, 1, shape).astype(np.float32)

  def run(encoder):
    start = time.perf_counter(), time.process_time()
    codes = encoder.encode(picture)
    return time.perf_counter() - start[0], time.process_time() - start[1], codes

  first, second = (run(encoder)[2] for encoder in encoders)
  print(f"{fused.count_params():,} numbers; largest difference {np.abs(first - second).max():.1e}")
  times = [[run(encoder)[:2] for encoder in encoders] for _ in range(_REPEATS.value)]
  for index, name in enumerate(("fused", "unfused")):
    wall, processor = (statistics.median(row[index][i] for row in times) for i in (0, 1))
    print(f"{name:<8} {wall:.2f} s a picture, {processor:.2f} s of processor time")
  wall, processor = (statistics.median(row[0][i] / row[1][i] for row in times) for i in (0, 1))
  print(
    f"ratio    {wall:.2f} ({processor:.2f} of processor time), medians of {_REPEATS.value} pairs"
  )


def _neutral(shape):
  """The mean and variance that change nothing."""
  import numpy as np

  return np.zeros(shape, np.float32), np.full(shape, 1 - 1e-5, np.float32)


def _normalization(name: str):
  import keras

  return keras.layers.BatchNormalization(epsilon=1e-5, name=name)


def _prelu(name: str):
  import keras

  return keras.layers.PReLU(shared_axes=[1, 2], name=name)


if __name__ == "__main__":
  app.run(main)
