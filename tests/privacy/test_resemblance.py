"""What counts as resemblance: attributes first, then directions orthogonal to them, of variance 1."""

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.privacy.calibration import public_samples
from privai_tf.privacy.directions import principal_directions
from privai_tf.privacy.resemblance import parse_weights, resemblance


@pytest.fixture(scope="module")
def directions(generator):
  return principal_directions(generator, "W", 20_000, 0)


def _compared(directions, weights, boundaries, k=10):
  return resemblance(directions.basis[:, :k], directions.deviations[:k], weights, boundaries)


@pytest.mark.parametrize(
  ("parts", "weights"),
  [
    (["age:3", "rest:0.5"], (("age", 3.0), ("rest", 0.5))),
    (["age", " pose : 2"], (("age", 1.0), ("pose", 2.0))),
    ([], ()),
  ],
)
def test_weights_are_read(parts, weights):
  assert parse_weights(parts) == weights


def test_a_weight_that_is_no_number_is_refused():
  with pytest.raises(ConfigurationError, match="'age:much' gives no number"):
    parse_weights(["age:much"])


@pytest.mark.parametrize("named", [(), ("a1",), ("a1", "a2", "a3")])
def test_numbers_have_variance_one_and_come_back(generator, directions, boundaries, named):
  weights = tuple((name, 2.0) for name in named)
  given = [boundaries["W", int(name[1])] for name in named]
  compared = _compared(directions, weights, given)
  np.testing.assert_allclose(compared.spread @ compared.axes, np.eye(10), atol=1e-10)
  codes = public_samples(generator, "W", 20_000, 0).astype(np.float64) - directions.mean
  covariance = np.cov(codes @ compared.axes, rowvar=False)
  np.testing.assert_allclose(np.diag(covariance), 1, atol=1e-6)
  # The rest has nothing in common with the attributes, nor with itself.
  rest = covariance[len(named) :]
  np.testing.assert_allclose(rest, np.eye(10)[len(named) :], atol=1e-6)
  assert compared.weights.tolist() == [2.0] * len(named) + [1.0] * (10 - len(named))


def test_an_attributes_number_is_its_standardized_coordinate(generator, directions, boundaries):
  compared = _compared(directions, (("a2", 1.0),), [boundaries["W", 2]], k=16)
  codes = public_samples(generator, "W", 20_000, 0).astype(np.float64)
  coordinate = boundaries["W", 2].coordinate(codes)
  number = (codes - directions.mean) @ compared.axes[:, 0]
  assert np.corrcoef(coordinate, number)[0, 1] > 1 - 1e-9


def test_only_the_attribute_may_count(directions, boundaries):
  compared = _compared(directions, (("a1", 1.0), ("rest", 0.0)), [boundaries["W", 1]])
  assert compared.weights.tolist() == [1.0] + [0.0] * 9


def test_what_cannot_be_compared_is_refused(directions, boundaries):
  one, two = boundaries["W", 1], boundaries["W", 2]
  with pytest.raises(ConfigurationError, match="'age', and the boundaries at hand are a1, a2"):
    _compared(directions, (("age", 1.0),), [one, two])
  with pytest.raises(ConfigurationError, match="boundaries at hand are none"):
    _compared(directions, (("age", 1.0),), [])
  still = Boundary(directions.basis[:, 12], 0.0, "W", "still")
  with pytest.raises(ConfigurationError, match="never vary along 'still'"):
    _compared(directions, (("still", 1.0),), [still])
  again = Boundary(one.normal, 0.3, "W", "again")
  with pytest.raises(ConfigurationError, match="'again' says nothing"):
    _compared(directions, (("a1", 1.0), ("again", 1.0)), [one, again])
  with pytest.raises(ConfigurationError, match="'a2' says nothing"):
    _compared(directions, (("a1", 1.0), ("a2", 1.0)), [one, two], k=1)
  with pytest.raises(ConfigurationError, match="all weights are 0"):
    _compared(directions, (("a1", 0.0), ("rest", 0.0)), [one])
