"""The audit of one mechanism: draw many releases of two neighbours, fix an event, count it."""

import dataclasses
import math

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.checks import check_releases
from privai_tf.privacy.audit import likelihood
from privai_tf.privacy.audit.bounds import epsilon_lower_bound
from privai_tf.privacy.audit.neighbours import AuditedRelease
from privai_tf.privacy.grid import from_grid

TARGETS = ("coordinate", "latent")

# Releases at a time, and numbers in their codes.
_CHUNK, _CHUNK_NUMBERS = 50_000, 1 << 22
# Draws on which the event is chosen, as a share of those that are counted.
_SELECTION_SHARE = 0.25
_CANDIDATES = 200
_SELECTION_CONFIDENCE = 0.9999


@dataclasses.dataclass(frozen=True)
class AuditResult:
  """What an audit found.

  Attributes:
    mechanism, scope, target: what was audited, and on which output.
    claim, delta: what is claimed.
    samples: draws counted on each side.
    lower_bound: on epsilon, at `confidence`.
    alarm_bound: the same at `alarm_confidence`, which allows for the number of audits.
    confidence, alarm_confidence: of the two bounds.
    violated: whether the alarm bound is above the claim.
    event: the event, in words; y is the released number in latent units.
    frequencies: of the event on its two sides.
  """

  mechanism: str
  scope: str
  target: str
  claim: float
  delta: float
  samples: int
  lower_bound: float
  alarm_bound: float
  confidence: float
  alarm_confidence: float
  violated: bool
  event: str
  frequencies: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class _Event:
  """`{statistic >= threshold}` or its complement, likelier on side 0 (upper) or 1 (lower)."""

  statistic: int
  threshold: float
  above: bool
  side: int

  def count(self, statistics: np.ndarray) -> int:
    above = int((statistics[:, self.statistic] >= self.threshold).sum())
    return above if self.above else len(statistics) - above


def audit(
  audited: AuditedRelease,
  *,
  samples: int = 200_000,
  target: str = "coordinate",
  confidence: float = 0.95,
  audits: int = 1,
) -> AuditResult:
  """Bounds epsilon from below by counting one event over fresh releases of both neighbours.

  The event, a threshold on a statistic, is fixed on a separate quarter as many draws. The
  statistic is the likelihood ratio (see `likelihood`), or what orders releases as that does.

  Args:
    audited: from `prepare_audit`.
    samples: draws on each side.
    target: "coordinate" (what the mechanism returns) or "latent" (the whole float32 code that
      `privatize` publishes for float32 codes).
    confidence: of `lower_bound`.
    audits: how many audits are run together; the alarm is raised with probability at most
      `1 - confidence` by all of them together if every claim is right (Bonferroni).

  Raises:
    ConfigurationError: for another target, or samples that are no whole number above 0.
  """
  samples = check_releases(samples)
  if target not in TARGETS:
    raise ConfigurationError(f"target '{target}': must be one of {', '.join(TARGETS)}")
  event = _choose(
    [_draw(audited, side, math.ceil(_SELECTION_SHARE * samples), target) for side in (0, 1)],
    audited.delta,
  )
  counts = [event.count(_draw(audited, side, samples, target)) for side in (0, 1)]
  likelier, other = counts[event.side], counts[1 - event.side]
  alarm_confidence = 1 - (1 - confidence) / audits
  bounds = [
    epsilon_lower_bound(likelier, other, samples, audited.delta, level)
    for level in (confidence, alarm_confidence)
  ]
  spec = audited.prepared.spec
  return AuditResult(
    mechanism=spec.mechanism,
    scope=spec.scope,
    target=target,
    claim=audited.claim,
    delta=audited.delta,
    samples=samples,
    lower_bound=bounds[0],
    alarm_bound=bounds[1],
    confidence=confidence,
    alarm_confidence=alarm_confidence,
    violated=bounds[1] > audited.claim,
    event=_words(event, audited, target),
    frequencies=(likelier / samples, other / samples),
  )


def _draw(audited: AuditedRelease, side: int, count: int, target: str) -> np.ndarray:
  """float64 [count, statistics] of fresh releases of one neighbour."""
  prepared, encoded = audited.prepared, audited.inputs[side]
  chunk = max(1, min(_CHUNK, _CHUNK_NUMBERS // math.prod(prepared.code_shape)))
  parts = []
  for start in range(0, count, chunk):
    size = min(chunk, count - start)
    if target == "latent":
      parts.append(likelihood.of_codes(audited, audited.release(side, size)))
      continue
    coordinates = np.repeat(encoded.coordinates, size, axis=0)
    numbers = from_grid(prepared.release_coordinates(coordinates))
    single = numbers.shape[1] == 1 and not audited.mechanism.has_codebook
    parts.append(numbers if single else likelihood.of_numbers(audited, numbers)[:, np.newaxis])
  return np.concatenate(parts)


def _words(event: _Event, audited: AuditedRelease, target: str) -> str:
  name = "log-likelihood ratio of the rest" if event.statistic else "log-likelihood ratio"
  one = audited.prepared.layout.numbers == 1 and not audited.mechanism.has_codebook
  if target == "coordinate" and one:
    name = "y"
  return f"{name} {'>=' if event.above else '<'} {event.threshold:.6g}"


def _choose(draws: list[np.ndarray], delta: float) -> _Event:
  """The event with the largest bound on these draws (which are not counted afterwards).

  At a high confidence, so that no rare event wins by luck among so many candidates.
  """
  best, chosen = -1.0, None
  for statistic in range(draws[0].shape[1]):
    for threshold in _thresholds(np.concatenate([draw[:, statistic] for draw in draws])):
      for above in (True, False):
        event = _Event(statistic, float(threshold), above, 0)
        counts = [event.count(draw) for draw in draws]
        side = int(counts[1] > counts[0])
        bound = epsilon_lower_bound(
          counts[side], counts[1 - side], len(draws[0]), delta, _SELECTION_CONFIDENCE
        )
        if bound > best:
          best, chosen = bound, dataclasses.replace(event, side=side)
  return chosen


def _thresholds(pooled: np.ndarray) -> np.ndarray:
  """Candidates from the statistics of both sides, float64 [n]."""
  pooled = np.sort(pooled)
  thresholds = np.unique(pooled[np.linspace(0, len(pooled) - 1, _CANDIDATES).astype(int)])
  # Halfway to the value below: float32 codes scatter around an atom of the distribution.
  below = pooled[np.maximum(np.searchsorted(pooled, thresholds) - 1, 0)]
  return (thresholds + below) / 2
