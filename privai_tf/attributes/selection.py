"""Which samples a boundary is trained on: those with the highest and the lowest scores."""

import dataclasses
import math

import numpy as np

from privai_tf.errors import ConfigurationError, InputError

# Where nobody says how many: InterFaceGAN's 10,000 of each class (2% of 500,000), or of fewer samples
# all but the undecided fifth in the middle. 2% of 2,000 samples are right on 78% of fresh ones in 128
# dimensions (noisy scores), 40% on 90%; of 10,000: 86% and 96%.
_USUAL_COUNT, _USUAL_SHARE, _LEAST_SHARE = 10_000, 0.4, 0.02


@dataclasses.dataclass(frozen=True, eq=False)
class Selection:
  """Rows of the samples, by what they are for.

  Attributes:
    train, validation: rows of the chosen samples, half of each of either class.
    remaining: rows of the valid samples that were not chosen.
    labels: bool [n]: the class of a chosen sample, for the others whether the score reaches
      `threshold`.
    threshold: midway between the highest and the lowest valid score.
    chosen: samples of each class.
    invalid: how many were left out.
  """

  train: np.ndarray
  validation: np.ndarray
  remaining: np.ndarray
  labels: np.ndarray
  threshold: float
  chosen: int
  invalid: int

  @property
  def valid(self) -> np.ndarray:
    """Rows of all valid samples, ascending."""
    return np.sort(np.concatenate([self.train, self.validation, self.remaining]))


def check_scores(scores: np.ndarray, count: int) -> np.ndarray:
  """Returns scores as float64 [count].

  Args:
    scores: real numbers or booleans, NaN and infinity included.
    count: of codes, in whose order they are.

  Raises:
    InputError: if they are not `count` numbers, [count] or [count, 1].
  """
  scores = np.asarray(scores)
  if scores.dtype.kind not in "fiub":
    raise InputError(f"The scores are {scores.dtype}, not numbers; give one number a code.")
  if scores.shape not in ((count,), (count, 1)):
    raise InputError(
      f"The scores have shape {list(scores.shape)} and there are {count} codes; give one score a "
      f"code, [{count}, 1]."
    )
  return scores.reshape(-1).astype(np.float64)


def select_samples(
  scores: np.ndarray,
  *,
  chosen_num_or_ratio: float | None = None,
  split_ratio: float = 0.7,
  invalid_value: float | None = None,
  seed: int = 0,
) -> Selection:
  """Chooses the samples that train and validate a boundary, as InterFaceGAN does.

  Args:
    scores: [n] or [n, 1]; the higher, the more the attribute is there.
    chosen_num_or_ratio: samples of each class: up to 1 a share of the valid samples, else a number;
      at most half of them. None: 10,000, or 2% if that is more, but at most 40%, and no more than
      scores tell apart.
    split_ratio: share of the chosen ones that train; the rest validates.
    invalid_value: samples with this score are left out; NaN is allowed.
    seed: of the split.

  Returns:
    The selection.

  Raises:
    ConfigurationError: if a number is out of range, or chooses no sample.
    InputError: if the scores are not finite numbers, or do not tell the chosen classes apart.
  """
  _check(_LEAST_SHARE if chosen_num_or_ratio is None else chosen_num_or_ratio, split_ratio)
  scores = check_scores(scores, len(scores))
  valid = np.flatnonzero(~_is_invalid(scores, invalid_value))
  ordered = valid[np.argsort(-_finite(scores, valid), kind="stable")]
  if chosen_num_or_ratio is None:
    usual = max(_USUAL_COUNT, int(_LEAST_SHARE * len(ordered)))
    apart = _told_apart(scores[ordered]) or 1  # None at all is refused below, in other words.
    chosen = max(1, min(usual, int(_USUAL_SHARE * len(ordered)), apart))
  else:
    chosen = _chosen(len(ordered), chosen_num_or_ratio)
  _require_apart(scores[ordered], chosen)
  train_count = int(chosen * split_ratio + 1e-9)
  if train_count < 1:
    wanted = "the usual number" if chosen_num_or_ratio is None else f"{chosen_num_or_ratio:g}"
    raise ConfigurationError(
      f"chosen_num_or_ratio={wanted} and split_ratio={split_ratio:g} leave no sample "
      f"to train on ({len(ordered)} valid samples); raise them."
    )
  threshold = float(scores[ordered[0]] / 2 + scores[ordered[-1]] / 2)
  labels = scores >= threshold
  labels[ordered[:chosen]] = True
  labels[ordered[-chosen:]] = False
  random = np.random.default_rng(seed)
  classes = [random.permutation(rows) for rows in (ordered[:chosen], ordered[-chosen:])]
  return Selection(
    train=np.concatenate([rows[:train_count] for rows in classes]),
    validation=np.concatenate([rows[train_count:] for rows in classes]),
    remaining=ordered[chosen:-chosen],
    labels=labels,
    threshold=threshold,
    chosen=chosen,
    invalid=len(scores) - len(valid),
  )


def _check(chosen_num_or_ratio: float, split_ratio: float) -> None:
  positive = math.isfinite(chosen_num_or_ratio) and chosen_num_or_ratio > 0
  if not positive or (chosen_num_or_ratio > 1 and chosen_num_or_ratio % 1):
    raise ConfigurationError(
      f"chosen_num_or_ratio is {chosen_num_or_ratio:g}; use a share above 0 and up to 0.5, or a "
      "whole number of samples from 2 on."
    )
  if not 0 < split_ratio <= 1:
    raise ConfigurationError(f"split_ratio is {split_ratio:g}; use a share above 0 and up to 1.")


def _is_invalid(scores: np.ndarray, invalid_value: float | None) -> np.ndarray:
  if invalid_value is None:
    return np.zeros(len(scores), bool)
  return np.isnan(scores) if math.isnan(invalid_value) else scores == invalid_value


def _finite(scores: np.ndarray, valid: np.ndarray) -> np.ndarray:
  broken = valid[~np.isfinite(scores[valid])]
  if len(broken):
    raise InputError(
      f"The score of sample {broken[0]} is {scores[broken[0]]} ({len(broken)} such in all); score "
      "it again, or leave such samples out with invalid_value."
    )
  if len(valid) < 2:
    raise InputError(f"{len(valid)} of {len(scores)} samples are valid; at least 2 are needed.")
  return scores[valid]


def _chosen(count: int, chosen_num_or_ratio: float) -> int:
  # The hair on top: 0.29 * 100 is 28.999... in floating point.
  ratio = chosen_num_or_ratio <= 1
  wanted = math.floor(count * chosen_num_or_ratio + 1e-9) if ratio else int(chosen_num_or_ratio)
  return min(wanted, count // 2)


def _require_apart(ordered: np.ndarray, chosen: int) -> None:
  """Refuses classes that share a score: which sample is in which would be chance."""
  apart = _told_apart(ordered)
  if apart == 0:
    raise InputError(
      f"All {len(ordered)} valid scores are {ordered[0]:g}: they tell nothing apart; score again."
    )
  if chosen > apart:
    raise InputError(
      f"The {chosen} highest and the {chosen} lowest scores both hold {ordered[chosen - 1]:g}, so "
      f"that they are no two classes; choose at most {apart} of each (chosen_num_or_ratio)."
    )


def _told_apart(ordered: np.ndarray) -> int:
  """How many of each class differ in their scores, which descend."""
  half = len(ordered) // 2
  return int((ordered[:half] > ordered[::-1][:half]).sum())
