"""The optimization loop, compiled once for one generator, specification and batch size."""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from privai_tf.inversion.losses import mean_distance, pixel_loss, pyramid
from privai_tf.inversion.spec import InversionSpec
from privai_tf.inversion.statistics import latent_statistics
from privai_tf.runtime.jit import use_jit

_APART = 0.3  # Speed at which the layers of W+ part from one another, relative to what they share.


class Ramps(keras.optimizers.schedules.LearningRateSchedule):
  """Linear ramp-up, plateau, cosine ramp-down to 0.

  Args:
    peak: the rate between the ramps.
    steps: steps in all.
    ramp_up: share of the steps, 0 to 1.
    ramp_down: share of the steps, 0 to 1.
  """

  def __init__(self, peak: float, steps: int, ramp_up: float, ramp_down: float):
    super().__init__()
    self._peak, self._steps = peak, steps
    self._ramp_up, self._ramp_down = ramp_up, ramp_down

  def __call__(self, step):
    """The rate of a step, counted from 0."""
    # The middle of the step: neither the first nor the last step is wasted on a rate of 0.
    done = (tf.cast(step, tf.float32) + 0.5) / self._steps
    up = tf.minimum(1.0, done / max(self._ramp_up, 1e-6))
    down = tf.minimum(1.0, (1.0 - done) / max(self._ramp_down, 1e-6))
    return self._peak * up * (0.5 - 0.5 * tf.cos(np.pi * down))


class Search:
  """Finds the codes of one batch of fixed size; holds everything that is compiled.

  Args:
    generator: a `privai_tf.Generator` on the TensorFlow backend.
    spec: the settings.
    batch_size: images in a batch.
    perceptual_loss: a `perceptual.PerceptualLoss`, or None for pixels only.
  """

  def __init__(self, generator, spec: InversionSpec, batch_size: int, perceptual_loss=None):
    self.generator, self.spec, self.batch_size = generator, spec, batch_size
    self.statistics = latent_statistics(generator, spec.latent_space)
    self._perceptual = perceptual_loss
    start_shape = np.zeros((batch_size, *generator.code_shape(spec.latent_space)), np.float32)
    self._white = keras.Variable(self._coordinates(start_shape))
    optimizer = type(keras.optimizers.get(spec.optimizer))
    self._optimizer = optimizer(
      learning_rate=Ramps(spec.learning_rate, spec.steps, spec.ramp_up, spec.ramp_down)
    )
    self._optimizer.build([self._white])
    self._fresh = [variable.numpy() for variable in self._optimizer.variables]
    self._trace(use_jit(spec.jit))

  def _trace(self, jit: bool) -> None:
    """Traces everything once, for the only shapes that will come; no later call can retrace."""
    compiled = functools.partial(tf.function, jit_compile=jit, autograph=False)
    side, channels = self.generator.resolution, self.generator.num_channels
    photos = tf.TensorSpec((self.batch_size, side, side, channels), tf.float32)
    self._prepare = compiled(self._goals).get_concrete_function(photos)
    goals = tf.nest.map_structure(
      lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), self._prepare.structured_outputs
    )
    mask, count = tf.TensorSpec((self.batch_size,), tf.float32), tf.TensorSpec((), tf.int32)
    self._advance = compiled(self._take_steps).get_concrete_function(goals, mask, count)
    self._finish = compiled(self._evaluate).get_concrete_function(goals)

  def run(
    self, targets: np.ndarray, mask: np.ndarray, start: np.ndarray, report: Callable[[int], None]
  ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Optimizes one batch.

    Args:
      targets: float32 [B, R, R, C] in [-1, 1].
      mask: float32 [B], 0 for rows that only fill the batch.
      start: float32 [B, d] or [B, L, d], the first codes.
      report: called with the steps done after every `spec.steps_per_call`; may raise to stop.

    Returns:
      Codes like `start`, images [B, R, R, C], losses [records, B] (before the first step, then
      after every call). Losses may be infinite or NaN; then the search ended there.
    """
    self._white.assign(self._coordinates(start))
    for variable, value in zip(self._optimizer.variables, self._fresh, strict=True):
      variable.assign(value)
    goals = self._prepare(tf.constant(targets))
    mask_tensor = tf.constant(mask)
    images, losses = self._finish(goals)
    records, done = [losses.numpy()], 0
    while done < self.spec.steps and np.all(np.isfinite(records[-1][mask > 0])):
      count = min(self.spec.steps_per_call, self.spec.steps - done)
      self._advance(goals, mask_tensor, tf.constant(count))
      done += count
      images, losses = self._finish(goals)
      records.append(losses.numpy())
      report(done)
    return self._codes().numpy(), images.numpy(), np.stack(records)

  def _coordinates(self, codes: np.ndarray) -> np.ndarray:
    """Codes in the coordinates that are optimized.

    Whitened, so that a step means the same along every direction and no direction without variance
    is taken lightly. In W+, what the layers share comes first and each layer's rest after it: the
    shared part feels all layers' gradients, finds the face first, and keeps the layers together.

    Args:
      codes: [B, d] or [B, L, d].

    Returns:
      [B, d], or [B, 1 + L, d].
    """
    white = (codes - self.statistics.mean) @ self.statistics.inverse_root
    if self.spec.latent_space != "W+":
      return white
    shared = white.mean(axis=1, keepdims=True)
    return np.concatenate([shared, (white - shared) / _APART], axis=1)

  def _codes(self) -> tf.Tensor:
    """The reverse of `_coordinates`, for the present ones."""
    white = tf.convert_to_tensor(self._white.value)
    if self.spec.latent_space == "W+":
      white = white[:, :1] + _APART * white[:, 1:]
    return self.statistics.mean + tf.linalg.matmul(white, self.statistics.root)

  def _goals(self, targets: tf.Tensor):
    """What stays the same in every step: the pyramid and the perceptual features of the photos."""
    features = self._perceptual.features(targets) if self._perceptual else []
    return pyramid(targets), features

  def _loss(self, goals) -> tuple[tf.Tensor, tf.Tensor]:
    levels, features = goals
    codes = self._codes()
    images = self.generator.synthesize_tensor(codes, self.spec.latent_space, self.spec.noise)
    loss = self.spec.pixel_weight * pixel_loss(images, levels)
    if self._perceptual:
      distance = self._perceptual.distance(images, features)
      loss += self.spec.perceptual_weight * distance
    if self.spec.latent_space != "Z" and self.spec.mean_weight:
      far = mean_distance(codes, self.statistics.mean, self.statistics.precision)
      loss += self.spec.mean_weight * far
    if self.spec.latent_space == "W+" and self.spec.spread_weight:
      middle = tf.reduce_mean(codes, axis=1, keepdims=True)
      apart = mean_distance(codes, middle, self.statistics.precision)
      loss += self.spec.spread_weight * apart
    return images, loss

  def _take_steps(self, goals, mask: tf.Tensor, count: tf.Tensor) -> None:
    def step(index):
      with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(self._white.value)
        _, loss = self._loss(goals)
        # The sum, not the mean: each image's gradient is its own, whatever the batch holds.
        total = tf.reduce_sum(tf.where(mask > 0, loss, 0.0))
      self._optimizer.apply([tape.gradient(total, self._white.value)], [self._white])
      if self.spec.latent_space == "Z":
        self._white.assign(_on_sphere(self._white.value))
      return index + 1

    tf.while_loop(lambda index: index < count, step, [tf.constant(0)], parallel_iterations=1)

  def _evaluate(self, goals) -> tuple[tf.Tensor, tf.Tensor]:
    return self._loss(goals)


def _on_sphere(codes: tf.Tensor) -> tf.Tensor:
  """Z codes at the length that random ones have: networks that normalize ignore it, boundaries not."""
  size = float(codes.shape[-1])
  return codes * tf.math.rsqrt(tf.reduce_sum(codes**2, axis=-1, keepdims=True) / size + 1e-12)
