"""The audit of one mechanism: draw many releases of two neighbours, fix an event, count it."""

import dataclasses
import math
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.checks import check_releases
from privai_tf.privacy.audit.bounds import epsilon_lower_bound
from privai_tf.privacy.audit.neighbours import AuditedRelease
from privai_tf.privacy.grid import from_grid

TARGETS = ("coordinate", "latent")

_CHUNK = 50_000
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
    event: the event, in words, in latent units.
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

  threshold: float
  above: bool
  side: int

  def count(self, statistics: np.ndarray) -> int:
    above = int((statistics >= self.threshold).sum())
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

  The event, a threshold on the released number, is fixed on a separate quarter as many draws.

  Args:
    audited: from `prepare_audit`.
    samples: draws on each side.
    target: "coordinate" (what the mechanism returns) or "latent" (the float32 code that is
      published, seen along the audited axis).
    confidence: of `lower_bound`.
    audits: how many audits are run together; the alarm is raised with probability at most
      `1 - confidence` by all of them together if every claim is right (Bonferroni).
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
    event=f"y {'>=' if event.above else '<'} {event.threshold:.6g}",
    frequencies=(likelier / samples, other / samples),
  )


def _draw(audited: AuditedRelease, side: int, count: int, target: str) -> np.ndarray:
  """float64 [count]: the released number along the audited axis, in latent units."""
  prepared, encoded = audited.prepared, audited.inputs[side]
  parts = []
  for start in range(0, count, _CHUNK):
    size = min(_CHUNK, count - start)
    coordinates = np.repeat(encoded.coordinates, size, axis=0)
    if target == "coordinate":
      parts.append(from_grid(prepared.release_coordinates(coordinates)[:, 0]))
      continue
    rest = None if encoded.rest is None else np.repeat(encoded.rest, size, axis=0)
    released = prepared.release(dataclasses.replace(encoded, coordinates=coordinates, rest=rest))
    parts.append(_along_axis(prepared.subspace, released))
  return np.concatenate(parts)


def _along_axis(subspace: Any, latents: np.ndarray) -> np.ndarray:
  """The attacker's view of float32 codes: their component along the axis (first layer)."""
  first = latents.reshape(len(latents), -1)[:, : len(subspace.mean)].astype(np.float64)
  return (first - subspace.mean) @ subspace.basis[:, 0] / subspace.scales[0]


def _choose(draws: list[np.ndarray], delta: float) -> _Event:
  """The event with the largest bound on these draws (which are not counted afterwards).

  At a high confidence, so that no rare event wins by luck among so many candidates.
  """
  pooled = np.sort(np.concatenate(draws))
  ranks = np.linspace(0, len(pooled) - 1, _CANDIDATES).astype(int)
  thresholds = np.unique(pooled[ranks])
  # Halfway to the value below: float32 codes scatter around an atom of the distribution.
  below = pooled[np.maximum(np.searchsorted(pooled, thresholds) - 1, 0)]
  best, chosen = -1.0, _Event(float(pooled[-1]), True, 0)
  for threshold in (thresholds + below) / 2:
    for above in (True, False):
      event = _Event(float(threshold), above, 0)
      counts = [event.count(draw) for draw in draws]
      side = int(counts[1] > counts[0])
      bound = epsilon_lower_bound(
        counts[side], counts[1 - side], len(draws[0]), delta, _SELECTION_CONFIDENCE
      )
      if bound > best:
        best, chosen = bound, dataclasses.replace(event, side=side)
  return chosen
