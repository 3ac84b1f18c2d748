"""Public figures: from generated samples only, with their origin, stored and found again."""

import dataclasses

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.privacy import PrivacySpec, calibrate, prepare
from privai_tf.privacy.calibration import public_samples, upper_quantile
from privai_tf.privacy.directions import Directions, compute_directions, principal_directions

_D = 12


@pytest.fixture
def generator(make_generator):
  return make_generator(_D, 3)


@pytest.fixture
def boundary():
  return Boundary(np.random.default_rng(0).normal(size=_D), 0.3, name="smile")


def test_calibration_records_its_samples_and_survives_saving(generator, boundary, tmp_path):
  calibrated = calibrate(boundary, generator, count=2000, seed=7)
  stored = calibrated.calibration
  assert (stored["count"], stored["seed"]) == (2000, 7)
  assert stored["generator"] == generator.fingerprint
  codes = generator.map(generator.sample_z(2000, 7)).astype(np.float64)
  sizes = np.abs((codes - generator.center) @ boundary.normal)
  for level, value in stored["coordinate_quantiles"].items():
    assert (sizes <= value).mean() >= float(level)
  assert stored["median_distance"] == pytest.approx(np.median(np.abs(boundary.coordinate(codes))))
  loaded = Boundary.load(calibrated.save(tmp_path / "smile_w_boundary.npy"), latent_space="W")
  assert loaded.calibration == stored


def test_a_boundary_of_another_generator_is_refused(generator, boundary, make_generator):
  """Finding 6: the smile of another checkpoint hides nothing of this one's."""
  other = make_generator(_D, 3, seed=99)
  calibrated = calibrate(boundary, other, count=1000)
  with pytest.raises(InputError, match=r"'smile' is of another checkpoint .*train one"):
    prepare(generator, calibrated, PrivacySpec(calibration_count=1000))
  assert prepare(generator, boundary, PrivacySpec(calibration_count=1000))


def test_a_given_radius_is_rounded_up(generator, boundary):
  mechanism = prepare(generator, boundary, PrivacySpec(clip_radius=1.2345)).mechanism
  assert 1.2345 <= mechanism.clip_radius < 1.2345 * (1 + 2**-7)


def test_per_layer_radius_covers_generated_samples(generator, boundary):
  spec = PrivacySpec(wplus_mode="per_layer", calibration_count=1000, clip_quantile=0.99)
  prepared = prepare(generator, boundary, spec, "W+")
  codes = public_samples(generator, "W+", 1000, 0).astype(np.float64)
  layered = np.repeat(codes[:, np.newaxis], 3, axis=1)
  sizes = np.abs(prepared.layout.parts(layered)[0]).sum(axis=1)
  assert (sizes <= prepared.mechanism.clip_radius).mean() >= 0.99
  assert (sizes <= prepared.mechanism.clip_radius * 0.97).mean() < 0.99


def test_samples_are_drawn_once(make_generator):
  generator = make_generator(_D, 3)
  first = public_samples(generator, "W", 500, 1)
  assert public_samples(generator, "W+", 500, 1) is first
  assert generator.sampled == 1
  assert public_samples(generator, "Z", 500, 1) is not first
  with pytest.raises(ValueError, match="read-only"):
    first[0, 0] = 0


def test_networks_with_labels_are_sampled_over_their_classes(make_generator):
  generator = make_generator(_D, 3)
  generator.config = type("Config", (), {"label_size": 4})()
  seen = []

  def labelled(z, labels=None):
    seen.append(labels)
    return type(generator).map(generator, z)

  generator.map = labelled
  public_samples(generator, "W", 1500, 1)
  labels = np.concatenate(seen)
  assert labels.shape == (1500, 4)
  assert (labels.sum(axis=1) == 1).all()
  assert labels.mean(axis=0).min() > 0.15


def test_upper_quantile_covers_its_level():
  values = np.arange(1, 101)
  assert upper_quantile(values, 0.99) == 99
  assert upper_quantile(values, 0.991) == 100
  assert upper_quantile(values, 1.0) == 100


def test_principal_directions_find_the_known_variances(generator):
  found = principal_directions(generator, "W", 20_000, 0)
  np.testing.assert_allclose(found.deviations, generator.deviations, rtol=0.05)
  np.testing.assert_allclose(found.basis.T @ found.basis, np.eye(_D), atol=1e-12)
  codes = generator.map(generator.sample_z(20_000, 5))
  whitened = (codes - found.mean) @ found.basis / found.deviations
  np.testing.assert_allclose(np.cov(whitened, rowvar=False), np.eye(_D), atol=0.06)
  shares = np.cumsum(found.deviations**2) / (found.deviations**2).sum()
  k = found.components(None)
  assert shares[k - 1] >= 0.99 > shares[k - 2]


def test_directions_that_do_not_vary_are_left_out():
  random = np.random.default_rng(0)
  flat = random.normal(size=(500, 3)) @ random.normal(size=(3, _D))
  found = compute_directions(flat, {})
  assert found.basis.shape == (_D, 3)
  with pytest.raises(ConfigurationError, match="in 3 directions only"):
    found.components(4)
  with pytest.raises(ConfigurationError, match="do not vary"):
    compute_directions(np.ones((10, _D)), {})


def test_stored_directions_are_used_for_their_own_samples_only(make_generator, tmp_path):
  generator = make_generator(_D, 3)
  (tmp_path / "fake").mkdir()
  path = tmp_path / "fake" / "principal_w.npz"
  computed = principal_directions(generator, "W", 1000, 0, tmp_path)
  marked = dataclasses.replace(computed, deviations=computed.deviations * 2)
  marked.save(path)
  generator = make_generator(_D, 3)  # the same network, loaded again
  found = principal_directions(generator, "W+", 1000, 0, tmp_path)
  np.testing.assert_array_equal(found.deviations, marked.deviations)
  for count, seed in ((1000, 1), (999, 0)):
    other = principal_directions(generator, "W", count, seed, tmp_path)
    assert other.deviations[0] < marked.deviations[0]
  np.testing.assert_array_equal(Directions.load(path).basis, computed.basis)


def test_damaged_directions_are_refused(tmp_path, generator):
  path = tmp_path / "principal_w.npz"
  path.write_bytes(b"not an archive")
  with pytest.raises(InputError, match=r"principal_w\.npz"):
    Directions.load(path)
  found = principal_directions(generator, "W", 500, 0, tmp_path)
  dataclasses.replace(found, basis=found.basis * 1.1).save(path)
  with pytest.raises(InputError, match="not orthonormal"):
    Directions.load(path)
