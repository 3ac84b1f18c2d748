"""A logistic regression on the codes of releases, with true labels."""

import numpy as np

from privai_tf.evaluation.attackers.base import Attacker, Observed
from privai_tf.privacy.audit.residual import fit_classifier


class Linear(Attacker):
  """Adaptive: has releases of its own faces to learn from."""

  name = "linear"
  summary = "adaptive, linear on codes"

  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    self._probe = fit_classifier("logistic", self._seen(releases), labels, self.seed)

  def guess(self, releases: Observed) -> np.ndarray:
    return self._probe(self._seen(releases))

  def _seen(self, releases: Observed) -> np.ndarray:
    return releases.codes.mean(axis=0)
