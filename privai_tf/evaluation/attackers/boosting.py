"""Gradient-boosted trees on what is read from releases, with true labels."""

import numpy as np

from privai_tf.evaluation.attackers.base import Attacker, Observed
from privai_tf.privacy.audit.residual import fit_classifier


class Boosting(Attacker):
  """Adaptive, on the code of the first release."""

  name = "boosting"
  summary = "adaptive, boosted trees on codes"

  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    self._probe = fit_classifier("boosting", self._seen(releases), labels, self.seed)

  def guess(self, releases: Observed) -> np.ndarray:
    return self._probe(self._seen(releases))

  def _seen(self, releases: Observed) -> np.ndarray:
    return releases.codes[0]


class Averaging(Boosting):
  """Adaptive, on the average of all releases of one face."""

  name = "averaging"
  summary = "adaptive, averages the releases of a face"

  def _seen(self, releases: Observed) -> np.ndarray:
    return releases.codes.mean(axis=0)


class Reinverting(Boosting):
  """Adaptive; has pictures only, and reads their codes with the release path's own encoder."""

  name = "reinverting"
  sees = "pictures"
  summary = "adaptive, inverts the released picture"

  def _seen(self, releases: Observed) -> np.ndarray:
    return releases.reinverted()
