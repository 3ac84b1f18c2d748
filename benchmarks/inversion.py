"""Our inversion against the reference's loop: `python -m benchmarks.inversion --checkpoint=avatars`.

The reference (`benchmarks.reference_loop`, which needs `pip install torch`): PyTorch, eight VGG16
layers at 224 x 224, Adam with a rate of 0.01 in W from a mapped random z. Both sides get the same
generator, photo, start and random VGG16 weights. Three figures come out:

1. seconds a step, same loss on both sides, steps of both sides taken in turns;
2. the reference's loss after `--reference_steps`. With `--twin`, TensorFlow computes these steps,
   after the first ones were found equal to PyTorch's: at 1024 x 1024 that saves an hour;
3. how long our search takes to an equal or smaller value of the *reference's* loss.
"""

import pathlib
import statistics
import tempfile
import time

import numpy as np
from absl import app, flags

_CHECKPOINT = flags.DEFINE_string(
  "checkpoint", None, "A StyleGAN checkpoint; by default random weights of --resolution."
)
_RESOLUTION = flags.DEFINE_integer("resolution", 1024, "Of random weights.")
_REFERENCE_STEPS = flags.DEFINE_integer("reference_steps", 500, "Steps of the reference's loop.")
_TIMED_STEPS = flags.DEFINE_integer("timed_steps", 5, "Steps of each side that are timed.")
_OUR_STEPS = flags.DEFINE_list("our_steps", ["5", "10", "20", "40", "80"], "Tried in this order.")
_PERCEPTUAL = flags.DEFINE_enum("perceptual", "auto", ["auto", "vgg16", "none"], "Of our side.")
_LATENT_SPACE = flags.DEFINE_enum("latent_space", "W", ["W", "W+"], "Of our side.")
_TWIN = flags.DEFINE_bool("twin", False, "The reference's later steps by TensorFlow.")
_TRAJECTORY = flags.DEFINE_string(
  "trajectory", None, "A .npz where the twin's state is kept, from which a stopped run goes on."
)
_SEED = flags.DEFINE_integer("seed", 0, "Of photo, start and weights.")

# Largest relative difference of the two sides' losses over the first steps. Later on Adam, which
# divides by the gradient's size, makes much of what rounding left.
_AGREEMENT, _COMPARED = 1e-3, 5
_KEPT_EVERY = 25


class Twin:
  """The reference's loss and steps in TensorFlow, with our networks."""

  def __init__(self, generator, vgg16: dict, photo: np.ndarray, start: np.ndarray):
    import keras
    import tensorflow as tf

    from benchmarks import reference_loop as reference

    whole = keras_vgg16(vgg16)
    taps = [whole.get_layer(f"block{b}_conv{i}").output for b, i in reference.TAPS]
    network = keras.Model(whole.input, taps)
    mean, deviation = tf.constant(reference.MEAN), tf.constant(reference.DEVIATION)

    def features(images):
      pixels = tf.image.resize((images + 1) / 2, (reference.SIDE, reference.SIDE))
      return network((pixels - mean) / deviation, training=False)

    self._goals = goals = [tf.constant(goal) for goal in features(tf.constant(photo))]
    self.w = tf.Variable(start)
    self._optimizer = keras.optimizers.Adam(reference.LEARNING_RATE, epsilon=1e-8)
    self._optimizer.build([self.w])

    def distance(images):
      errors = [tf.reduce_mean((f - g) ** 2) for f, g in zip(features(images), goals, strict=True)]
      return tf.add_n(errors) / len(errors)

    @tf.function
    def step():
      with tf.GradientTape() as tape:
        loss = distance(generator.synthesize_tensor(self.w.value(), "W", "fixed"))
      self._optimizer.apply([tape.gradient(loss, self.w)], [self.w])
      return loss

    self._step, self._distance = step, tf.function(distance)

  def step(self) -> float:
    """One step; returns the loss before it."""
    return float(self._step())

  def judge(self, images: np.ndarray) -> float:
    """The reference's loss of images [1, R, R, 3]."""
    return float(self._distance(images))

  def run(self, steps: int, path: str | None) -> list[float]:
    """All losses of a whole run, which goes on from `path` if that exists."""
    from tqdm import tqdm

    variables = [self.w, *self._optimizer.variables]
    losses: list[float] = []
    file = pathlib.Path(path) if path else None
    if file and file.exists():
      saved = np.load(file)
      losses = saved["losses"].tolist()
      for index, variable in enumerate(variables):
        variable.assign(saved[f"variable{index}"])
    with tqdm(total=steps, initial=len(losses), desc="Reference's loop", unit="step") as bar:
      while len(losses) < steps:
        losses.append(self.step())
        bar.update()
        if file and len(losses) % _KEPT_EVERY == 0:
          values = {f"variable{i}": np.asarray(v) for i, v in enumerate(variables)}
          np.savez(file, losses=np.array(losses), **values)
    return losses


def keras_vgg16(weights: dict):
  """Keras's VGG16 without its top, with the given weights."""
  import keras

  network = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))
  for layer in network.layers:
    if layer.weights:
      layer.set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
  return network


def _scene():
  """Generator, photo [1, R, R, 3] and start [1, d]."""
  from privai_tf.generators import load_generator
  from privai_tf.generators.config import StyleGANConfig
  from privai_tf.generators.families import create_generator

  if _CHECKPOINT.value:
    generator = load_generator(_CHECKPOINT.value)
  else:
    config = StyleGANConfig(resolution=_RESOLUTION.value)
    generator = create_generator(config)
    # Training would have kept the mean of w, where our search starts.
    weights = generator.weights()
    weights["mapping/w/mean"] = np.mean(generator.map(generator.sample_z(1000, seed=7)), axis=0)
    generator = create_generator(config, weights)
  start = np.asarray(generator.map(generator.sample_z(1, seed=_SEED.value)))
  if _CHECKPOINT.value == "avatars":
    from privai_tf.demo import portrait

    photo = portrait.portraits(1, seed=1000 + _SEED.value, resolution=generator.resolution)
    return generator, photo, start
  hidden = generator.map(generator.sample_z(1, seed=1000 + _SEED.value))
  return generator, np.asarray(generator.synthesize(hidden, latent_space="W")), start


def _timed(function) -> tuple[float, float]:
  began = time.perf_counter()
  value = function()
  return value, time.perf_counter() - began


def _compare_steps(loop, twin) -> tuple[float, float]:
  """Median seconds a step of both sides, in turns; requires equal losses."""
  twin_losses, loop_losses, twin_times, loop_times = [], [], [], []
  for _ in range(_TIMED_STEPS.value + 1):
    for side, losses, times in (
      (loop, loop_losses, loop_times),
      (twin, twin_losses, twin_times),
    ):
      loss, seconds = _timed(side.step)
      losses.append(loss)
      times.append(seconds)
  difference = np.max(np.abs(np.array(twin_losses) / loop_losses - 1)[:_COMPARED])
  print(f"largest relative difference of the two sides' losses: {difference:.1e}")
  if difference > _AGREEMENT:
    raise SystemExit("The two sides do not compute the same; the comparison means nothing.")
  return statistics.median(loop_times[1:]), statistics.median(twin_times[1:])


def _search(generator, photo: np.ndarray, spec):
  """`privai_tf.invert` without its check: random weights draw beyond [-1, 1], as no photo does."""
  from privai_tf.inversion.initialization import decided, start_codes
  from privai_tf.inversion.perceptual import perceptual_loss
  from privai_tf.inversion.search import Search

  spec = decided(spec, generator)
  loss = perceptual_loss(spec, generator.resolution, generator.num_channels)
  search = Search(generator, spec, 1, loss)

  def run() -> np.ndarray:
    start = start_codes(photo, generator, spec)
    return search.run(photo, np.ones(1, np.float32), start, lambda done: None).images

  return run


def _ours(generator, photo, twin, goal: float, weights_path: str) -> None:
  """Finds the first number of steps that reaches the goal, with the times of both calls."""
  import privai_tf

  for steps in map(int, _OUR_STEPS.value):
    spec = privai_tf.InversionSpec(
      latent_space=_LATENT_SPACE.value,
      steps=steps,
      perceptual=_PERCEPTUAL.value,
      vgg16_weights=None if _PERCEPTUAL.value == "none" else weights_path,
      steps_per_call=steps,
    )
    began = time.perf_counter()
    run = _search(generator, photo, spec)
    run()
    first = time.perf_counter() - began
    images, again = _timed(run)
    loss = twin.judge(images)
    print(
      f"ours, {steps} steps: {loss:.5f} after {again:.2f} s ({first:.2f} s with tracing)",
      flush=True,
    )
    if loss <= goal:
      print(f"reached the reference's {goal:.5f} in {again:.2f} s")
      return
  print("not reached")


def main(arguments: list[str]) -> None:
  del arguments
  from benchmarks import reference_loop as reference

  generator, photo, start = _scene()
  vgg16 = reference.random_vgg16(_SEED.value)
  loop = reference.ReferenceLoop(generator.config, generator.weights(), vgg16, photo, start)
  twin = Twin(generator, vgg16, photo, start)
  loop_seconds, twin_seconds = _compare_steps(loop, twin)
  print(f"reference: {loop_seconds:.2f} s a step")
  print(f"ours, same loss: {twin_seconds:.2f} s a step, {loop_seconds / twin_seconds:.1f}x")
  if _TWIN.value:
    fresh = Twin(generator, vgg16, photo, start)
    goal = fresh.run(_REFERENCE_STEPS.value, _TRAJECTORY.value)[-1]
    reference_time = loop_seconds * _REFERENCE_STEPS.value
  else:
    loop = reference.ReferenceLoop(generator.config, generator.weights(), vgg16, photo, start)
    losses, reference_time = _timed(
      lambda: [loop.step() for _ in range(_REFERENCE_STEPS.value + 1)]
    )
    goal = losses[-1]
  print(f"reference: loss {goal:.5f} after {_REFERENCE_STEPS.value} steps, {reference_time:.0f} s")
  with tempfile.TemporaryDirectory() as folder:
    path = str(pathlib.Path(folder) / "random_vgg16.weights.h5")
    keras_vgg16(vgg16).save_weights(path)
    _ours(generator, photo, twin, goal, path)


if __name__ == "__main__":
  app.run(main)
