"""No network is built that its file cannot fill: a configuration of a few bytes may ask for any size."""

import contextlib
import contextvars
import math
from collections.abc import Iterator, Mapping

import numpy as np

from privai_tf.errors import CheckpointError

_SLACK = 1 << 22  # Numbers (16 MB) that may be missing: `assign_weights` names them then.
_left: contextvars.ContextVar[int | None] = contextvars.ContextVar("left", default=None)


@contextlib.contextmanager
def room_for(weights: Mapping[str, np.ndarray] | None) -> Iterator[None]:
  """Networks built meanwhile may have about as many numbers as there are weights; None: any.

  Args:
    weights: by name; only how many numbers they hold counts, and 2^22 more are let through.

  Raises:
    CheckpointError: (in the block) once more are asked for, before they are allocated.
  """
  count = None if weights is None else sum(np.size(value) for value in weights.values()) + _SLACK
  token = _left.set(count)
  try:
    yield
  finally:
    _left.reset(token)


def take_room(shape: tuple[int, ...]) -> None:
  """Takes the room of a variable that is about to be created.

  Args:
    shape: of the variable.

  Raises:
    CheckpointError: if `room_for` leaves less than that; outside of its block there is no limit.
  """
  left = _left.get()
  if left is None:
    return
  left -= math.prod(shape)
  if left < 0:
    raise CheckpointError(
      "The configuration (config.json) asks for a far larger network than the file of weights holds: "
      "the two do not belong together; convert or download them again."
    )
  _left.set(left)


def require_room(count: int, weights: Mapping[str, np.ndarray]) -> None:
  """Refuses a network that is larger than its weights, before anything of it is built.

  Args:
    count: how many numbers it has, at least.
    weights: by name, see `room_for`.

  Raises:
    CheckpointError: if there are over 2^22 more than the weights hold.
  """
  with room_for(weights):
    take_room((count,))
