"""Spread directions: found where the sides vary differently and move alike, and nowhere else."""

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.spread import spread_directions
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.privacy.public_codes import PublicCodes

_BOUNDARY = Boundary(np.eye(6)[0], 0.0, "W", "beard", {"checkpoint": {"sha256": "ab"}})


def _codes(count: int = 3000) -> np.ndarray:
  """Six independent numbers; the fourth varies on the first one's positive side only."""
  codes = np.random.default_rng(0).normal(size=(count, 6)) * [1, 2, 1, 1, 0.5, 1]
  codes[:, 3] *= np.where(codes[:, 0] > 0, 1.0, 0.1)
  return codes.astype(np.float32)


def _public(codes: np.ndarray) -> PublicCodes:
  return PublicCodes(codes, "test", "W")


def test_the_direction_that_varies_on_one_side_is_found_first():
  first, second = spread_directions(_public(_codes()), _BOUNDARY, 2)
  assert abs(first.normal[3]) > 0.99
  assert first.name == "beard_spread_1"
  assert first.provenance["checkpoint"] == {"sha256": "ab"}
  sizes = [one.provenance["difference_of_second_moments"] for one in (first, second)]
  assert sizes[0] > 1.5
  # Nothing else differs: of 3,000 codes a difference of 0.25 is eight standard deviations.
  assert abs(sizes[1]) < 0.25


def test_what_cannot_be_found_is_refused():
  codes = _codes(200)
  with pytest.raises(ConfigurationError, match="count is 9"):
    spread_directions(_public(codes), _BOUNDARY, 9)
  with pytest.raises(InputError, match=r"Fewer than 20 of 200 public codes"):
    spread_directions(_public(codes + np.float32([9, 0, 0, 0, 0, 0])), _BOUNDARY)
  with pytest.raises(ConfigurationError, match="W or Z"):
    spread_directions(PublicCodes(codes[:, np.newaxis], "test", "W+"), _BOUNDARY)
