"""The attack on clipped noise: what is published lies at plus or minus tau from the truth.

`reference_postclip` adds noise that was clipped to [-tau, tau] to a coordinate that was not. Most of
the noise lies at its two ends, so a release y says: the coordinate was y - tau or y + tau (or, less
likely, between). Whoever looks at both knows the side, almost always.
"""

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.attackers.base import Attacker, Known, Observed

_STEPS = 201


class TwoSided(Attacker):
  """Posterior odds of the two ends and what lies between, by a smoothed public density."""

  name = "two_sided"
  sees = "noise"
  summary = "two-sided: looks at y - tau and y + tau"

  def __init__(self, known: Known, seed: int = 0):
    super().__init__(known, seed)
    mechanism = known.prepared.mechanism
    if mechanism.name != "reference_postclip":
      raise ConfigurationError(
        f"The two-sided attacker is against reference_postclip; {mechanism.name} clips no noise."
      )
    from scipy import stats

    tau, sigma = mechanism.clip_radius, mechanism.noise_scale
    places = np.linspace(-tau, tau, _STEPS)
    inside = stats.norm.pdf(places, scale=sigma) * (places[1] - places[0])
    ends = stats.norm.sf(tau, scale=sigma)
    self._shifts = np.concatenate([places, [-tau, tau]])
    self._weights = np.concatenate([inside, [ends, ends]])
    self._densities = [
      stats.gaussian_kde(known.numbers[known.sides == side, 0]) for side in (True, False)
    ]

  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    """Has nothing to learn: it knows the mechanism."""

  def guess(self, releases: Observed) -> np.ndarray:
    released = releases.noisy[0, :, 0]
    grid = np.linspace(*np.quantile(released, [0, 1]) + 1.1 * np.array([-1, 1]) * self._reach, 4001)
    tables = [density(grid) for density in self._densities]
    places = released[:, np.newaxis] - self._shifts
    likelier, other = (np.interp(places, grid, table) @ self._weights for table in tables)
    return likelier > other

  @property
  def _reach(self) -> float:
    return float(self._shifts.max())
