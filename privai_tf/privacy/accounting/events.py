"""Privacy events: what one release costs, in the vocabulary of `dp_accounting`."""

import collections
import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.checks import check_delta, check_epsilon

_LARGEST_EPSILON = 700.0


@dataclasses.dataclass(frozen=True)
class PrivacyParameters:
  """A release of which only the claim is known; counted as the worst mechanism that meets it."""

  epsilon: float
  delta: float = 0.0

  def __post_init__(self):
    check_epsilon(self.epsilon)
    check_delta(self.delta)


def pure_event(epsilon: float) -> Any:
  """Event of a pure-epsilon mechanism: randomized response, the worst of them all.

  Every epsilon-DP mechanism is a post-processing of binary randomized response at the same epsilon
  (Kairouz, Oh and Viswanath 2015), so this event is valid for all of them, and exact for
  `randomized_response` itself.

  Args:
    epsilon: > 0.

  Returns:
    `dp_accounting.RandomizedResponseDpEvent(2 / (1 + e^epsilon), 2)`.

  Raises:
    ConfigurationError: for an epsilon that is not positive, or above 700, where a double ends.
  """
  import dp_accounting

  if check_epsilon(epsilon) > _LARGEST_EPSILON:
    raise ConfigurationError(f"epsilon is {epsilon}: promises nothing; use one below 700")
  # Rounded down, so that the event's own epsilon is never below the one asked for.
  flip = math.nextafter(2 / (1 + math.exp(epsilon)), 0)
  return dp_accounting.RandomizedResponseDpEvent(noise_parameter=flip, num_buckets=2)


def discrete_laplace_event(scale: float, sensitivity: int) -> Any:
  """Event of integer (discrete) Laplace noise.

  Args:
    scale: `t` of `P(n) ∝ exp(-|n| / t)`, in grid units.
    sensitivity: L1 sensitivity in grid units.
  """
  from dp_accounting import dp_event

  return dp_event.DiscreteLaplaceDpEvent(noise_parameter=1 / scale, sensitivity=int(sensitivity))


def flatten(events: Iterable[Any]) -> collections.Counter:
  """Counts the elementary events inside composed ones.

  Args:
    events: `dp_accounting` events, `PrivacyParameters`, or (nested) compositions of them.

  Returns:
    Counter of hashable elementary events; free events are left out.

  Raises:
    ConfigurationError: for an event whose loss is unbounded or unknown.
  """
  from dp_accounting import dp_event

  known = (
    PrivacyParameters,
    dp_event.GaussianDpEvent,
    dp_event.LaplaceDpEvent,
    dp_event.DiscreteLaplaceDpEvent,
    dp_event.RandomizedResponseDpEvent,
    dp_event.PoissonSampledDpEvent,
  )
  counts: collections.Counter = collections.Counter()

  def add(event: Any, times: int) -> None:
    if isinstance(event, dp_event.SelfComposedDpEvent):
      add(event.event, times * event.count)
    elif isinstance(event, dp_event.ComposedDpEvent):
      for inner in event.events:
        add(inner, times)
    elif isinstance(event, known):
      counts[event] += times
    elif not isinstance(event, dp_event.NoOpDpEvent):
      raise ConfigurationError(
        f"event {event}: its loss cannot be bounded; only laplace, gaussian, pure and "
        "(epsilon, delta) releases compose"
      )

  for event in events:
    add(event, 1)
  return counts


def event_claim(event: Any) -> PrivacyParameters | None:
  """The (epsilon, delta) that an elementary event meets surely; None for Gaussian noise."""
  from dp_accounting import dp_event

  if isinstance(event, PrivacyParameters):
    return event
  if isinstance(event, dp_event.LaplaceDpEvent):
    return PrivacyParameters(_up(1 / event.noise_multiplier))
  if isinstance(event, dp_event.DiscreteLaplaceDpEvent):
    return PrivacyParameters(_up(event.noise_parameter * event.sensitivity))
  if isinstance(event, dp_event.RandomizedResponseDpEvent):
    flip, buckets = event.noise_parameter, event.num_buckets
    return PrivacyParameters(_up(math.log1p(buckets * (1 - flip) / flip)))
  return None


def _up(value: float) -> float:
  """The next double: covers the last rounding."""
  return math.nextafter(value, math.inf)
