"""Always the commoner label: what is guessed without looking."""

import numpy as np

from privai_tf.evaluation.attackers.base import Attacker, Observed


class Majority(Attacker):
  """The floor; on balanced faces it is right half of the time."""

  name = "majority"
  sees = "nothing"
  summary = "blind guess"

  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    self._label = bool(2 * np.count_nonzero(labels) >= len(labels))

  def guess(self, releases: Observed) -> np.ndarray:
    return np.full(releases.codes.shape[1], self._label)
