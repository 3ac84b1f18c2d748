"""Channel counts -> the formula that makes them, which is all that our configurations keep."""

import math

import numpy as np

from privai_tf.errors import CheckpointError

# The official decay first, then the plainest.
_DECAYS = np.unique(np.concatenate([np.arange(0, 4001) / 1000, np.arange(17, 161) / 4]))


def fit_channels(counts: dict[int, int], name: str) -> dict[str, float]:
  """`fmap_base`, `fmap_decay`, `fmap_max` that give a network's channel counts.

  Args:
    counts: channels by resolution (2, 4, 8, ...), 2 only for discriminators.
    name: of the network, for messages.

  Raises:
    CheckpointError: no such formula gives them.
  """
  # Officially nf(stage) = min(int(fmap_base / 2 ** (stage * fmap_decay)), fmap_max).
  largest = max(counts.values())
  stages = np.array([r.bit_length() - 2 for r in counts])
  wanted = np.array(list(counts.values()), np.float64)
  clipped = wanted == largest
  for decay in (1.0, *sorted(_DECAYS, key=lambda d: (round(d * 1000) % 500 > 0, abs(d - 1)))):
    factors = 2.0 ** (stages * decay)
    base = math.ceil((wanted * factors).max() - 1e-9)
    below = ((wanted + 1) * factors)[~clipped]
    if below.size and base >= below.min():
      continue
    if all(
      min(int(base / 2.0 ** (int(stage) * decay)), largest) == count
      for stage, count in zip(stages, counts.values(), strict=True)
    ):
      return {"fmap_base": base, "fmap_decay": float(decay), "fmap_max": largest}
  listed = ", ".join(f"{r}x{r}: {count}" for r, count in counts.items())
  raise CheckpointError(
    f"The channel counts of {name} ({listed}) follow no formula base / (r / 2) ** decay below a "
    "maximum; this is not a network of the published kind and cannot be converted."
  )
