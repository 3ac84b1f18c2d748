"""What is measured of the latent-space toolkit on a demo model, whose factors are known."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.projection import condition
from privai_tf.attributes.training import train_boundary
from privai_tf.demo.embedding import factors_of_scores, scores_of_z
from privai_tf.demo.factors import ATTRIBUTES

_IMAGES_AT_ONCE = 128
# Half of the samples in each class, that is all: age has no sure cases to choose from.
_CHOSEN = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
  """Random codes, and what two judges say of them.

  Attributes:
    codes: float32 [n, 512] by latent space.
    logits: float32 [n, 5], the classifier's, of the codes' images.
    factors: float32 [n, 13], those that the codes stand for.
  """

  codes: dict[str, np.ndarray]
  logits: np.ndarray
  factors: np.ndarray


def draw_samples(generator, classifier, count: int, seed: int) -> Samples:
  """Samples of a generator whose factors are those of `demo.embedding`."""
  z = generator.sample_z(count, seed)
  codes = {"W": generator.map(z), "Z": z}
  logits = judge(generator, classifier, codes["W"], "W")
  return Samples(codes, logits, factors_of_scores(scores_of_z(z)))


def judge(generator, classifier, codes: np.ndarray, latent_space: str) -> np.ndarray:
  """The classifier's logits [n, 5] of the codes' images, few of which exist at a time."""
  parts = np.split(codes, range(_IMAGES_AT_ONCE, len(codes), _IMAGES_AT_ONCE))
  images = (generator.synthesize(part, latent_space=latent_space) for part in parts)
  return np.concatenate([classifier.logits(part) for part in images])


def boundary_cosines(samples: Samples, latent_space: str, **options: Any) -> dict[str, float]:
  """How near boundaries of the classifier's scores are to boundaries of the factors.

  Args:
    samples: both are trained on the same codes.
    latent_space: "W" or "Z".
    options: of `train_boundary`.

  Returns:
    The cosine between the two normals, for each attribute.
  """
  cosines = {}
  for index, name in enumerate(ATTRIBUTES):
    normals = [
      train_boundary(
        samples.codes[latent_space],
        scores[:, index],
        latent_space=latent_space,
        name=name,
        **{"chosen_num_or_ratio": _CHOSEN, **options},
      ).boundary.normal
      for scores in (samples.logits, samples.factors)
    ]
    cosines[name] = float(normals[0] @ normals[1])
  return cosines


def conditional_boundaries(generator, boundaries: Sequence[Boundary]) -> list[Boundary]:
  """Each boundary without what it shares with all of the others."""
  mean = generator.mean_latent(boundaries[0].latent_space)
  return [condition(b, [o for o in boundaries if o is not b], mean) for b in boundaries]


def edit_changes(
  generator,
  classifier,
  boundaries: Sequence[Boundary],
  codes: np.ndarray,
  deviations: float = 3.0,
) -> np.ndarray:
  """How often an edit changes the classifier's verdict.

  Args:
    generator: a `Generator`.
    classifier: an `AttributeClassifier`.
    boundaries: in the order of `ATTRIBUTES`.
    codes: [n, 512] of the boundaries' space.
    deviations: each code moves by this many standard deviations of its coordinate, towards the
      other side: from having the attribute, as the classifier sees it, to not having it, or back.

  Returns:
    [5, 5], shares of the codes: row i is the edit of attribute i, column j the verdict on j.
  """
  space = boundaries[0].latent_space
  before = judge(generator, classifier, codes, space) > 0
  shares = []
  for index, boundary in enumerate(boundaries):
    step = deviations * np.std(boundary.coordinate(codes))
    signed = np.where(before[:, index], -step, step)
    moved = (codes + signed[:, np.newaxis] * boundary.normal).astype(np.float32)
    shares.append(((judge(generator, classifier, moved, space) > 0) != before).mean(axis=0))
  return np.array(shares)
