"""A small convolutional network on released pictures, with true labels."""

import numpy as np

from privai_tf.evaluation.attackers.base import Attacker, Observed

_RESOLUTION = 64
_CHANNELS = (16, 32, 48, 64)
_EPOCHS, _BATCH, _RATE = 8, 64, 2e-3
# Of few pictures it takes many epochs to learn anything.
_LEAST_STEPS = 400


class Network(Attacker):
  """Adaptive: the project's attribute classifier, trained from random weights on releases."""

  name = "network"
  sees = "pictures"
  summary = "adaptive, network on pictures"

  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    self._train(releases.pictures(), labels)

  def guess(self, releases: Observed) -> np.ndarray:
    pictures = _sized(releases.pictures())
    return self._network.predict(pictures, batch_size=_BATCH, verbose=0)[:, 0] > 0

  def _train(self, pictures: np.ndarray, labels: np.ndarray) -> None:
    import keras

    from privai_tf.attributes.classifier import build_network

    keras.utils.set_random_seed(self.seed)
    self._network = build_network(_RESOLUTION, _CHANNELS, 1)
    an_epoch = -(-len(labels) // _BATCH)
    epochs = max(_EPOCHS, -(-_LEAST_STEPS // an_epoch))
    self._network.compile(
      keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_RATE, epochs * an_epoch)),
      keras.losses.BinaryCrossentropy(from_logits=True),
    )
    targets = np.asarray(labels, np.float32)[:, np.newaxis]
    self._network.fit(_sized(pictures), targets, _BATCH, epochs, verbose=0)


def _sized(pictures: np.ndarray) -> np.ndarray:
  """Pictures as large as the network wants them."""
  if pictures.shape[1] == _RESOLUTION:
    return pictures
  import tensorflow as tf

  size = (_RESOLUTION, _RESOLUTION)
  parts = [
    tf.image.resize(pictures[start : start + _BATCH], size, antialias=True).numpy()
    for start in range(0, len(pictures), _BATCH)
  ]
  return np.concatenate(parts)
