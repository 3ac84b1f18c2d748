"""The split: a coordinate along its public curve, and a rest that says nothing more of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from privai_tf.privacy.curve import fit_curve
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.split import fit_split

_D, _N = 12, 4000
_TURN = np.linalg.qr(np.random.default_rng(99).normal(size=(_D, _D)))[0]


def _codes(seed, count=_N, layers=None):
  """Public codes near a thin curved set: what goes along with coordinate 0 is bent and jumps."""
  random = np.random.default_rng(seed)
  hidden = random.normal(size=(count, 4))
  first = hidden[:, 0]
  codes = np.zeros((count, _D))
  codes[:, :4] = hidden
  codes[:, 4] = 0.8 * first + 0.5 * hidden[:, 1]
  codes[:, 5] = first**2 - hidden[:, 2]
  codes[:, 6] = np.sign(first) + 0.3 * hidden[:, 3]
  codes[:, 7] = np.sqrt(20 - np.clip(np.sum(hidden**2, axis=1), 0, 19))  # as on a sphere
  codes = codes @ _TURN + np.arange(_D)
  if layers:
    codes = codes[:, np.newaxis] + 0.1 * random.normal(size=(count, layers, _D))
  return codes.astype(np.float32)


@pytest.fixture(scope="module", params=[None, 3], ids=["W", "W+"])
def layers(request):
  return request.param


@pytest.fixture(scope="module")
def basis():
  return np.linalg.qr(np.random.default_rng(8).normal(size=(_D, 2)))[0]


@pytest.fixture(scope="module")
def split(layers, basis):
  space = "W+" if layers else "W"
  return fit_split(PublicCodes(_codes(1, layers=layers), "test", space, 8), basis, tied=True)


def test_parts_put_together_again_are_the_code_but_for_what_is_left_out(split, layers):
  codes = _codes(1, layers=layers).astype(np.float64)
  numbers, rest = split.parts(codes)
  again = split.assemble(numbers, rest)
  assert again.dtype == np.float32
  assert again.shape == codes.shape
  same_numbers, same_rest = split.parts(again.astype(np.float64))
  np.testing.assert_allclose(same_numbers, numbers, atol=1e-5)
  np.testing.assert_allclose(same_rest, rest, atol=1e-5)


def test_moving_along_a_curve_changes_its_number_and_nothing_else(split, layers):
  codes = _codes(2, 50, layers).astype(np.float64)
  numbers, rest = split.parts(codes)
  for position in range(split.numbers):
    moved, same = split.parts(split.moved(codes, position, 1.75))
    np.testing.assert_allclose(moved[:, position], 1.75, atol=1e-12)
    others = np.delete(numbers, position, axis=1)
    np.testing.assert_allclose(np.delete(moved, position, axis=1), others, atol=1e-12)
    np.testing.assert_allclose(same, rest, atol=1e-12)


def test_the_rest_is_orthogonal_to_every_hidden_direction(split):
  width = len(split.rest_basis)
  for curve in split.curves:
    np.testing.assert_allclose(curve.normal.reshape(-1, width) @ split.rest_basis, 0, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.floats(1e-6, 10))
def test_the_rest_is_lipschitz_with_the_stated_constant(basis, seed, size):
  """What neighbours may differ by otherwise, rho, grows by no more than that."""
  split = fit_split(PublicCodes(_codes(1), "test", "W", 8), basis, tied=True)
  random = np.random.default_rng(seed)
  codes = random.normal(size=(40, _D)) * 3
  step = random.normal(size=(40, _D))
  step *= size / np.linalg.norm(step, axis=1, keepdims=True)
  apart = split.parts(codes + step)[1] - split.parts(codes)[1]
  assert np.linalg.norm(apart, axis=1).max() <= size * split.lipschitz * (1 + 1e-9)


def test_later_coordinates_leave_earlier_rests_alone(basis):
  """Hiding more: the later rest is a function of the earlier one, which composition needs."""
  public = PublicCodes(_codes(1), "test", "W")
  one, two = (fit_split(public, basis[:, :k], tied=True) for k in (1, 2))
  codes = _codes(3, 100).astype(np.float64)
  rest = two.parts(codes)[1]
  np.testing.assert_allclose(two.parts(one.moved(codes, 0, -0.5))[1], rest, atol=1e-9)


def _accuracy(rest, side):
  """Least squares on whitened rests, trained on one half and tested on the other."""
  half = len(rest) // 2
  design = np.column_stack([rest, np.ones(len(rest))])
  weights = np.linalg.lstsq(design[:half], 2.0 * side[:half] - 1, rcond=1e-10)[0]
  return float(((design[half:] @ weights > 0) == side[half:]).mean())


def test_the_orthogonal_rest_tells_the_side_and_ours_does_not(basis):
  """Least squares reads 90% from the orthogonal rest. Ours: a false alarm has probability 1e-6."""
  public = _codes(1)
  axis = _TURN[0]  # of the hidden coordinate 0
  split = fit_split(PublicCodes(public, "test", "W", 8), axis[:, np.newaxis], tied=True)
  codes = _codes(2, 3 * _N).astype(np.float64)
  side = (codes - public.mean(axis=0)) @ axis > 0
  centred = codes - public.mean(axis=0)
  assert _accuracy(centred - np.outer(centred @ axis, axis), side) > 0.9
  count = len(codes) // 2
  base = max(side[count:].mean(), 1 - side[count:].mean())
  limit = stats.binom.ppf(1 - 1e-6, count, base) / count + 0.02
  assert _accuracy(split.parts(codes)[1], side) < limit


def test_linear_form_is_the_regression_on_the_coordinate():
  """m(a) = S a with S = C q / (q^T C q), where a line is asked for."""
  codes = _codes(5).astype(np.float64)
  centred = codes - codes.mean(axis=0)
  normal = np.eye(_D)[3]
  curve = fit_curve(centred, normal, straight=True, others=np.zeros((0, _D)))
  covariance = np.cov(codes, rowvar=False)
  slope = covariance @ normal / (normal @ covariance @ normal)
  assert curve.is_linear
  np.testing.assert_allclose(curve.at(np.array([2.5]))[0], 2.5 * slope, rtol=1e-9, atol=1e-9)
  assert curve.lipschitz == pytest.approx(np.linalg.norm(slope))


def test_curves_go_on_straight_beyond_their_knots():
  codes = _codes(5).astype(np.float64) @ _TURN.T
  curve = fit_curve(codes - codes.mean(axis=0), np.eye(_D)[0], others=np.zeros((0, _D)))
  assert not curve.is_linear
  far = curve.at(np.array([50.0, 51.0, 52.0]))
  np.testing.assert_allclose(far[2] - far[1], far[1] - far[0], atol=1e-9)
  np.testing.assert_allclose(far[:, 0], [50, 51, 52], atol=1e-9)


def test_a_coordinate_that_never_varies_is_taken_out_as_it_is():
  codes = np.zeros((100, _D))
  codes[:, 1:] = np.random.default_rng(0).normal(size=(100, _D - 1))
  curve = fit_curve(codes, np.eye(_D)[0], others=np.zeros((0, _D)))
  np.testing.assert_array_equal(curve.at(np.array([3.0])), 3.0 * np.eye(_D)[:1])


def test_codes_that_are_the_same_in_all_layers_let_each_layer_keep_its_rest(basis):
  tied = np.repeat(_codes(1, 500)[:, np.newaxis], 3, axis=1)
  split = fit_split(PublicCodes(tied, "test", "W+"), basis, tied=True)
  assert len(split.rest_basis) == _D
  codes = _codes(4, 20, layers=3).astype(np.float64)
  _, rest = split.parts(codes)
  assert rest.shape == (20, 3 * split.rest_basis.shape[1])
  again = split.parts(split.assemble(np.zeros((20, 2)), rest).astype(np.float64))[1]
  np.testing.assert_allclose(again, rest, atol=1e-5)


def test_a_split_is_fitted_once_for_the_same_codes_and_directions(basis):
  """Every mechanism and epsilon asks for it; other codes, directions or order get their own."""
  public = PublicCodes(_codes(1, count=300), "test", "W", 8)
  once = fit_split(public, basis, tied=True)
  assert fit_split(public, basis.copy(), tied=True) is once
  assert fit_split(public, basis[:, ::-1], tied=True) is not once
  assert fit_split(public, basis, tied=False) is not once
  same = PublicCodes(public.codes, "test", "W", 8)
  assert fit_split(same, basis, tied=True) is not once
