"""Privacy loss distributions (PLD) of elementary events on a grid, always upper bounds.

A mechanism whose curve delta(epsilon) is known in closed form becomes a PLD by "connect the dots"
(Doroshenko et al. 2022): an upper bound whose error is of second order in the grid's step.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from privai_tf.privacy.accounting.events import PrivacyParameters, event_claim

# Supports in grid steps, of one release and of all together: beyond them the grid is made coarser,
# which stays an upper bound. A release of 50 at a step of 0.0016 errs upwards by 2e-8.
_LARGEST_RELEASE = 50_000
_LARGEST_SUPPORT = 4_000_000


def choose_grid(
  largest_loss: float, total_loss: float, kinds: int = 1, finest: float = 1e-4
) -> float:
  """A power-of-two multiple of `finest` that keeps time at about a second.

  The error grows with the square of the step, and larger losses bear a larger one.

  Args:
    largest_loss: of one release.
    total_loss: of all together.
    kinds: how many different releases there are; each needs a distribution of its own.
    finest: the least step.
  """
  grid, support = finest, _LARGEST_SUPPORT / math.sqrt(kinds)
  while largest_loss / grid > _LARGEST_RELEASE or total_loss / grid > support:
    grid *= 2
  return grid


def event_distribution(event: Any, count: int, grid: float) -> Any:
  """PLD of `count` releases of one elementary event.

  Args:
    event: an event that `events.flatten` lets through.
    count: how many releases.
    grid: step of the privacy loss.

  Returns:
    `dp_accounting.pld.privacy_loss_distribution.PrivacyLossDistribution`.
  """
  from dp_accounting import dp_event
  from dp_accounting.pld import privacy_loss_distribution as pld

  if isinstance(event, dp_event.GaussianDpEvent):
    return pld.from_gaussian_mechanism(
      event.noise_multiplier / math.sqrt(count), value_discretization_interval=grid
    )
  if isinstance(event, dp_event.PoissonSampledDpEvent):
    one = pld.from_gaussian_mechanism(
      event.event.noise_multiplier,
      sampling_prob=event.sampling_probability,
      value_discretization_interval=grid,
    )
  elif isinstance(event, dp_event.LaplaceDpEvent):
    # The same distribution as `pld.from_laplace_mechanism`, which takes ten times as long.
    pure = event_claim(event).epsilon
    one = _from_curve(lambda losses: _laplace_curve(losses, pure), pure, 0.0, grid)
  elif isinstance(event, dp_event.DiscreteLaplaceDpEvent):
    rate, shift = event.noise_parameter, event.sensitivity
    one = _from_curve(
      lambda losses: _discrete_laplace_curve(losses, rate, shift), rate * shift, 0.0, grid
    )
  else:
    claim = event_claim(event)
    one = _from_curve(lambda losses: _worst_curve(losses, claim), claim.epsilon, claim.delta, grid)
  return one.self_compose(count) if count > 1 else one


def _laplace_curve(losses: np.ndarray, pure: float) -> np.ndarray:
  """delta at `losses` >= 0 of continuous Laplace noise; see `curves.laplace_delta`."""
  return np.maximum(0.0, -np.expm1((losses - pure) / 2))


def _worst_curve(losses: np.ndarray, claim: PrivacyParameters) -> np.ndarray:
  """delta at `losses` >= 0 of the worst (epsilon, delta)-DP mechanism (Kairouz et al. 2015)."""
  below = np.minimum(losses - claim.epsilon, 0.0)
  pure = -np.expm1(below) / (1 + math.exp(-claim.epsilon))
  return claim.delta + (1 - claim.delta) * pure


def _discrete_laplace_curve(losses: np.ndarray, rate: float, shift: int) -> np.ndarray:
  """delta at `losses` >= 0 of integer noise `∝ exp(-rate |n|)` at two inputs `shift` apart.

  The event is {output <= j}, with j the last output whose loss `rate (shift - 2j)` is enough.
  """
  last = np.floor((shift - losses / rate) / 2)
  keep = np.log1p(math.exp(-rate))
  gain = 1 - np.exp(-rate * (last + 1) - keep)
  loss = np.exp(losses - rate * (shift - last) - keep)
  return np.where(last >= 0, gain - loss, 0.0)


def _from_curve(
  curve: Callable[[np.ndarray], np.ndarray], bound: float, delta: float, grid: float
) -> Any:
  """PLD of a symmetric pair from its curve at losses >= 0, which is `delta` from `bound` on."""
  from dp_accounting.pld import pld_pmf
  from dp_accounting.pld import privacy_loss_distribution as pld

  top = math.ceil(bound / grid)
  losses = grid * np.arange(top + 1)
  upper = np.clip(curve(losses), delta, 1.0)
  upper[-1] = delta
  # Symmetric pairs: D(-x) = 1 - e^-x (1 - D(x)).
  lower = 1 - np.exp(-losses[:0:-1]) * (1 - upper[:0:-1])
  deltas = np.concatenate([lower, upper])
  # Rounding may break monotonicity in the last bits; raising a value keeps it an upper bound.
  deltas = np.clip(np.maximum.accumulate(deltas[::-1])[::-1], 0.0, 1.0)
  return pld.PrivacyLossDistribution(
    pld_pmf.create_pmf_pessimistic_connect_dots_fixed_gap(grid, -top, top, deltas)
  )
