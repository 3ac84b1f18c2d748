"""The fibre test: what probes read of a hidden coordinate from the rest of a release."""

import math

import numpy as np
import pytest
from scipy import stats

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import InputError
from privai_tf.privacy import PrivacySpec, prepare
from privai_tf.privacy.audit.residual import (
  LINEAR,
  orthogonal_rests,
  read_rest,
  released_rests,
  share,
  sides_of,
)
from privai_tf.privacy.public_codes import PublicCodes

# Codes are the same in every run, and what probes read is 0.05 below the limit: the noise of the rest
# scatters that by 0.004 at most (10 runs), so a false alarm has probability below 1e-9.
COUNT = 2000


class ThinGenerator:
  """Codes as trained networks have them: 16 numbers that follow from 5, but for a thousandth."""

  latent_spaces = ("W", "W+")
  fingerprint = "thin"

  def mean_latent(self, latent_space):
    return np.zeros((3, 16) if latent_space == "W+" else 16, np.float32)

  def codes(self, latent_space, count, seed):
    """float32 [count, ...]; in W+ every layer has something of its own."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(5).normal(size=(5, 16))
    shared = random.normal(size=(count, 1, 5))
    own = 0.2 * random.normal(size=(count, 3, 5)) if latent_space == "W+" else 0.0
    codes = (shared + own) @ mixing
    codes = (codes + 1e-3 * random.normal(size=codes.shape)).astype(np.float32)
    return codes if latent_space == "W+" else codes[:, 0]


@pytest.fixture(scope="module")
def boundary():
  return Boundary(np.random.default_rng(6).normal(size=16), 0.1, "W", "smile")


@pytest.mark.parametrize(("space", "mode"), [("W", "tied"), ("W+", "tied"), ("W+", "per_layer")])
def test_the_orthogonal_rest_tells_the_coordinate_and_the_released_one_does_not(
  boundary, space, mode
):
  generator = ThinGenerator()
  public = PublicCodes(generator.codes(space, 4000, 1), "thin", space)
  spec = PrivacySpec(epsilon=1.0, wplus_mode=mode)
  prepared = prepare(generator, boundary, spec, space, public)
  fresh = generator.codes(space, COUNT, 2)
  sides = sides_of(boundary, fresh)
  old = read_rest(orthogonal_rests(prepared, fresh), sides, "smile", probes=LINEAR)
  new = read_rest(released_rests(prepared, fresh), sides, "smile", probes=LINEAR)
  assert old.best.value > 0.95
  assert not old.holds
  assert new.holds, new
  assert new.directions <= prepared.layout.rest_basis.shape[1]


def test_released_rests_are_those_of_published_codes(boundary):
  """With the noise of the rest in them, and nothing of the coordinate's release."""
  generator = ThinGenerator()
  public = PublicCodes(generator.codes("W", 4000, 1), "thin", "W")
  prepared = prepare(generator, boundary, PrivacySpec(epsilon=1.0), "W", public)
  fresh = generator.codes("W", 50, 3)
  _, exact = prepared.layout.parts(fresh.astype(np.float64))
  noise = (released_rests(prepared, fresh) - exact) / prepared.rest.noise_scale
  # Laplace noise has the mean deviation 1; 50 x p of them, standard error below 1 / sqrt(50 p).
  assert abs(np.abs(noise).mean() - 1) < 6 / math.sqrt(noise.size)


def test_a_rest_that_tells_nothing_holds_and_one_that_tells_does_not():
  random = np.random.default_rng(0)
  rests, sides = random.normal(size=(COUNT, 6)), random.random(COUNT) < 0.6
  reading = read_rest(rests, sides, "smile", probes=LINEAR)
  assert reading.holds
  assert reading.base_rate.low < 0.6 < reading.base_rate.high
  # Half a standard deviation in each of six directions: more than 80% are guessed right.
  reading = read_rest(rests + 0.5 * sides[:, np.newaxis], sides, "smile", probes=LINEAR)
  assert not reading.holds
  assert reading.sentence.startswith("From the rest alone 'smile' is guessed right in ")
  low, high = 100 * reading.best.low, 100 * reading.best.high
  assert f"{reading.best.value:.1%} [{low:.1f}, {high:.1f}] of generated faces" in reading.sentence


def test_what_nonlinear_probes_read_is_told_beside_the_verdict():
  """An attribute that is a distance from the middle: no line tells it, and both others do."""
  random = np.random.default_rng(1)
  rests = random.normal(size=(COUNT, 3))
  reading = read_rest(rests, np.abs(rests[:, 0]) > 0.67, "pose")
  assert reading.holds
  # Of a probe that is right in 85%, 2,000 codes read less than 80% with probability below 1e-9.
  assert reading.accuracies["boosting"].value > 0.8
  assert reading.accuracies["network"].value > 0.8
  assert reading.summary()["accuracies"]["boosting"]["value"] > 0.8
  assert "by linear attackers" in reading.sentence
  assert "The strongest that was tried (" in reading.sentence


def test_whitening_finds_what_varies_least():
  """The side in a direction of a thousandth of the others' size, as in the codes of an encoder."""
  random = np.random.default_rng(2)
  rests, sides = random.normal(size=(COUNT, 8)), random.random(COUNT) < 0.5
  rests[:, 0] = 1e-3 * (rests[:, 0] + 4 * sides)
  mixed = rests @ np.linalg.qr(random.normal(size=(8, 8)))[0]
  reading = read_rest(mixed, sides, "age", probes=LINEAR)
  assert all(accuracy.value > 0.95 for accuracy in reading.accuracies.values())


def test_more_directions_than_codes():
  random = np.random.default_rng(3)
  sides = random.random(400) < 0.5
  # Wide rests, in which the side is a large direction.
  rests = random.normal(size=(400, 2000)) * 0.1
  rests[:, 0] += 5 * sides
  reading = read_rest(rests, sides, "gender", probes=LINEAR)
  assert reading.directions == 100
  assert reading.best.value > 0.95


def test_one_sided_codes_are_refused():
  sides = np.arange(500) < 19
  with pytest.raises(InputError, match="19 of 500 public codes"):
    read_rest(np.zeros((500, 2)), sides, "eyeglasses")


def test_intervals_are_those_of_clopper_and_pearson():
  read = share(530, 1000)
  assert read.low == pytest.approx(stats.beta.ppf(0.005, 530, 471))
  assert read.high == pytest.approx(stats.beta.ppf(0.995, 531, 470))
  assert str(read) == f"53.0% [{100 * read.low:.1f}, {100 * read.high:.1f}]"
  assert (share(0, 10).low, share(10, 10).high) == (0, 1)
