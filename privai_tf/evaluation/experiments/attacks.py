"""One kind of release, attacked: every attacker on every attribute, tested on faces it never saw."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from privai_tf.evaluation.attackers import Known, Observed, make_attacker
from privai_tf.evaluation.attackers.reading import Reading, make_reading
from privai_tf.evaluation.experiments.experiment import Row
from privai_tf.evaluation.experiments.faces import Faces, balanced, folds
from privai_tf.evaluation.experiments.intervals import share
from privai_tf.evaluation.experiments.releases import pictures_of, released_and_noisy
from privai_tf.inversion.optimizer import find_codes
from privai_tf.privacy.audit.residual import sides_of
from privai_tf.privacy.prepared import PreparedRelease

# What an attacker's accuracy is a share of: all balanced faces, each tested once.
_FOLDS = 2


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
  """Releases of the first `count` faces, for any number of attackers and attributes.

  Attributes:
    faces, prepared: what is released, and how.
    count: faces.
    releases: of each face.
    axes: float64 [D, q], that attackers look along in scope "image"; see `reading_axes`.
  """

  faces: Faces
  prepared: PreparedRelease
  count: int
  releases: int = 1
  axes: np.ndarray | None = None

  @property
  def originals(self) -> np.ndarray:
    """Codes before their release, float32 [n, ...]."""
    return self.faces.codes[: self.count]

  @functools.cached_property
  def _drawn(self) -> tuple[np.ndarray, np.ndarray]:
    return released_and_noisy(self.prepared, self.originals, self.releases)

  @property
  def released(self) -> np.ndarray:
    """float32 [releases, n, ...]."""
    return self._drawn[0]

  @functools.cached_property
  def reading(self) -> Reading:
    """How attackers read codes."""
    return make_reading(self.prepared, self.faces.calibration.codes, self.axes)

  @functools.cached_property
  def pictures(self) -> np.ndarray:
    """Of the first releases."""
    return pictures_of(self.faces, self.released[0])

  @functools.cached_property
  def seen_originals(self) -> Observed:
    """The faces before their release, as attackers have them to learn from."""
    rows = np.arange(len(self.originals))
    pictures = functools.cache(lambda: self.faces.pictures(rows))
    return Observed(self.reading(self.originals)[np.newaxis], pictures=pictures)

  @functools.cached_property
  def seen(self) -> Observed:
    """The releases, as attackers have them."""
    path, generator = self.faces.path, self.faces.generator
    return Observed(
      np.stack([self.reading(one) for one in self.released]),
      self._drawn[1],
      lambda: self.pictures,
      functools.cache(lambda: self.reading(find_codes(self.pictures, generator, path))),
    )

  def known(self, attribute: str) -> Known:
    """What is public, for attackers of an attribute."""
    sides = sides_of(self.faces.boundary(attribute), self.faces.calibration.codes)
    return Known(self.prepared, self._public_numbers, sides)

  @functools.cached_property
  def _public_numbers(self) -> np.ndarray:
    return self.prepared.layout.parts(self.faces.calibration.codes.astype(np.float64))[0]

  def attack(self, attribute: str, attackers: Sequence[str], seed: int = 0) -> list[Row]:
    """Trains attackers on half of the faces and tests them on the other half, and vice versa.

    Args:
      attribute: what is guessed.
      attackers: names.
      seed: of the balance, the splits and the attackers.

    Returns:
      A row an attacker: its accuracy over all balanced faces, with a 99% interval.
    """
    labels = self.faces.labels(attribute)[: self.count]
    chosen = balanced(labels, len(labels), seed)
    labels = labels[chosen]
    originals, releases = self.seen_originals.rows(chosen), self.seen.rows(chosen)
    known = self.known(attribute)
    right = dict.fromkeys(attackers, 0)
    for number, (trained, tested) in enumerate(folds(labels, seed, _FOLDS)):
      for name in attackers:
        attacker = make_attacker(name, known, seed + number)
        attacker.fit(originals.rows(trained), releases.rows(trained), labels[trained])
        guesses = attacker.guess(releases.rows(tested))
        right[name] += int((guesses == labels[tested]).sum())
    return [_row(attribute, name, hits, len(labels)) for name, hits in right.items()]


def _row(attribute: str, name: str, hits: int, tested: int) -> Row:
  found = dataclasses.asdict(share(hits, tested))
  return {
    "attribute": attribute,
    "kind": "attack",
    "measure": name,
    "count": tested,
    **found,
  }
