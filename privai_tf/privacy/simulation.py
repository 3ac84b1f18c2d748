"""Seeded floating-point releases, compiled, for experiments. Never private: the seed undoes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def simulate(
  blocks: Sequence[Any], coordinates: np.ndarray, seed: int, stream: int = 0
) -> np.ndarray:
  """Simulated releases.

  Args:
    blocks: the release's blocks (see `privai_tf.privacy.plan`).
    coordinates: float64 [n, numbers], latent units.
    seed: any whole number; equal seeds give equal noise.
    stream: tells apart the batches of one seed, which would repeat the same noise.

  Returns:
    float64 [n, numbers].
  """
  import tensorflow as tf

  released = np.empty_like(coordinates)
  for index, block in enumerate(blocks):
    stateless = tf.constant([seed % (2**31 - 1), index + len(blocks) * stream], tf.int32)
    values = tf.constant(coordinates[:, block.positions], tf.float64)
    released[:, block.positions] = _compiled(block.mechanism)(values, stateless).numpy()
  return released


def _compiled(mechanism: Any) -> Any:
  """The mechanism's simulation as one graph, for any number of rows; traced once."""
  import tensorflow as tf

  if not hasattr(mechanism, "_compiled_simulation"):
    values = tf.TensorSpec([None, mechanism.dimensions], tf.float64)
    mechanism._compiled_simulation = tf.function(
      mechanism.simulate, input_signature=[values, tf.TensorSpec([2], tf.int32)]
    )
  return mechanism._compiled_simulation
