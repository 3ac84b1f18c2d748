"""A release as a graph, on noise from TensorFlow Probability: simulation grade, never private.

The same clipping, grid, mechanism and assembly as `privai_tf.privacy`, on tensors, with epsilon a
tensor too; a test compares the two with one seed. The noise is floating point, and so its low bits can
tell what it was added to (docs/privacy.md): a guarantee needs the exact sampler, which draws
integers and cannot be a graph.
"""

from typing import Any

import tensorflow as tf

from privai_tf.privacy.grid import CELLS, STEP
from privai_tf.privacy.mechanisms import Mechanism
from privai_tf.privacy.mechanisms.base import clip_tensor
from privai_tf.privacy.subspace import Subspace
from privai_tf.serving.calibration import Calibration


def fresh_seed() -> Any:
  """A new seed at each call, from the operating system's randomness; int32 [2].

  Not a `tf.random.Generator`: its state would be saved with the model, and each server would start
  from it. Not an ordinary random op: a global seed of the exporting process would be built in.
  """
  return tf.raw_ops.NonDeterministicInts(shape=tf.constant([2]), dtype=tf.int32)


def simulated_release(calibration: Calibration, latents: Any, position: Any, seed: Any) -> Any:
  """Releases rows, each with its own epsilon.

  Args:
    calibration: of the attribute.
    latents: float32 [n, d] or [n, L, d], finite.
    position: int32 [n], which of the calibration's epsilons is meant.
    seed: int32 [2]; an equal one gives equal noise.

  Returns:
    float32, as `latents`.
  """
  subspace = calibration.prepared.subspace
  latents = tf.cast(latents, tf.float64)
  mechanism = at_each_row(
    calibration.mechanism,
    epsilon=_column(calibration.epsilons.astype("float64"), position),
    noise_scale=_column(calibration.noise_scales, position),
  )
  values = _coordinates(subspace, latents)
  if mechanism.norm is not None:
    values = clip_tensor(values, mechanism.clip_radius, mechanism.norm)
  released = mechanism.simulate(_on_grid(values), seed)
  return _assemble(subspace, released, _rest(subspace, latents))


def at_each_row(mechanism: Mechanism, epsilon: Any, noise_scale: Any) -> Mechanism:
  """A mechanism whose epsilon and noise scale are tensors [n, 1], to be traced with n rows."""
  kind = type(mechanism)
  served = type(f"Served{kind.__name__}", (kind,), {"noise_scale": noise_scale})
  copy = object.__new__(served)
  vars(copy).update(vars(mechanism))
  copy.epsilon = epsilon
  return copy


def _column(table: Any, position: Any) -> Any:
  """A figure for each row, [n, 1]."""
  return tf.gather(tf.constant(table, tf.float64), position)[:, tf.newaxis]


def _on_grid(values: Any) -> Any:
  return tf.round(values * CELLS) * STEP


def _coordinates(subspace: Subspace, latents: Any) -> Any:
  """`Subspace.coordinates` on tensors."""
  if subspace.layers is not None and subspace.tied:
    latents = tf.reduce_mean(latents, axis=1)
  values = tf.tensordot(latents - subspace.mean, subspace.basis, 1) / subspace.scales
  return tf.reshape(values, [-1, subspace.numbers])


def _rest(subspace: Subspace, latents: Any) -> Any:
  """`Subspace.rest` on tensors, in latent units."""
  centred = latents - subspace.mean
  along = tf.tensordot(tf.tensordot(centred, subspace.basis, 1), subspace.basis.T, 1)
  return _on_grid(centred - along)


def _assemble(subspace: Subspace, coordinates: Any, rest: Any) -> Any:
  """`Subspace.assemble` on tensors."""
  directions = subspace.basis.shape[1]
  copies = subspace.numbers // directions
  shaped = tf.reshape(coordinates, [-1, copies, directions]) * subspace.scales
  codes = subspace.mean + tf.tensordot(shaped, subspace.basis.T, 1)
  if subspace.layers is None:
    codes = codes[:, 0]
  elif subspace.tied:
    codes = tf.repeat(codes, subspace.layers, axis=1)
  return tf.cast(codes + rest, tf.float32)
