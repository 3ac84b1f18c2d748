"""Attackers who have never seen a release: they learn on originals, and are shown releases."""

import numpy as np

from privai_tf.evaluation.attackers.base import Attacker, Observed
from privai_tf.evaluation.attackers.network import Network
from privai_tf.privacy.audit.residual import fit_classifier


class Fixed(Attacker):
  """A logistic regression on original codes."""

  name = "fixed"
  summary = "fixed: learnt on originals' codes"

  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    self._probe = fit_classifier("logistic", originals.codes[0], labels, self.seed)

  def guess(self, releases: Observed) -> np.ndarray:
    return self._probe(releases.codes[0])


class FixedNetwork(Network):
  """The image network, on original pictures."""

  name = "fixed_network"
  summary = "fixed: learnt on originals' pictures"

  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    self._train(originals.pictures(), labels)
