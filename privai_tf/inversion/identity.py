"""Whose face it is, as a loss: photos and images compared by a face recognition network.

Pixels forgive a face that is somebody else's with the same hair. As e4e's and pSp's training do
(Richardson et al. 2021, section 3.2, with ArcFace), the search also asks a recognizer, here `faceres`
(`privai_tf.inversion.faceres`), whose files the user fetches; nothing is downloaded unless asked for.
"""

import functools

import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.inversion.faceres import BOX, SIDE, Faceres, read_faceres
from privai_tf.inversion.spec import InversionSpec

_LEAST = 64  # Pixels a side: smaller faces say nothing of who they are.


class IdentityLoss:
  """One minus the cosine between what the network sees in two faces.

  Args:
    network: from `read_faceres`.
  """

  def __init__(self, network: Faceres):
    self._network = network

  def features(self, images: tf.Tensor) -> tf.Tensor:
    """Who is in aligned images [N, R, R, 3] in [-1, 1]: [N, 1024], of length 1."""
    side = images.shape[1]
    left, top, right, bottom = (round(edge * side) for edge in BOX)
    pixels = (images[:, top:bottom, left:right] + 1.0) * 127.5
    seen = self._network.computed(tf.image.resize(pixels, (SIDE, SIDE)))
    return tf.math.l2_normalize(seen, axis=-1)

  def distance(self, images: tf.Tensor, goals: tf.Tensor) -> tf.Tensor:
    """How much another person an image shows.

    Args:
      images: [N, R, R, 3] in [-1, 1].
      goals: `features(photos)`.

    Returns:
      [N], in [0, 2]; 0 for the same picture.
    """
    return 1.0 - tf.reduce_sum(self.features(images) * goals, axis=-1)


def identity_loss(spec: InversionSpec, resolution: int, channels: int) -> IdentityLoss | None:
  """The loss that a specification asks for.

  Args:
    spec: `identity_weight` decides.
    resolution: of the generator's images.
    channels: likewise.

  Returns:
    The loss, or None if there is to be none.

  Raises:
    ConfigurationError: if it is asked for without the network's files, or for images that are not
      RGB or too small.
    CheckpointError: if the files are others.
  """
  if not spec.identity_weight:
    return None
  if channels != 3 or resolution < _LEAST:
    raise ConfigurationError(
      f"identity_weight compares RGB faces of at least {_LEAST} x {_LEAST}, the generator makes "
      f"{resolution} x {resolution} with {channels} channels; leave it at 0."
    )
  return IdentityLoss(_network())


@functools.lru_cache(maxsize=1)
def _network() -> Faceres:
  return read_faceres()
