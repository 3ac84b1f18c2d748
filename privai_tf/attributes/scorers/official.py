"""NVIDIA's 40 attribute classifiers of CelebA-HQ.

Karras et al., "A Style-Based Generator Architecture for Generative Adversarial Networks",
arXiv:1812.04948, section 4.2 and appendix C (linear separability). Each is a network of the
discriminator's architecture for 256 x 256 images, alone in a `.pkl` file.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.attributes.scorers.scorer import check_images, columns, odds_to_probabilities
from privai_tf.errors import CheckpointError
from privai_tf.generators.discriminator import Discriminator
from privai_tf.generators.load import load_discriminator
from privai_tf.runtime.files import shown
from privai_tf.runtime.foreign_files import foreign_reader

_NAME = re.compile(r"celebahq-classifier-\d\d-(.+)")
_BATCH = 16


class OfficialScorer:
  """Discriminator networks, one for each attribute.

  The official metric takes a network's output x for the two-class softmax over (x, -x), so that the
  odds between the classes are exp(2 x). Which class is which it does not say: it only needs that they
  differ. Everybody who used the files with CelebA's labels takes the *second* class, (x, -x)[1], for
  "present" (docs/toolkit.md), so here: log odds = -2 x, probability = sigmoid(-2 x).

  Attributes:
    attributes: their names, in the order of the columns.
    resolution: 256 for the official files.
    provenance: the files' names and hashes.
  """

  def __init__(self, networks: dict[str, Discriminator]):
    """Args: `networks` by attribute.

    Raises:
      CheckpointError: if one gives more than one number an image, or their resolutions differ.
    """
    self.attributes = tuple(networks)
    self._networks = dict(networks)
    resolutions = {network.resolution for network in networks.values()}
    if len(resolutions) != 1:
      raise CheckpointError(
        f"The classifiers are for images of different sizes ({sorted(resolutions)}); use one kind."
      )
    for name, network in networks.items():
      if network.config.label_size or network.config.num_channels != 3:
        raise CheckpointError(
          f"Network '{name}' is a discriminator with {network.config.label_size} labels for "
          f"{network.config.num_channels} channels; a classifier gives one number for an RGB image."
        )
    self.resolution = resolutions.pop()
    self.provenance: dict[str, Any] = {
      name: {**network.provenance, "fingerprint": network.fingerprint}
      for name, network in networks.items()
    }

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of the networks' weights."""
    prints = [network.fingerprint for network in self._networks.values()]
    return hashlib.sha256("".join(prints).encode()).hexdigest()

  def logits(self, images: np.ndarray) -> np.ndarray:
    """What the networks put out, the official way round: *negative* where the attribute is present.

    Args:
      images: [N, R, R, 3] in [-1, 1]; scaled to the networks' resolution, if larger by a whole factor
        by the means of blocks, as officially.

    Returns:
      float32 [N, attributes].

    Raises:
      InputError: if the images have another shape.
    """
    images = scaled(check_images(images), self.resolution)
    outputs = np.zeros((len(images), len(self.attributes)), np.float32)
    if len(images):
      for column, network in enumerate(self._networks.values()):
        # By itself: the minibatch deviation would let an image's score depend on its neighbours.
        size = 1 if network.config.mbstd_group_size > 1 else _BATCH
        outputs[:, column] = network(images, batch_size=size)[:, 0]
    return outputs

  def scores(self, images: np.ndarray) -> np.ndarray:
    """Log odds that each attribute is present, float32 [N, attributes]; see `logits`."""
    return -2.0 * self.logits(images)

  def probabilities(self, images: np.ndarray) -> np.ndarray:
    """Probability that each attribute is present, float32 [N, attributes]; see `logits`."""
    return odds_to_probabilities(self.scores(images))

  def select(self, attributes: tuple[str, ...]) -> "OfficialScorer":
    """See `Scorer.select`."""
    names = [self.attributes[column] for column in columns(self.attributes, attributes)]
    return OfficialScorer({name: self._networks[name] for name in names})


def scaled(images: np.ndarray, resolution: int) -> np.ndarray:
  """Images at another resolution: means of blocks for a whole factor, else smoothed bilinear.

  Args:
    images: float32 [N, S, S, 3].
    resolution: R.

  Returns:
    float32 [N, R, R, 3].
  """
  count, side = images.shape[:2]
  if side == resolution:
    return images
  if side % resolution == 0:
    factor = side // resolution
    blocks = images.reshape(count, resolution, factor, resolution, factor, images.shape[-1])
    return blocks.mean(axis=(2, 4))
  import tensorflow as tf

  return tf.image.resize(images, (resolution, resolution), antialias=True).numpy()


def attribute_of(path: str | os.PathLike) -> str:
  """The attribute that a file's name states: `celebahq-classifier-01-smiling.pkl` -> `smiling`."""
  stem = Path(path).stem
  match = _NAME.fullmatch(stem)
  return match.group(1) if match else stem


def load_official(
  path: str | os.PathLike, attributes: tuple[str, ...] | None = None
) -> OfficialScorer:
  """Loads classifiers.

  Args:
    path: a classifier's `.pkl` file or converted folder, or a folder of `.pkl` files.
    attributes: which of a folder's (a network takes 90 MB); None: all.

  Raises:
    CheckpointError: if a file is damaged or of another kind.
    ConfigurationError: if there is no such attribute.
  """
  path = Path(path)
  files = sorted(path.glob("*.pkl")) if path.is_dir() else []
  named = {attribute_of(file): file for file in files or [path]}
  if len(named) < len(files):
    raise CheckpointError(
      f"{shown(path)} holds two classifiers of one attribute; keep one of them there."
    )
  if attributes is not None:
    known = tuple(named)
    named = {known[column]: named[known[column]] for column in columns(known, attributes)}
  return OfficialScorer({name: _network(file) for name, file in named.items()})


def _network(path: Path) -> Discriminator:
  if path.is_dir():
    return load_discriminator(path)
  found = foreign_reader("foreign_classifier")(path)
  return Discriminator(found.config, found.weights, found.provenance)
