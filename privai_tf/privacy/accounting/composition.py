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
  pure_delta,
)
from privai_tf.privacy.accounting.events import event_claim, flatten
from privai_tf.privacy.accounting.loss_distribution import choose_grid, event_distribution

# Below it the rounding errors of the Fourier transforms are no longer small against delta.
_LEAST_FOURIER_DELTA = 1e-12


def compose(events: Iterable[Any], delta: float, *, grid: float = 1e-4) -> float:
  """epsilon at `delta` of all releases together: never below the true value.

  Closed forms where they exist (Gaussian only; one Laplace; one pure mechanism repeated), a privacy
  loss distribution otherwise, and never more than basic composition.

  Args:
    events: `dp_accounting` events or `PrivacyParameters`, one for each release.
    delta: in [0, 1).
    grid: step of the privacy loss; a finer one is tighter and slower.

  Returns:
    epsilon >= 0; infinite where no finite value holds (Gaussian noise at delta 0).
  """
  delta = check_delta(delta)
  counts = _merge_gaussians(flatten(events))
  if not counts:
    return 0.0
  bound = _basic(counts, delta)
  if len(counts) == 1:
    closed = _closed_form(*next(iter(counts.items())), delta)
    if closed is not None:
      return min(bound, closed)
  if delta < _LEAST_FOURIER_DELTA:
    return bound
  distribution = _distribution(counts, grid)
  return min(bound, _nudge(float(distribution.get_epsilon_for_delta(delta))))


def compose_delta(events: Iterable[Any], epsilon: float, *, grid: float = 1e-4) -> float:
  """delta at `epsilon` of all releases together, by the same means as `compose`.

  Args:
    events: `dp_accounting` events or `PrivacyParameters`, one for each release.
    epsilon: >= 0.
    grid: step of the privacy loss.
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
    if isinstance(event, dp_event.RandomizedResponseDpEvent) and event.num_buckets == 2:
      return pure_delta(epsilon, event_claim(event).epsilon, count)
  if _basic(counts, 0.0) <= epsilon:
    return 0.0
  return min(1.0, float(_distribution(counts, grid).get_delta_for_epsilon(epsilon)))


def compose_rdp(events: Iterable[Any], delta: float) -> float:
  """epsilon at `delta` by Renyi accounting: looser, by an independent road, hence the cross-check.

  Pure mechanisms other than Laplace enter as `epsilon^2 / 2`-zCDP (Bun and Steinke 2016).
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
  if isinstance(event, dp_event.RandomizedResponseDpEvent) and event.num_buckets == 2 and delta:
    pure = event_claim(event).epsilon
    low, high = 0.0, count * pure
    if pure_delta(low, pure, count) <= delta:
      return 0.0
    while high - low > 1e-13 * high:
      middle = (low + high) / 2
      low, high = (low, middle) if pure_delta(middle, pure, count) <= delta else (middle, high)
    return high
  return None


def _distribution(counts: collections.Counter, grid: float) -> Any:
  """PLD of everything in `counts`."""
  losses = [_basic({event: 1}, _LEAST_FOURIER_DELTA) for event in counts]
  losses = [loss if math.isfinite(loss) else 0.0 for loss in losses]
  total = math.fsum(loss * n for loss, n in zip(losses, counts.values(), strict=True))
  grid = choose_grid(max(losses), total, len(counts), grid)
  return _composed(tuple(sorted(counts.items(), key=repr)), grid)


@functools.lru_cache(maxsize=4)
def _composed(counts: tuple[tuple[Any, int], ...], grid: float) -> Any:
  """PLD of (event, count) pairs; the last few are kept, for other deltas of the same releases."""
  parts = [event_distribution(event, count, grid) for event, count in counts]
  # In pairs, then pairs of pairs: one after the other, all of a thousand would be as long as the last.
  while len(parts) > 1:
    pairs = [one.compose(other) for one, other in zip(parts[::2], parts[1::2], strict=False)]
    parts = pairs + parts[len(pairs) * 2 :]
  return parts[0]


def _nudge(epsilon: float) -> float:
  """Covers the rounding of the grid's sums: the worst seen against exact values is 7e-13."""
  return epsilon * (1 + 2e-12)
