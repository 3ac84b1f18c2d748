"""Boundaries that are wrong too often: who hides an attribute by them must be told at once."""

import math
from collections.abc import Sequence

from privai_tf.attributes.boundary import Boundary

# Of held-out codes with clear scores; a boundary that is wrong on a fifth of these tells little of the
# others. The statement says of every boundary how often it is right.
LEAST_ACCURACY = 0.8


def weakness(boundaries: Sequence[Boundary]) -> str | None:
  """A line that names the boundaries that are right on too few held-out faces; None if none is.

  Args:
    boundaries: those of unknown accuracy are not named.
  """
  known = [(boundary.name, boundary.held_out_accuracy) for boundary in boundaries]
  weak = [(name, share) for name, share in known if share is not None and share < LEAST_ACCURACY]
  if not weak:
    return None
  # Rounded down: a bound that is stated is never flattered.
  told = ", ".join(f"'{name}' on {math.floor(1000 * share) / 10:g}%" for name, share in weak)
  return (
    f"Weak boundary: right {told} of held-out faces (below {LEAST_ACCURACY:.0%}); what it misses of the "
    "attribute is not hidden. Train it on more samples (python -m privai_tf.train_boundary), or use "
    "--scope=image."
  )
