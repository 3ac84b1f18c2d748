"""What an attacker is, what it knows, and what it sees."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Known:
  """What is public about a release, and so known to every attacker.

  Attributes:
    prepared: the calibrated release; its mechanisms, layout and rest noise.
    numbers: float64 [m, k], what the mechanisms get of public faces.
    sides: bool [m], on which side of the attacked attribute's boundary these lie.
  """

  prepared: Any
  numbers: np.ndarray
  sides: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Observed:
  """n faces, as an attacker has them.

  Attributes:
    codes: float64 [r, n, f]: what is read from r releases of each (originals: r = 1), in units of
      their public spread; see `reading`.
    noisy: float64 [r, n, k]: the mechanisms' outputs before decoding, which nobody publishes: what
      the Bayes attacker is given; None for originals.
    pictures: makes float32 [n, R, R, 3] in [-1, 1], of the first release; None: not to be had.
    reinverted: makes float64 [n, f]: what is read from codes of these pictures; None: likewise.
  """

  codes: np.ndarray
  noisy: np.ndarray | None = None
  pictures: Callable[[], np.ndarray] | None = None
  reinverted: Callable[[], np.ndarray] | None = None

  def rows(self, rows: np.ndarray) -> "Observed":
    """Some of the faces."""
    return Observed(
      self.codes[:, rows],
      None if self.noisy is None else self.noisy[:, rows],
      self.pictures and (lambda: self.pictures()[rows]),
      self.reinverted and (lambda: self.reinverted()[rows]),
    )


class Attacker(abc.ABC):
  """Guesses the attribute of released faces, after it has learnt on others.

  Class attributes:
    name: what tables call it.
    sees: "codes", "pictures" (then they have to be drawn), "noise" or "nothing".
    summary: in a few words, for tables and legends.
  """

  name: ClassVar[str]
  sees: ClassVar[str] = "codes"
  summary: ClassVar[str]

  def __init__(self, known: Known, seed: int = 0):
    self.known, self.seed = known, seed

  @abc.abstractmethod
  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    """Learns.

    Args:
      originals: faces before their release.
      releases: the same faces, released.
      labels: bool [n], true.
    """

  @abc.abstractmethod
  def guess(self, releases: Observed) -> np.ndarray:
    """Labels of released faces that were not learnt on, bool [n]."""
