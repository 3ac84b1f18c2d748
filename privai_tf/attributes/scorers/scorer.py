"""What every attribute scorer can do."""

from typing import Any, Protocol, runtime_checkable

import numpy as np

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.shapes import Images


@runtime_checkable
class Scorer(Protocol):
  """Images -> scores of attributes.

  Attributes:
    attributes: their names, in the order of the columns.
    resolution: that it works at; images of another size are scaled.
    provenance: how it was made (JSON values).
  """

  attributes: tuple[str, ...]
  resolution: int
  provenance: dict[str, Any]

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of what decides its scores."""
    ...

  def scores(self, images: Images) -> np.ndarray:
    """Log odds that each attribute is present: 0 is undecided, and they do not saturate.

    Args:
      images: [N, R, R, 3] in [-1, 1].

    Returns:
      float32 [N, attributes].

    Raises:
      InputError: if the images have another shape.
    """
    ...

  def probabilities(self, images: Images) -> np.ndarray:
    """Probability that each attribute is present, float32 [N, attributes]; see `scores`."""
    ...

  def select(self, attributes: tuple[str, ...]) -> "Scorer":
    """A scorer of some of its attributes, in the given order.

    Raises:
      ConfigurationError: naming those that there are.
    """
    ...


def odds_to_probabilities(scores: np.ndarray) -> np.ndarray:
  """Log odds -> probabilities, float32, without overflow.

  Args:
    scores: log odds, any shape.

  Returns:
    The same shape, in [0, 1].
  """
  from scipy.special import expit

  return expit(np.asarray(scores, np.float32))


def columns(available: tuple[str, ...], wanted: tuple[str, ...]) -> list[int]:
  """Where the wanted attributes are among the available ones; "-", "_" and case do not matter.

  Raises:
    ConfigurationError: naming those that there are.
  """
  places = {_plain(name): index for index, name in enumerate(available)}
  for name in wanted:
    if _plain(name) not in places:
      raise ConfigurationError(
        f"The scorer does not know the attribute '{name}'; it knows {', '.join(available)}."
      )
  return [places[_plain(name)] for name in wanted]


def _plain(name: str) -> str:
  return name.lower().replace("-", "_")


def check_images(images: np.ndarray) -> np.ndarray:
  """Returns images as float32 [N, R, R, 3].

  Args:
    images: what should be pictures in [-1, 1]; the range is not checked.

  Raises:
    InputError: if they have another shape, or values that are not finite.
  """
  images = np.asarray(images, np.float32)
  if images.ndim != 4 or images.shape[-1] != 3 or images.shape[1] != images.shape[2]:
    raise InputError(f"Images have shape {list(images.shape)}; they must be [N, R, R, 3].")
  if not np.isfinite(images).all():
    raise InputError("Images have values that are not finite; they must be in [-1, 1].")
  return images
