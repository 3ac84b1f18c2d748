"""Privacy losses of elementary events on a grid, always upper bounds.

A mechanism whose curve delta(epsilon) is known in closed form becomes a distribution of losses by
"connect the dots" (Doroshenko et al. 2022): an upper bound whose error is of second order in the
grid's step.
"""

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from privai_tf.privacy.accounting.events import PrivacyParameters, event_claim
from privai_tf.privacy.accounting.losses import Losses

# Largest loss of one release in grid steps: beyond it the grid is made coarser, which stays an upper
# bound. A release of 50 at a step of 0.0016 errs upwards by 2e-8.
_LARGEST_RELEASE = 50_000
# Of a sum of losses, in units of the root of the sum of their squared bounds (Hoeffding).
_REACH = 8.4
# Of Gaussian noise beyond so many standard deviations less than 1e-18 is left.
_GAUSSIAN_REACH = 9.0


def largest_loss(event: Any) -> float:
  """Bound of an event's loss, but for what is less likely than 1e-18."""
  from dp_accounting import dp_event

  if isinstance(event, dp_event.GaussianDpEvent):
    precision = 1 / event.noise_multiplier
    return precision * (precision / 2 + _GAUSSIAN_REACH)
  return event_claim(event).epsilon


def choose_grid(counts: Iterable[tuple[float, int]], finest: float, steps: int) -> float:
  """A power-of-two multiple of `finest` that bounds the time.

  The error grows with the square of the step, and larger losses bear a larger one.

  Args:
    counts: pairs of a release's largest loss, and how many such releases there are.
    finest: the least step.
    steps: how many the sum of all losses may have.
  """
  counts = list(counts)
  largest = max(loss for loss, _ in counts)
  total = math.fsum(loss * count for loss, count in counts)
  spread = math.sqrt(math.fsum(loss * loss * count for loss, count in counts))
  support, grid = 2 * min(total, _REACH * spread), finest
  while largest / grid > _LARGEST_RELEASE or support / grid > steps:
    grid *= 2
  return grid


@functools.lru_cache(maxsize=128)
def event_losses(event: Any, grid: float) -> Losses:
  """Losses of one elementary event, other than a subsampled one.

  Args:
    event: an event that `events.flatten` lets through.
    grid: step of the privacy loss.
  """
  from dp_accounting import dp_event

  if isinstance(event, dp_event.GaussianDpEvent):
    multiplier, bound = event.noise_multiplier, largest_loss(event)
    return _connected(lambda losses: _gaussian_curve(losses, multiplier), bound, None, grid)
  claim = event_claim(event)
  if isinstance(event, dp_event.LaplaceDpEvent):
    return _connected(
      lambda losses: _laplace_curve(losses, claim.epsilon), claim.epsilon, 0.0, grid
    )
  if isinstance(event, dp_event.DiscreteLaplaceDpEvent):
    rate, shift = event.noise_parameter, event.sensitivity
    return _connected(
      lambda losses: _discrete_laplace_curve(losses, rate, shift), rate * shift, 0.0, grid
    )
  return _connected(lambda losses: _worst_curve(losses, claim), claim.epsilon, claim.delta, grid)


def subsampled_distribution(event: Any, count: int, grid: float) -> Any:
  """`dp_accounting`'s distribution of `count` releases of any event; slower than `event_losses`.

  Args:
    event: a `PoissonSampledDpEvent` of Gaussian noise, or what `event_losses` takes.
    count: how many, >= 1.
    grid: step of the privacy loss, > 0.

  Returns:
    A `PrivacyLossDistribution` that bounds the losses from above.
  """
  from dp_accounting import dp_event
  from dp_accounting.pld import pld_pmf
  from dp_accounting.pld import privacy_loss_distribution as pld

  if isinstance(event, dp_event.PoissonSampledDpEvent):
    one = pld.from_gaussian_mechanism(
      event.event.noise_multiplier,
      sampling_prob=event.sampling_probability,
      value_discretization_interval=grid,
    )
  else:
    losses = event_losses(event, grid)
    first = round(losses.start / grid)
    one = pld.PrivacyLossDistribution(
      pld_pmf.DensePLDPmf(grid, first, losses.probabilities, losses.infinity, True)
    )
  return one.self_compose(count) if count > 1 else one


def _gaussian_curve(losses: np.ndarray, multiplier: float) -> np.ndarray:
  """delta at `losses` >= 0 of Gaussian noise; see `curves.gaussian_delta`."""
  from scipy import special

  half, slopes = 0.5 / multiplier, losses * multiplier
  return special.ndtr(half - slopes) - np.exp(losses + special.log_ndtr(-half - slopes))


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


def _connected(
  curve: Callable[[np.ndarray], np.ndarray], bound: float, delta: float | None, grid: float
) -> Losses:
  """Losses of a symmetric pair from its curve at losses >= 0, which is `delta` from `bound` on.

  The curve's points are connected by what is linear in exp(loss), which lies above it.

  Args:
    curve: delta at an array of losses.
    bound: the largest loss.
    delta: what is left there; None: whatever the curve says.
    grid: step of the losses.
  """
  top = math.ceil(bound / grid)
  losses = grid * np.arange(top + 1)
  upper = np.clip(curve(losses), delta or 0.0, 1.0)
  if delta is not None:
    upper[-1] = delta
  # Symmetric pairs: D(-x) = 1 - e^-x (1 - D(x)).
  lower = 1 - np.exp(-losses[:0:-1]) * (1 - upper[:0:-1])
  deltas = np.concatenate([lower, upper])
  # Rounding may break monotonicity in the last bits; raising a value keeps it an upper bound.
  deltas = np.clip(np.maximum.accumulate(deltas[::-1])[::-1], 0.0, 1.0)
  # Algorithm 1 of Doroshenko et al., with the masses of neighbours written as differences.
  falls, growth = -np.diff(deltas), math.expm1(grid)
  probabilities = np.empty(len(deltas))
  probabilities[0] = (1 - deltas[0]) - falls[0] / growth
  probabilities[1:-1] = (math.exp(grid) * falls[:-1] - falls[1:]) / growth
  probabilities[-1] = falls[-1] / -math.expm1(-grid)
  return Losses(-top * grid, grid, np.maximum(probabilities, 0.0), float(deltas[-1]))
