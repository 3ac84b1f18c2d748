"""What the statement says of the rest is measured on codes that the split was not fitted on."""

import re

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.privacy import PrivacySpec, prepare
from privai_tf.privacy.measured_rest import measured_rest
from privai_tf.privacy.public_codes import PublicCodes

_D = 16


@pytest.fixture
def boundary():
  return Boundary(np.eye(_D)[0], 0.0, "W", "smile")


def _codes(count, seed=0):
  """Coordinate 0 sets the size of coordinate 1, which no mean shows, and the mean of coordinate 2."""
  codes = np.random.default_rng(seed).normal(size=(count, _D))
  codes[:, 2] += codes[:, 0]
  return PublicCodes(codes.astype(np.float32), "test", "W", _D)


def test_the_sentence_names_accuracy_interval_and_base_rate(boundary):
  sentence = measured_rest(_codes(2000), [boundary])
  found = re.fullmatch(
    r"From the rest alone 'smile' is guessed right in ([\d.]+)% \[[\d.]+, [\d.]+\] of generated "
    r"faces by linear attackers, base rate ([\d.]+)%\.",
    sentence,
  )
  accuracy, base = map(float, found.groups())
  # Of 1,000 fair guesses; fails by chance with probability 1e-6.
  assert abs(accuracy - 50) < 7.8
  assert abs(base - 50) < 7.8


def test_a_rest_that_tells_is_told(boundary):
  """Half of the codes say otherwise than the other half: no split fitted on one serves the other."""
  public = _codes(2000)
  public.codes[1000:, 3] = 3 * public.codes[1000:, 0]
  accuracy = float(re.search(r"in ([\d.]+)%", measured_rest(public, [boundary])).group(1))
  assert accuracy > 95


def test_few_codes_measure_nothing(boundary):
  assert measured_rest(_codes(599), [boundary]) is None


def test_the_statement_says_it(generator, boundary):
  path = prepare(generator, boundary, PrivacySpec(), "W", _codes(1000))
  assert "From the rest alone 'smile' is guessed right in" in path.guarantee.statement
  samples = prepare(generator, boundary, PrivacySpec(), "W")
  assert "was not measured" in samples.guarantee.statement
