"""One resolution of the generator's training: a step of Adam, averaged weights, saved state."""

from pathlib import Path

import numpy as np

_EMA = 0.998


class Trainer:
  """One resolution's network, its averaged twin and its optimizer."""

  def __init__(self, config, seed: int, weights: dict[str, np.ndarray] | None = None):
    """Args:
    config: of the network, see `demo.portrait.network`.
    seed: of the initial weights.
    weights: by name, from the phase before; what it lacks starts random.
    """
    import keras
    import tensorflow as tf

    from privai_tf.demo.portrait.losses import attention, distance
    from privai_tf.demo.portrait.network import build

    self.network, draw = build(config, seed)
    self.named = self.network.named_variables()
    for name, values in (weights or {}).items():
      if name in self.named:
        self.named[name].assign(values)
    # Portraits have no stochastic detail: the noise keeps strength 0.
    self.trained = {
      n: v for n, v in self.named.items() if v.trainable and not n.endswith("noise_strength")
    }
    self.average = {n: tf.Variable(v.value, trainable=False) for n, v in self.trained.items()}
    self.optimizer = keras.optimizers.Adam(0.0, beta_1=0.9, beta_2=0.99)
    self.optimizer.build(list(self.trained.values()))
    weighting = tf.constant(attention(config.resolution))

    # Not compiled by XLA, which on a processor takes 1.8 times as long.
    @tf.function
    def step(inputs, pixels, rate):
      goals = tf.cast(pixels, tf.float32) / 127.5 - 1.0
      goals = tf.nn.avg_pool2d(
        goals, goals.shape[1] // config.resolution, goals.shape[1] // config.resolution, "VALID"
      )
      with tf.GradientTape() as tape:
        loss = distance(draw(inputs), goals, weighting)
      variables = list(self.trained.values())
      gradients = tape.gradient(loss, [v.value for v in variables])
      self.optimizer.learning_rate.assign(rate)
      self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
      # A short memory at first, which would be of random weights.
      count = tf.cast(self.optimizer.iterations.value, tf.float32)
      share = 1 - tf.minimum(_EMA, (1 + count) / (10 + count))
      for name, variable in self.trained.items():
        average = self.average[name]
        average.assign(average + (variable.value - average) * share)
      return loss

    self.step, self._draw = step, tf.function(draw)

  def weights(self, averaged: bool) -> dict[str, np.ndarray]:
    """All variables by name."""
    values = {n: v.numpy() for n, v in self.named.items()}
    if averaged:
      values |= {n: v.numpy() for n, v in self.average.items()}
    return values

  def draw_averaged(self, inputs: np.ndarray) -> np.ndarray:
    """Images [N, R, R, 3] of inputs [N, d], by the averaged weights."""
    kept = self.weights(averaged=False)
    for name, value in self.average.items():
      self.named[name].assign(value)
    images = np.concatenate(
      [self._draw(inputs[i : i + 16]).numpy() for i in range(0, len(inputs), 16)]
    )
    for name in self.average:
      self.named[name].assign(kept[name])
    return images

  def state(self) -> dict[str, np.ndarray]:
    """Everything that a later run needs to go on."""
    arrays = {f"now/{n}": v for n, v in self.weights(averaged=False).items()}
    arrays |= {f"average/{n}": v.numpy() for n, v in self.average.items()}
    return arrays | {f"adam/{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}

  def restore(self, arrays: dict[str, np.ndarray]) -> None:
    """The reverse of `state`."""
    for name, variable in self.named.items():
      variable.assign(arrays[f"now/{name}"])
    for name, variable in self.average.items():
      variable.assign(arrays[f"average/{name}"])
    for index, variable in enumerate(self.optimizer.variables):
      variable.assign(arrays[f"adam/{index}"])


def save_state(path: Path, trainer: Trainer, **numbers: float) -> None:
  """Writes the state, whole or not at all."""
  partial = path.with_suffix(".partial.npz")
  np.savez(partial, **trainer.state(), **{f"number/{k}": v for k, v in numbers.items()})
  partial.replace(path)
