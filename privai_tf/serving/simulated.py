"""A release as a graph, on noise from TensorFlow Probability: simulation grade, never private.

The same split, clipping, grid, mechanism and assembly as `privai_tf.privacy`, on tensors, with epsilon a
tensor too; a test compares the two with one seed. The noise is floating point, and so its low bits can
tell what it was added to (docs/privacy.md): a guarantee needs the exact sampler, which draws
integers and cannot be a graph.
"""

from typing import Any

import tensorflow as tf

from privai_tf.privacy.curve import Curve
from privai_tf.privacy.grid import CELLS, STEP
from privai_tf.privacy.mechanisms import Mechanism
from privai_tf.privacy.mechanisms.base import clip_tensor
from privai_tf.privacy.rest import REST_CELLS
from privai_tf.privacy.split import Split
from privai_tf.serving.calibration import Calibration
from privai_tf.serving.finite import StandInTables


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
  if isinstance(calibration.tables, StandInTables):
    return calibration.tables.draw(tf.cast(latents, tf.float64), position, seed)
  split = calibration.prepared.layout
  values, rest = _parts(split, tf.cast(latents, tf.float64))
  released = _released(calibration, values, position, seed)
  return tf.reshape(tf.cast(_assemble(split, released, rest), tf.float32), tf.shape(latents))


def _released(calibration: Calibration, values: Any, position: Any, seed: Any) -> Any:
  """Coordinates [n, k] -> released ones."""
  if calibration.tables is not None:
    return calibration.tables.draw(_on_grid(values), position, seed)
  mechanism = at_each_row(
    calibration.mechanism,
    epsilon=_column(calibration.epsilons.astype("float64"), position),
    noise_scale=_column(calibration.noise_scales, position),
  )
  if mechanism.norm is not None:
    values = clip_tensor(values, mechanism.clip_radius, mechanism.norm)
  return mechanism.simulate(_on_grid(values), seed)


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


def _parts(split: Split, latents: Any) -> tuple[Any, Any]:
  """`Split.parts` on tensors; the rest on its grid."""
  rest = tf.reshape(latents, [-1, len(split.mean)]) - split.mean
  coordinates = []
  for curve in split.curves:
    coordinates.append(tf.linalg.matvec(rest, curve.normal))
    rest = rest - _along(curve, coordinates[-1])
  released = tf.stack([coordinates[index] for index in split.released], axis=1)
  rest = _in_rows(rest, split.rest_basis)
  return released / split.scales, tf.round(rest * REST_CELLS) / REST_CELLS


def _in_rows(values: Any, basis: Any) -> Any:
  """Each stretch of a row as long as the basis, along the basis: [n, m * width] -> [n, m * p]."""
  width, directions = basis.shape
  count = values.shape[1] // width
  along = tf.matmul(tf.reshape(values, [-1, width]), tf.constant(basis))
  return tf.reshape(along, [-1, count * directions])


def _along(curve: Curve, coordinates: Any) -> Any:
  """`Curve.at` on tensors."""
  segment = tf.searchsorted(tf.constant(curve.knots), coordinates) - 1
  segment = tf.clip_by_value(segment, 0, len(curve.knots) - 2)
  offset = coordinates - tf.gather(curve.knots, segment)
  return tf.gather(curve.values, segment) + offset[:, tf.newaxis] * tf.gather(curve.slopes, segment)


def _assemble(split: Split, numbers: Any, rest: Any) -> Any:
  """`Split.assemble` on tensors, flat codes."""
  codes = split.mean + _in_rows(rest, split.rest_basis.T)
  hidden = [tf.zeros_like(numbers[:, 0])] * len(split.curves)
  for position, index in enumerate(split.released):
    hidden[index] = numbers[:, position] * split.scales[position]
  for curve, coordinate in zip(split.curves, hidden, strict=True):
    codes += _along(curve, coordinate)
  return codes
