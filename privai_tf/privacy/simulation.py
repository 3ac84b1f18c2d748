"""Seeded floating-point releases, compiled, for experiments. Never private: the seed undoes them."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np


def simulate(
  blocks: Sequence[Any],
  coordinates: np.ndarray,
  seed: int,
  stream: int | Sequence[str] = 0,
) -> np.ndarray:
  """Simulated releases.

  Args:
    blocks: the release's blocks (see `privai_tf.privacy.plan`).
    coordinates: float64 [n, numbers], latent units.
    seed: any whole number; equal seeds give equal noise.
    stream: tells apart what would repeat the same noise. A number for all rows (a batch's); or n
      names, and then a row's noise follows from its name alone: in whatever order, batch, shard
      or process it comes, it is the same.

  Returns:
    float64 [n, numbers].
  """
  import tensorflow as tf

  released = np.empty_like(coordinates)
  for index, block in enumerate(blocks):
    values = tf.constant(coordinates[:, block.positions], tf.float64)
    if isinstance(stream, (int, np.integer)):
      stateless = [seed % (2**31 - 1), index + len(blocks) * stream]
      result = _compiled(block)(values, tf.constant(stateless, tf.int32))
    else:
      stateless = np.stack([_seed_of(name, seed, index) for name in stream])
      result = _compiled_by_row(block)(values, tf.constant(stateless))
    released[:, block.positions] = result.numpy()
    if block.decoder is not None:
      uniforms = _uniforms(seed, index, stream, values.shape)
      released[:, block.positions] = block.decoder(released[:, block.positions], uniforms)
  return released


def _uniforms(seed: int, block: int, stream: int | Sequence[str], shape: Any) -> np.ndarray:
  """A decoder's randomness, float64 [n, k], as repeatable as the noise."""
  if isinstance(stream, (int, np.integer)):
    return np.random.default_rng([seed, block, int(stream)]).random(tuple(shape))
  rows = [hashlib.sha256(f"{seed} {block} {name} decoder".encode()).digest() for name in stream]
  seeds = [int.from_bytes(row[:8], "little") for row in rows]
  return np.array([np.random.default_rng(one).random(shape[1]) for one in seeds]).reshape(shape)


def _seed_of(name: str, seed: int, block: int) -> np.ndarray:
  """The stateless seed of one row, int32 [2]."""
  digest = hashlib.sha256(f"{seed} {block} {name}".encode()).digest()
  return np.frombuffer(digest[:8], "<i4")


def _compiled(block: Any) -> Any:
  """A block's simulation as one graph, for any number of rows; traced once."""
  import tensorflow as tf

  mechanism = block.mechanism
  if not hasattr(mechanism, "_compiled_simulation"):
    values = tf.TensorSpec([None, mechanism.dimensions], tf.float64)
    mechanism._compiled_simulation = tf.function(
      _step(block),
      input_signature=[values, tf.TensorSpec([2], tf.int32)],
      autograph=False,
    )
  return mechanism._compiled_simulation


def _step(block: Any) -> Any:
  """The simulation of what a decoder gets, which is not clamped, or of what is released."""
  return block.mechanism.simulate if block.decoder is None else block.mechanism.simulate_noisy


def _compiled_by_row(block: Any) -> Any:
  """The same with a seed for each row, int32 [n, 2]; no row's noise depends on another row."""
  import tensorflow as tf

  mechanism, step = block.mechanism, _step(block)
  if not hasattr(mechanism, "_compiled_simulation_by_row"):

    def simulate_rows(values, seeds):
      def one(row):
        return step(row[0][tf.newaxis], row[1])[0]

      return tf.map_fn(one, (values, seeds), fn_output_signature=tf.float64)

    mechanism._compiled_simulation_by_row = tf.function(
      simulate_rows,
      input_signature=[
        tf.TensorSpec([None, mechanism.dimensions], tf.float64),
        tf.TensorSpec([None, 2], tf.int32),
      ],
      autograph=False,
    )
  return mechanism._compiled_simulation_by_row
