"""When an image's search may end early: its loss has stopped falling."""

from typing import NamedTuple

import tensorflow as tf


class State(NamedTuple):
  """How far each image of a batch has come.

  Attributes:
    best: float32 [B], the lowest loss that counted as progress.
    since: int32 [B], steps since then.
    taken: int32 [B], steps taken.
    values: what the search varies, as it was at `best`; empty where nothing ends early.
  """

  best: tf.Tensor
  since: tf.Tensor
  taken: tf.Tensor
  values: list[tf.Tensor]


class Plateau:
  """Ends the search of an image after `patience` steps without progress, at its best values.

  Args:
    patience: steps; 0: never.
    share: progress is a loss below `(1 - share)` times the best.
  """

  def __init__(self, patience: int, share: float):
    self._patience, self._share = patience, share

  def start(self, values: list[tf.Tensor]) -> State:
    """Before the first step; `values` are [B, ...] each."""
    count = values[0].shape[0]
    zeros = tf.zeros((count,), tf.int32)
    kept = values if self._patience else []
    return State(tf.fill((count,), tf.constant(float("inf"))), zeros, zeros, kept)

  def searching(self, state: State) -> tf.Tensor:
    """Which images go on: bool [B]."""
    if not self._patience:
      return tf.ones_like(state.since, tf.bool)
    return state.since < self._patience

  def after_step(
    self, state: State, losses: tf.Tensor, before: list[tf.Tensor], after: list[tf.Tensor]
  ) -> tuple[State, list[tf.Tensor]]:
    """Takes note of a step.

    Args:
      state: before the step.
      losses: [B], of the values before the step.
      before, after: the values before and after it.

    Returns:
      The new state, and the values to go on with: those of ended images are their best ones.
    """
    searched = self.searching(state)
    taken = state.taken + tf.cast(searched, tf.int32)
    if not self._patience:
      return state._replace(taken=taken), after
    better = losses < state.best * (1.0 - self._share)
    state = State(
      best=tf.where(better, losses, state.best),
      since=tf.where(better, 0, state.since + 1),
      taken=taken,
      values=[_chosen(better, *pair) for pair in zip(before, state.values, strict=True)],
    )
    goes_on = self.searching(state)
    return state, [_chosen(goes_on, *pair) for pair in zip(after, state.values, strict=True)]


def _chosen(which: tf.Tensor, yes: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
  """Row by row."""
  return tf.where(tf.reshape(which, (-1, *[1] * (len(yes.shape) - 1))), yes, no)
