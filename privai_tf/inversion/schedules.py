"""How the learning rate and the latent noise change over the steps."""

import keras
import numpy as np
import tensorflow as tf

_NOISE_ENDS = 0.75  # Share of the steps (Karras et al. 2020, StyleGAN2, appendix D).


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


def latent_noise(peak: float, steps: int, step: tf.Tensor) -> tf.Tensor:
  """Standard deviations of latent noise at a step, counted from 0: quadratically down to none.

  Args:
    peak: at step 0, in latent units; 0 or more.
    steps: in all, at least 1.
    step: an integer, of any shape.

  Returns:
    float32 of that shape.
  """
  done = tf.cast(step, tf.float32) / steps
  return peak * tf.maximum(0.0, 1.0 - done / _NOISE_ENDS) ** 2
