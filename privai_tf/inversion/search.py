"""The optimization loop, compiled once for one generator, specification and batch size.

Every device computes the losses and gradients of its part of the batch; the variables hold the whole
batch on every device. As the parts' gradients add up to the whole one, the ordinary data-parallel
step of `tf.distribute` is all that several devices need.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from privai_tf.generators.multiplied import multiplying
from privai_tf.inversion.coordinates import Coordinates
from privai_tf.inversion.noise_maps import normalized
from privai_tf.inversion.objective import Objective
from privai_tf.inversion.plateau import Plateau
from privai_tf.inversion.schedules import Ramps, latent_noise
from privai_tf.inversion.spec import InversionSpec
from privai_tf.inversion.statistics import latent_statistics
from privai_tf.runtime.devices import distribution
from privai_tf.runtime.jit import use_jit
from privai_tf.runtime.precision import resolved

_KEPT_BYTES = 2 << 30  # Activations of more than this are computed again rather than kept.


class Found(NamedTuple):
  """What the search of one batch gives.

  Attributes:
    codes: float32 [B, d] or [B, L, d].
    images: float32 [B, R, R, C].
    losses: float32 [records, B]: before the first step, then after every `steps_per_call`; the last
      is of what is returned, the best of them. They may be infinite or NaN; then the search ended
      there.
    steps: int32 [B], steps taken for each image.
    noise: the noise maps, [B, r, r, 1] for each layer; empty if none were searched.
  """

  codes: np.ndarray
  images: np.ndarray
  losses: np.ndarray
  steps: np.ndarray
  noise: tuple[np.ndarray, ...]


class Search:
  """Finds the codes of one batch of fixed size; holds everything that is compiled.

  Args:
    generator: a `privai_tf.Generator` on the TensorFlow backend.
    spec: the settings.
    batch_size: images in a batch, a multiple of the number of devices.
    perceptual_loss: a `perceptual.PerceptualLoss` or `lpips.Lpips`, or None for neither.
  """

  def __init__(self, generator, spec: InversionSpec, batch_size: int, perceptual_loss=None):
    self.generator, self.spec, self.batch_size = generator, spec, batch_size
    self.statistics = latent_statistics(generator, spec.latent_space)
    self._coordinates = Coordinates(self.statistics, spec.latent_space)
    self._strategy = distribution(spec.strategy)
    # Of the steps only: what is reported at the end is of the generator as it is.
    self._precision = resolved(spec.precision)
    self._rows = batch_size // self._strategy.num_replicas_in_sync
    recompute = spec.recompute == "on" or (
      spec.recompute == "auto" and generator.activation_bytes * self._rows > _KEPT_BYTES
    )
    self._objective = Objective(generator, spec, self.statistics, perceptual_loss, recompute)
    self._plateau = Plateau(spec.patience, spec.plateau)
    codes = np.zeros((batch_size, *generator.code_shape(spec.latent_space)), np.float32)
    maps = generator.noise_maps() if spec.noise_maps else []
    self._first_maps = [np.repeat(values, batch_size, axis=0) for values in maps]
    with self._strategy.scope():
      self._variables = [
        keras.Variable(value, aggregation="only_first_replica")  # All replicas write the same.
        for value in (self._coordinates.of(codes), *self._first_maps)
      ]
      optimizer = type(keras.optimizers.get(spec.optimizer))
      self._optimizer = optimizer(
        learning_rate=Ramps(spec.learning_rate, spec.steps, spec.ramp_up, spec.ramp_down)
      )
      self._optimizer.build(self._variables)
    self._fresh = [variable.numpy() for variable in self._optimizer.variables]
    self._trace(use_jit(spec.jit))

  def _trace(self, jit: bool) -> None:
    """What is compiled; only one set of shapes will ever come, and so each is traced once."""
    # XLA cannot read another device's variables, and the generator's are on one.
    jit = jit and self._strategy is distribution("one")
    compiled = functools.partial(tf.function, jit_compile=jit, autograph=False)
    self._prepare = compiled(self._goals)
    self._draft = compiled(self._heads)
    self._advance = compiled(self._take_steps)
    self._finish = compiled(self._evaluate)

  def run(
    self,
    targets: np.ndarray,
    mask: np.ndarray,
    start: np.ndarray,
    report: Callable[[int], None],
    show: Callable[[np.ndarray], None] | None = None,
  ) -> Found:
    """Optimizes one batch.

    Args:
      targets: float32 [B, R, R, C] in [-1, 1].
      mask: float32 [B], 0 for rows that only fill the batch.
      start: float32 [B, d] or [B, L, d], the first codes.
      report: called with the steps done after every `spec.steps_per_call`; may raise to stop.
      show: called before it with the pictures [B, R, R, C] of the codes as they are then.

    Returns:
      What was found.
    """
    for variable, value in zip(
      [*self._variables, *self._optimizer.variables],
      [self._coordinates.of(start), *self._first_maps, *self._fresh],
      strict=True,
    ):
      variable.assign(value)
    goals = self._prepare(tf.constant(targets))
    wanted = tf.constant(mask)
    state = self._plateau.start([tf.convert_to_tensor(v.value) for v in self._variables])
    now = best = self._present(goals)
    records, done = [best[-1]], 0
    while done < self.spec.steps and np.all(np.isfinite(records[-1][mask > 0])):
      count = min(self.spec.steps_per_call, self.spec.steps - done)
      searched = goals
      if self._objective.drafts:
        searched = {**goals, "head": self._draft(tf.constant(now[1]))}
      state = self._advance(searched, wanted, tf.constant(count), state)
      done += count
      now = self._present(goals)
      records.append(now[-1])
      best = _better(now, best)
      if not np.any(self._plateau.searching(state).numpy() & (mask > 0)):
        done = self.spec.steps
      if show:
        show(now[1])
      report(done)
    codes, images, *maps, losses = best
    if np.all(np.isfinite(records[-1][mask > 0])):  # Else the caller has to see that it diverged.
      records[-1] = losses
    return Found(codes, images, np.stack(records), state.taken.numpy(), tuple(maps))

  def _present(self, goals: dict) -> list[np.ndarray]:
    """Codes, images, noise maps and losses as they are now."""
    codes, images, losses = self._finish(goals)
    maps = [variable.numpy() for variable in self._variables[1:]]
    return [codes.numpy(), images.numpy(), *maps, losses.numpy()]

  # On every device: a part of the batch.

  def _part(self, values: tf.Tensor) -> tf.Tensor:
    """The rows that this device works on."""
    if self._rows == self.batch_size:
      return values
    first = tf.distribute.get_replica_context().replica_id_in_sync_group * self._rows
    sizes = [self._rows, *values.shape[1:]]
    return tf.slice(values, [first, *[0] * (len(sizes) - 1)], sizes)

  def _in_place(self, part: tf.Tensor) -> tf.Tensor:
    """The reverse of `_part`, with zeros in the rows of other devices."""
    if self._rows == self.batch_size:
      return part
    first = tf.distribute.get_replica_context().replica_id_in_sync_group * self._rows
    after = self.batch_size - self._rows - first
    whole = tf.pad(part, [[first, after], *[[0, 0]] * (len(part.shape) - 1)])
    return tf.ensure_shape(whole, (self.batch_size, *part.shape[1:]))

  def _gradients(
    self, values: list[tf.Tensor], goals: dict, mask: tf.Tensor, step: tf.Tensor
  ) -> tuple[list[tf.Tensor], tf.Tensor]:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
      tape.watch(values)
      white, *maps = values
      if self.spec.latent_noise:
        deviations = latent_noise(self.spec.latent_noise, self.spec.steps, step)
        white = self._coordinates.disturbed(white, deviations, tf.stack([self.spec.seed, step]))
      with multiplying(self._precision):
        _, losses = self._objective(self._coordinates.codes(white), maps, goals)
      # The sum, not the mean: each image's gradient is its own, whatever the batch holds.
      total = tf.reduce_sum(tf.where(mask > 0, losses, 0.0))
    with multiplying(self._precision):  # Recomputed layers are traced here.
      return tape.gradient(total, values), losses

  def _step_part(self, goals: dict, mask: tf.Tensor) -> tf.Tensor:
    values = [self._part(tf.convert_to_tensor(variable.value)) for variable in self._variables]
    step = tf.cast(tf.convert_to_tensor(self._optimizer.iterations.value), tf.int32)
    gradients, losses = self._gradients(values, goals, self._part(mask), step)
    whole = [self._in_place(gradient) for gradient in gradients]
    self._optimizer.apply(whole, self._variables)
    return losses

  def _evaluate_part(self, goals: dict) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    white, *maps = [self._part(tf.convert_to_tensor(v.value)) for v in self._variables]
    codes = self._coordinates.codes(white)
    return codes, *self._objective(codes, maps, goals)

  # For all devices together.

  def _goals(self, photos: tf.Tensor) -> dict:
    return self._strategy.run(lambda: self._objective.goals(self._part(photos)))

  def _heads(self, images: tf.Tensor):
    def of_part():
      white = self._part(tf.convert_to_tensor(self._variables[0].value))
      return self._objective.head(self._coordinates.codes(white), self._part(images))

    return self._strategy.run(of_part)

  def _take_steps(self, goals: dict, mask: tf.Tensor, count: tf.Tensor, state):
    def body(index, state):
      before = [tf.convert_to_tensor(variable.value) for variable in self._variables]
      losses = self._whole(self._strategy.run(self._step_part, (goals, mask)))
      stepped = [tf.convert_to_tensor(variable.value) for variable in self._variables]
      white, *maps = stepped
      after = [self._coordinates.constrained(white), *map(normalized, maps)]
      state, after = self._plateau.after_step(state, losses, before, after)
      for variable, old, new in zip(self._variables, stepped, after, strict=True):
        if new is not old:
          variable.assign(new)
      return index + 1, state

    def condition(index, state):
      return (index < count) & tf.reduce_any(self._plateau.searching(state) & (mask > 0))

    loop = (tf.constant(0), state)
    return tf.while_loop(condition, body, loop, parallel_iterations=1)[1]

  def _evaluate(self, goals: dict) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    parts = self._strategy.run(self._evaluate_part, (goals,))
    return tuple(self._whole(part) for part in parts)

  def _whole(self, value) -> tf.Tensor:
    parts = self._strategy.experimental_local_results(value)
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)


def _better(now: list[np.ndarray], before: list[np.ndarray]) -> list[np.ndarray]:
  """Row by row what has the smaller loss, the last array: a search may end worse than it was."""
  improved = now[-1] < before[-1]
  shape = lambda values: improved.reshape(-1, *[1] * (values.ndim - 1))  # noqa: E731
  return [np.where(shape(new), new, old) for new, old in zip(now, before, strict=True)]
