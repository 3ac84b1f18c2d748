"""epsilon and delta of a sequence of releases, of the same or of mixed mechanisms.

The sequence is fixed in advance (stopping early is allowed); for parameters that are chosen in view
of earlier outputs use basic composition or the ledger's `adaptive` rule.
"""

import collections
import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.checks import check_delta, check_epsilon
from privai_tf.privacy.accounting.curves import (
  gaussian_delta,
  gaussian_epsilon,
  laplace_epsilon,
)
from privai_tf.privacy.accounting.events import PrivacyParameters, event_claim, flatten
from privai_tf.privacy.accounting.loss_distribution import (
  choose_grid,
  event_losses,
  largest_loss,
  subsampled_distribution,
)
from privai_tf.privacy.accounting.losses import Losses, added, infinite_mass
from privai_tf.privacy.accounting.pure import pure_composed, pure_delta

# Below it the rounding errors of the Fourier transforms are no longer small against delta.
_LEAST_FOURIER_DELTA = 1e-12
# A million releases of 0.01 take half a second, and err by less than 1e-4 of what they cost.
STEPS = 4_000_000


def compose(
  events: Iterable[Any], delta: float, *, grid: float = 1e-4, steps: int = STEPS
) -> float:
  """epsilon at `delta` of all releases together: never below the true value.

  Closed forms where they exist (Gaussian only; one Laplace; one pure mechanism repeated), a privacy
  loss distribution otherwise, and never more than basic composition.

  Args:
    events: `dp_accounting` events or `PrivacyParameters`, one for each release.
    delta: in [0, 1).
    grid: step of the privacy loss; a finer one is tighter and slower.
    steps: how many of them all releases may take before the grid is made coarser.

  Returns:
    epsilon >= 0; infinite where no finite value holds (Gaussian noise at delta 0).

  Raises:
    ConfigurationError: for a delta out of its range, or an event that `flatten` refuses.
  """
  delta = check_delta(delta)
  counts = _merge_gaussians(flatten(events))
  if not counts:
    return 0.0
  bound = _basic(counts, delta)
  if len(counts) == 1:
    event, count = next(iter(counts.items()))
    closed = _closed_form(event, count, delta)
    if closed is not None:
      return min(bound, closed)
    if (claim := event_claim(event)) is not None and delta:
      bound = min(bound, _worst_epsilon(delta, claim.epsilon, claim.delta, count))
  if delta < _LEAST_FOURIER_DELTA:
    return bound
  return min(bound, _nudge(_epsilon(counts, delta, grid, steps)))


def compose_delta(events: Iterable[Any], epsilon: float, *, grid: float = 1e-4) -> float:
  """delta at `epsilon` of all releases together, by the same means as `compose`.

  Args:
    events: `dp_accounting` events or `PrivacyParameters`, one for each release.
    epsilon: >= 0.
    grid: step of the privacy loss.

  Returns:
    In [0, 1]; an upper bound.

  Raises:
    ConfigurationError: for an epsilon out of its range, or an event that `flatten` refuses.
  """
  from dp_accounting import dp_event

  epsilon = check_epsilon(epsilon, allow_zero=True)
  counts = _merge_gaussians(flatten(events))
  if not counts:
    return 0.0
  if len(counts) == 1:
    event, count = next(iter(counts.items()))
    if isinstance(event, dp_event.GaussianDpEvent):
      return gaussian_delta(epsilon, event.noise_multiplier)
    if _is_worst_case(event):
      claim = event_claim(event)
      return _worst_delta(epsilon, claim.epsilon, claim.delta, count)
  if _basic(counts, 0.0) <= epsilon:
    return 0.0
  if _is_subsampled(counts):
    return min(1.0, float(_subsampled(counts, grid).get_delta_for_epsilon(epsilon)))
  return _composed(*_on_grid(counts, grid, STEPS)).delta(epsilon)


def compose_rdp(events: Iterable[Any], delta: float) -> float:
  """epsilon at `delta` by Renyi accounting: looser, by an independent road, hence the cross-check.

  Pure mechanisms other than Laplace enter as `epsilon^2 / 2`-zCDP (Bun and Steinke 2016), integer
  Laplace noise as continuous noise of its epsilon, which it may cost a little more than
  (docs/proofs.md, section 5): a check, no bound.

  Args:
    events: `dp_accounting` events or `PrivacyParameters`, one for each release.
    delta: in (0, 1).

  Raises:
    ConfigurationError: for a delta out of its range, an event that `flatten` refuses, or a claim
      that has a delta, which bounds no Renyi divergence.
  """
  import dp_accounting
  from dp_accounting import dp_event

  accountant = dp_accounting.rdp.RdpAccountant()
  for event, count in flatten(events).items():
    claim = event_claim(event)
    if isinstance(event, dp_event.DiscreteLaplaceDpEvent):
      event = dp_event.LaplaceDpEvent(1 / claim.epsilon)
    elif claim is not None and not isinstance(event, dp_event.LaplaceDpEvent):
      if claim.delta > 0:
        raise ConfigurationError(f"{event}: a claim with delta has no Renyi divergence")
      event = dp_event.ZCDpEvent(claim.epsilon**2 / 2)
    accountant.compose(event, count)
  return float(accountant.get_epsilon(check_delta(delta, allow_zero=False)))


def _merge_gaussians(counts: collections.Counter) -> collections.Counter:
  """Replaces all Gaussian releases by the single one that they equal: 1/s^2 adds up."""
  from dp_accounting import dp_event

  gaussians = [event for event in counts if isinstance(event, dp_event.GaussianDpEvent)]
  merged = collections.Counter({e: n for e, n in counts.items() if e not in set(gaussians)})
  if len(gaussians) == 1 and counts[gaussians[0]] == 1:
    merged[gaussians[0]] = 1
  elif gaussians:
    if any(event.noise_multiplier <= 0 for event in gaussians):
      raise ConfigurationError("a gaussian release without noise: its loss cannot be bounded")
    # mu = 1/s adds up in squares (Dong, Roth and Su, "Gaussian differential privacy", 2022).
    precision = math.fsum(counts[event] / event.noise_multiplier**2 for event in gaussians)
    merged[dp_event.GaussianDpEvent(math.nextafter(1 / math.sqrt(precision), 0))] = 1
  return merged


def _basic(counts: Mapping[Any, int], delta: float) -> float:
  """Basic composition: epsilons and deltas add up; the Gaussian part gets what delta is left."""
  from dp_accounting import dp_event

  epsilons, spent, gaussian = [], [], None
  for event, count in counts.items():
    claim = event_claim(event)
    if claim is not None:
      epsilons.append(count * claim.epsilon)
      spent.append(count * claim.delta)
    elif isinstance(event, dp_event.GaussianDpEvent):
      gaussian = event.noise_multiplier
    else:
      return math.inf
  left = delta - math.fsum(spent)
  if left < 0 or (gaussian is not None and left <= 0):
    return math.inf
  if gaussian is not None:
    epsilons.append(gaussian_epsilon(left, gaussian))
  return epsilons[0] if len(epsilons) == 1 else math.nextafter(math.fsum(epsilons), math.inf)


def _closed_form(event: Any, count: int, delta: float) -> float | None:
  """epsilon of `count` equal releases where a formula gives it, else None."""
  from dp_accounting import dp_event

  if isinstance(event, dp_event.GaussianDpEvent):
    return _basic({event: count}, delta)  # already exact
  if isinstance(event, dp_event.LaplaceDpEvent) and count == 1:
    return laplace_epsilon(delta, event_claim(event).epsilon)
  if _is_worst_case(event) and delta:
    claim = event_claim(event)
    return _worst_epsilon(delta, claim.epsilon, claim.delta, count)
  return None


def _is_worst_case(event: Any) -> bool:
  """Whether the event is the worst of those that meet its claim."""
  from dp_accounting import dp_event

  binary = isinstance(event, dp_event.RandomizedResponseDpEvent) and event.num_buckets == 2
  return binary or isinstance(event, PrivacyParameters)


def _worst_delta(epsilon: float, pure: float, lost: float, count: int) -> float:
  """delta of the worst (pure, lost)-DP releases: all is lost if one is (Kairouz et al., 2015)."""
  # Theorem 3.3 there: 1 - (1 - lost)^n (1 - delta of the pure parts).
  left = pure_delta(epsilon, pure, count)
  any_lost = -math.expm1(count * math.log1p(-lost))
  return left if lost == 0 else min(1.0, (any_lost + (1 - any_lost) * left) * (1 + 1e-15))


def _worst_epsilon(delta: float, pure: float, lost: float, count: int) -> float:
  """Inverse of `_worst_delta`; infinite where more is lost than `delta`."""
  any_lost = -math.expm1(count * math.log1p(-lost)) * (1 + 1e-15)
  if lost > 0:
    delta = (delta - any_lost) / (1 - any_lost) * (1 - 1e-15) - 1e-16 * any_lost
  return pure_composed(delta, pure, count) if delta > 0 else math.inf


def _epsilon(counts: Mapping[Any, int], delta: float, grid: float, steps: int) -> float:
  """epsilon at `delta` by the distribution of all losses' sum."""
  if _is_subsampled(counts):
    return float(_subsampled(counts, grid).get_epsilon_for_delta(delta))
  events, step = _on_grid(counts, grid, steps)
  parts = [(event_losses(event, step), count) for event, count in events]
  # Told before the work: nothing finite holds.
  return math.inf if infinite_mass(parts) > delta else _composed(events, step).epsilon(delta)


def _on_grid(
  counts: Mapping[Any, int], grid: float, steps: int
) -> tuple[tuple[tuple[Any, int], ...], float]:
  """The events in an order of their own, and the step that keeps their sum short."""
  step = choose_grid([(largest_loss(event), n) for event, n in counts.items()], grid, steps)
  return tuple(sorted(counts.items(), key=repr)), step


@functools.lru_cache(maxsize=4)
def _composed(counts: tuple[tuple[Any, int], ...], grid: float) -> Losses:
  """Losses of (event, count) pairs; the last few are kept, for other deltas of the same releases."""
  return added([(event_losses(event, grid), count) for event, count in counts])


def _is_subsampled(counts: Mapping[Any, int]) -> bool:
  from dp_accounting import dp_event

  return any(isinstance(event, dp_event.PoissonSampledDpEvent) for event in counts)


@functools.lru_cache(maxsize=4)
def _subsampled_parts(counts: tuple[tuple[Any, int], ...], grid: float) -> Any:
  parts = [subsampled_distribution(event, count, grid) for event, count in counts]
  return functools.reduce(lambda one, other: one.compose(other), parts)


def _subsampled(counts: Mapping[Any, int], grid: float) -> Any:
  """`dp_accounting`'s distribution of everything, where an event has no symmetric curve."""
  return _subsampled_parts(tuple(sorted(counts.items(), key=repr)), grid)


def _nudge(epsilon: float) -> float:
  """Covers the rounding of the grid's sums: the worst seen against exact values is 7e-13."""
  return epsilon * (1 + 2e-12)
