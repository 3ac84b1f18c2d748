"""Clipping bounds the norm exactly, keeps the direction, and leaves the inside alone."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.privacy.clipping import clip, clip_integers, within
from privai_tf.privacy.grid import CELLS, dyadic_radius, from_grid, to_grid

_INTEGERS = st.integers(-(2**62), 2**62)
_ROWS = st.integers(1, 6).flatmap(
  lambda k: st.lists(st.lists(_INTEGERS, min_size=k, max_size=k), min_size=1, max_size=4)
)


def _exceeds(row, radius, norm):
  if norm == "l1":
    return sum(abs(int(v)) for v in row) > radius
  return sum(int(v) ** 2 for v in row) > radius**2


@settings(max_examples=100, deadline=None)
@given(_ROWS, st.integers(1, 2**36), st.sampled_from(["l1", "l2"]))
def test_clipped_integers_lie_in_the_ball_exactly(rows, radius, norm):
  rows = np.array(rows, np.int64)
  clipped = clip_integers(rows, radius, norm)
  assert clipped.dtype == np.int64
  for before, after in zip(rows, clipped, strict=True):
    assert not _exceeds(after, radius, norm)
    if not _exceeds(before, radius, norm):
      assert (before == after).all()
  again = clip_integers(clipped, radius, norm)
  assert (again == clipped).all()


@settings(max_examples=100, deadline=None)
@given(_ROWS, st.integers(1, 2**36), st.sampled_from(["l1", "l2"]))
def test_within_is_exact(rows, radius, norm):
  rows = np.array(rows, np.int64)
  expected = [not _exceeds(row, radius, norm) for row in rows]
  assert within(rows, radius, norm).tolist() == expected


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_the_edge_of_the_ball_is_inside_and_one_step_more_is_not(norm):
  on_edge = np.array([[3, 4]]) if norm == "l2" else np.array([[2, 3]])
  assert within(on_edge, 5, norm).all()
  assert not within(on_edge + np.array([[0, 1]]), 5, norm).any()
  # The squares of 9,216 numbers at a radius of 2^26 steps no longer fit 64 bits.
  many = np.full((1, 9216), 1 << 26)
  assert not within(many, 1 << 26, norm).any()


@settings(max_examples=100, deadline=None)
@given(
  st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=6),
  st.floats(2.0**-8, 1e3),
  st.sampled_from(["l1", "l2"]),
)
def test_clip_scales_into_the_ball(row, radius, norm):
  row = np.array([row])
  clipped = clip(row, radius, norm)
  order = 1 if norm == "l1" else 2
  assert np.linalg.norm(clipped, ord=order, axis=1)[0] <= radius * (1 + 1e-12)
  assert (np.sign(clipped) * np.sign(row) >= 0).all()
  if np.abs(row).sum() <= radius:
    np.testing.assert_array_equal(clipped, row)


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-6, 2.0**20))
def test_dyadic_radius_is_no_smaller_dyadic_and_on_the_grid(radius):
  dyadic = dyadic_radius(radius)
  assert dyadic >= radius
  assert dyadic <= max(radius * (1 + 2.0**-7), 2.0**-8)
  assert (dyadic * CELLS).is_integer()
  mantissa, _ = math.frexp(dyadic)
  assert (mantissa * 2**8).is_integer()


def test_grid_round_trip_and_saturation():
  integers = np.array([-(2**39), -1, 0, 1, 2**39])
  np.testing.assert_array_equal(to_grid(from_grid(integers)), integers)
  assert to_grid(np.array([1e300]))[0] == 2**40
