"""Several scorers as one: each picture is drawn once and read by all."""

import hashlib
from collections.abc import Sequence

import numpy as np

from privai_tf.attributes.scorers.scorer import Scorer, columns, odds_to_probabilities


class JoinedScorer:
  """See `Scorer`; the attributes of all, in order."""

  def __init__(self, scorers: Sequence[Scorer]):
    """Args: `scorers`, whose attributes differ."""
    self._scorers = list(scorers)
    self.attributes = tuple(name for scorer in scorers for name in scorer.attributes)
    self.resolution = max(scorer.resolution for scorer in scorers)
    self.provenance = {", ".join(scorer.attributes): scorer.provenance for scorer in self._scorers}

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of the scorers' fingerprints."""
    prints = "".join(scorer.fingerprint for scorer in self._scorers)
    return hashlib.sha256(prints.encode()).hexdigest()

  def scores(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.scores`."""
    return np.concatenate([scorer.scores(images) for scorer in self._scorers], axis=1)

  def probabilities(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.probabilities`."""
    return odds_to_probabilities(self.scores(images))

  def select(self, attributes: tuple[str, ...]) -> "JoinedScorer":
    """See `Scorer.select`."""
    wanted = {self.attributes[column] for column in columns(self.attributes, attributes)}
    parts = [
      scorer.select(tuple(name for name in scorer.attributes if name in wanted))
      for scorer in self._scorers
      if wanted & set(scorer.attributes)
    ]
    return JoinedScorer(parts)
