"""Faces of scope "image": the generator's own codes, as if every photo were inverted perfectly.

No encoder's error stands between a face and its release, which is best for an attacker and for what is
left of the face. Codes are of streams of their own: neither codewords nor what K was chosen by.
"""

import dataclasses
import functools
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.sources import load_boundaries
from privai_tf.privacy.codebook import Codebook
from privai_tf.privacy.release import prepare
from privai_tf.privacy.spec import PrivacySpec

_TESTED, _KNOWN = 2, 3  # Streams.
_BATCH = 32
_MOST_SIDE = 256  # Larger pictures are averaged down: recognizers see no more.


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnFaces:
  """A checkpoint and faces that nothing was fitted on.

  Attributes:
    generator: a `Generator`.
    latent_space: "W" or "Z".
    tested, known: float32 [n, d]: faces whose releases are attacked, and others that attackers have
      releases of, with their names.
  """

  generator: Any
  latent_space: str
  tested: np.ndarray
  known: np.ndarray

  @functools.cached_property
  def boundaries(self) -> dict[str, Boundary]:
    """The checkpoint's boundaries by attribute."""
    from privai_tf.errors import PrivaiError

    folder = self.generator.folder
    found = {}
    for name in ("age", "gender", "pose", "smile", "eyeglasses"):
      try:
        (found[name],) = load_boundaries([name], folder.name if folder else "", self.latent_space)
      except PrivaiError:
        continue  # Not of this checkpoint.
    return found

  def labels(self, codes: np.ndarray, attribute: str) -> np.ndarray:
    """bool [n]: the side of the attribute's boundary on which codes lie."""
    return np.asarray(self.boundaries[attribute].coordinate(codes)).reshape(len(codes)) > 0

  def prepared(self, spec: PrivacySpec) -> Any:
    """The calibrated release."""
    names = [name for name, _ in spec.resemble if name != "rest"]
    return prepare(
      self.generator, [self.boundaries[name] for name in names], spec, self.latent_space
    )

  def pictures(self, codes: np.ndarray) -> np.ndarray:
    """Pictures of at most 256 pixels a side, float32 [n, R, R, 3] in [-1, 1]."""
    generator, large = self.generator, self.generator.resolution > _MOST_SIDE
    draw = getattr(generator, "preview_batches", generator.synthesize_batches)
    draw = draw if large else generator.synthesize_batches
    size = 1 if large else _BATCH
    batches = draw(codes, latent_space=self.latent_space, noise="fixed", batch_size=size)
    return np.concatenate([_reduced(np.clip(np.asarray(batch), -1, 1)) for batch in batches])


def _reduced(images: np.ndarray) -> np.ndarray:
  factor = max(1, images.shape[1] // _MOST_SIDE)
  side = images.shape[1] // factor
  return images.reshape(len(images), side, factor, side, factor, -1).mean(axis=(2, 4))


def draw_faces(checkpoint: str, tested: int, known: int, latent_space: str | None) -> DrawnFaces:
  """Loads a checkpoint and draws faces.

  Args:
    checkpoint: a name or a folder.
    tested, known: how many of each.
    latent_space: "W" or "Z"; None: W where the checkpoint has it.
  """
  import privai_tf

  generator = privai_tf.load_generator(checkpoint)
  space = latent_space or ("W" if "W" in generator.latent_spaces else "Z")
  codes = [
    np.concatenate(list(Codebook(generator, space, count, 0, stream).blocks()))
    for count, stream in ((tested, _TESTED), (known, _KNOWN))
  ]
  return DrawnFaces(generator, space, *codes)
