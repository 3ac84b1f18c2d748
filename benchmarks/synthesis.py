"""Time and memory of synthesis: `python -m benchmarks.synthesis --family=stylegan --resolution=1024`.

Random weights serve as well as trained ones. Besides the time it prints the processor time (which
other programs on the machine disturb less), the peak of memory above the interpreter with
TensorFlow, and the share of the machine's own matrix-product speed, measured in the same minute.
"""

import resource
import statistics
import time

from absl import app, flags

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "A checkpoint; by default random weights.")
_FAMILY = flags.DEFINE_enum(
  "family", "stylegan", ["stylegan", "pggan", "stylegan2"], "For random weights."
)
_RESOLUTION = flags.DEFINE_integer("resolution", 1024, "For random weights.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 1, "Images at a time.")
_REPEATS = flags.DEFINE_integer("repeats", 10, "Timed runs; the median is shown.", lower_bound=1)
_GRADIENT = flags.DEFINE_bool(
  "gradient", False, "Also time a gradient step in W (TensorFlow only)."
)
_JIT = flags.DEFINE_enum("jit", "auto", ["auto", "on", "off"], "XLA compilation.")

_PRODUCT = 2048
_MEGABYTE = 1e6


def floating_point_operations(config) -> float:
  """Operations of one image's convolutions (a multiplication and an addition are two).

  Up-convolutions are counted as they are computed here: four taps a pixel, not nine.

  Args:
    config: a generator's configuration.
  """
  total = 0.0
  for resolution in config.resolutions:
    channels = config.channels(resolution)
    taps = 9.0 * channels
    if resolution > 4:
      taps += 4.0 * config.channels(resolution // 2)
    total += 2.0 * resolution**2 * channels * taps
  return (
    total + 2.0 * config.resolution**2 * config.channels(config.resolution) * config.num_channels
  )


def measure(function, repeats: int) -> tuple[list[float], list[float]]:
  """Wall-clock and processor seconds of each call."""
  wall, processor = [], []
  for _ in range(repeats):
    start = time.perf_counter(), time.process_time()
    function()
    wall.append(time.perf_counter() - start[0])
    processor.append(time.process_time() - start[1])
  return wall, processor


def product_speed() -> float:
  """Operations a second of a large float32 matrix product, the best of several."""
  import numpy as np
  from keras import ops

  matrix = ops.convert_to_tensor(np.ones((_PRODUCT, _PRODUCT), np.float32))
  multiply = lambda: np.asarray(ops.matmul(matrix, matrix)[0, 0])  # noqa: E731
  multiply()
  return 2.0 * _PRODUCT**3 / min(measure(multiply, 8)[0])


def peak_memory() -> float:
  """The largest resident size of this process so far, bytes."""
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _load():
  from privai_tf.generators.config import PGGANConfig, StyleGANConfig
  from privai_tf.generators.families import create_generator
  from privai_tf.generators.load import load_generator
  from privai_tf.generators.stylegan2.config import StyleGAN2Config

  if _CHECKPOINT.value:
    return load_generator(_CHECKPOINT.value, jit=_JIT.value)
  families = {"stylegan": StyleGANConfig, "pggan": PGGANConfig, "stylegan2": StyleGAN2Config}
  config = families[_FAMILY.value]
  return create_generator(config(resolution=_RESOLUTION.value), jit=_JIT.value)


def _gradient_step(generator, codes):
  import tensorflow as tf

  from privai_tf.generators.compiled import compiled

  space = generator.latent_spaces[min(1, len(generator.latent_spaces) - 1)]

  def step(codes):
    with tf.GradientTape() as tape:
      tape.watch(codes)
      loss = tf.reduce_mean(tf.square(generator.synthesize_tensor(codes, space)))
    return tape.gradient(loss, codes)

  function = compiled(step, _JIT.value)
  values = tf.constant(codes if space == "Z" else generator.map(codes))
  return lambda: function(values).numpy()


def _report(title: str, wall: list[float], processor: list[float], images: int) -> None:
  print(
    f"{title:18s} {statistics.median(wall) / images:.3f} s an image (best {min(wall) / images:.3f}), "
    f"{statistics.median(processor) / images:.3f} s of processor time"
  )


def main(arguments: list[str]) -> None:
  del arguments
  start = time.perf_counter()
  generator_memory = None
  import keras

  import privai_tf.generators  # noqa: F401 - sets TensorFlow's memory pool before its first use

  speed = product_speed()
  base = peak_memory()
  print(
    f"backend            {keras.backend.backend()}, started in {time.perf_counter() - start:.1f} s"
  )
  print(f"matrix products    {speed / 1e9:.0f} GFLOP/s")
  start = time.perf_counter()
  generator = _load()
  generator_memory = peak_memory() - base
  print(
    f"{generator.family}, {generator.resolution} x {generator.resolution}: built in "
    f"{time.perf_counter() - start:.1f} s, {generator_memory / _MEGABYTE:.0f} MB"
  )
  codes = generator.sample_z(_BATCH_SIZE.value, seed=0)
  run = lambda: generator.synthesize(  # noqa: E731
    codes, latent_space="Z", batch_size=_BATCH_SIZE.value
  )
  print(f"first call         {measure(run, 1)[0][0]:.1f} s, tracing included")
  wall, processor = measure(run, _REPEATS.value)
  _report("synthesis", wall, processor, len(codes))
  operations = floating_point_operations(generator.config)
  share = operations * len(codes) / statistics.median(wall) / max(speed, product_speed())
  print(f"share of the peak  {share:.0%} ({operations / 1e9:.0f} GFLOP an image)")
  print(f"peak of memory     {(peak_memory() - base) / _MEGABYTE:.0f} MB above TensorFlow's start")
  if _GRADIENT.value:
    step = _gradient_step(generator, codes)
    print(f"first gradient     {measure(step, 1)[0][0]:.1f} s, tracing included")
    _report("gradient step", *measure(step, _REPEATS.value), len(codes))
    print(
      f"peak of memory     {(peak_memory() - base) / _MEGABYTE:.0f} MB above TensorFlow's start"
    )


if __name__ == "__main__":
  app.run(main)
