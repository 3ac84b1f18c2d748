"""Frequencies of a finite mechanism's outputs, held against their exact probabilities.

The bound on epsilon sees what tells two neighbours apart. This sees any sampler that does not draw what
it says, whether that tells something or not. The probabilities are computed from what was asked for, not
from the figures that the sampler draws by.
"""

import dataclasses

import numpy as np

from privai_tf.privacy.audit.neighbours import AuditedRelease

FALSE_ALARM = 1e-6
# Outputs that are expected less often are counted together: the statistic's tail is then that of
# chi-squared to the digits that matter here.
_LEAST_EXPECTED = 100
_CHUNK = 50_000


@dataclasses.dataclass(frozen=True)
class Frequencies:
  """How the outputs of two neighbours' releases were spread.

  Attributes:
    outputs: how many there are; `classes`: how many of them, or groups of rare ones, were compared.
    samples: releases of each neighbour.
    p_value: of the worse of the two chi-squared tests, twice (Bonferroni), at most 1.
    false_alarm: below which the frequencies count as wrong; its probability if they are right.
    wrong: whether they do.
  """

  outputs: int
  classes: int
  samples: int
  p_value: float
  false_alarm: float
  wrong: bool


def frequencies(
  audited: AuditedRelease, *, samples: int = 200_000, false_alarm: float = FALSE_ALARM
) -> Frequencies | None:
  """Draws fresh releases of both neighbours and compares how often each output came.

  Args:
    audited: from `prepare_audit`.
    samples: of each neighbour.
    false_alarm: the probability that a right mechanism is called wrong.

  Returns:
    None for mechanisms whose outputs cannot be listed, which is most of them.
  """
  listed = [audited.mechanism.outputs(encoded.coordinates) for encoded in audited.inputs]
  if None in listed:
    return None
  found = [_compared(*one, _drawn(audited, side, samples)) for side, one in enumerate(listed)]
  p_value = min(1.0, 2 * min(p for _, p in found))
  return Frequencies(
    outputs=len(listed[0][0]),
    classes=min(classes for classes, _ in found),
    samples=samples,
    p_value=p_value,
    false_alarm=false_alarm,
    wrong=p_value < false_alarm,
  )


def _drawn(audited: AuditedRelease, side: int, samples: int) -> np.ndarray:
  """Outputs on the grid, int64 [samples]: the first of numbers that are all the same."""
  row = audited.inputs[side].coordinates
  parts = [
    audited.mechanism.release(np.repeat(row, min(_CHUNK, samples - start), axis=0))[:, 0]
    for start in range(0, samples, _CHUNK)
  ]
  return np.concatenate(parts)


def _compared(
  values: np.ndarray, probabilities: np.ndarray, drawn: np.ndarray
) -> tuple[int, float]:
  """How many classes were compared, and the chi-squared test's p-value.

  An output that is none of the values, or of no probability, is never right: p is 0 then.
  """
  from scipy import special

  order = np.argsort(values)
  places = np.minimum(np.searchsorted(values, drawn, sorter=order), len(values) - 1)
  places = order[places]
  if (values[places] != drawn).any():
    return 0, 0.0
  counts = np.bincount(places, minlength=len(values))
  expected = probabilities * len(drawn)
  rare = expected < _LEAST_EXPECTED
  if counts[probabilities == 0].any():
    return 0, 0.0
  counts = np.append(counts[~rare], counts[rare].sum())
  expected = np.append(expected[~rare], expected[rare].sum())
  counts, expected = counts[expected > 0], expected[expected > 0]
  if len(expected) > 1 and expected[-1] < _LEAST_EXPECTED:  # Few even together: with the rarest.
    rarest = expected[:-1].argmin()
    counts[rarest] += counts[-1]
    expected[rarest] += expected[-1]
    counts, expected = counts[:-1], expected[:-1]
  statistic = ((counts - expected) ** 2 / expected).sum()
  freedom = len(counts) - 1
  return len(counts), float(special.chdtrc(freedom, statistic)) if freedom else 1.0
