"""The release as a whole: attributes and their budgets, scopes, what is stated, simulations."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

import privai_tf
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError
from privai_tf.privacy import PrivacySpec, prepare, privatize
from privai_tf.privacy.accounting import compose
from privai_tf.privacy.grid import from_grid

_D, _L = 16, 4


def test_tied_releases_the_mean_of_the_layers(generator, boundaries, make_latents):
  spec = PrivacySpec(clip_radius=1000.0)
  latents = make_latents(generator, "W+")
  encoded = prepare(generator, boundaries["W", 1], spec, "W+").encode(latents)
  center = generator.map(generator.sample_z(2000, 0)).astype(np.float64).mean(axis=0)
  mean = (latents.mean(axis=1) - center) @ boundaries["W", 1].normal
  np.testing.assert_allclose(from_grid(encoded.coordinates)[:, 0], mean, atol=1e-5)


def test_a_budget_for_each_attribute(generator, boundaries, make_latents):
  chosen = [boundaries["W", 1], boundaries["W", 2]]
  spec = PrivacySpec(epsilon=(0.5, 1.5))
  release = privatize(make_latents(generator, "W"), generator, chosen, spec)
  prepared = prepare(generator, chosen, spec)
  # A fiftieth is the rest's.
  shares = [block.mechanism.epsilon for block in prepared.blocks]
  assert shares == pytest.approx([0.49, 1.47], rel=1e-12)
  assert sum(map(Fraction, shares)) + Fraction(prepared.rest.epsilon) <= 2
  assert [block.positions for block in prepared.blocks] == [[0], [1]]
  assert release.guarantee.epsilon == 2.0
  *of_coordinates, of_rest = release.event.events
  assert [1 / event.noise_multiplier for event in of_coordinates] == pytest.approx([0.49, 1.47])
  assert compose([of_rest], 0.0) == pytest.approx(0.04, rel=1e-9)
  assert compose([release.event], 0.0) == pytest.approx(2.0, rel=1e-9)
  per_layer = prepare(generator, chosen, dataclasses.replace(spec, wplus_mode="per_layer"), "W+")
  assert [block.positions for block in per_layer.blocks] == [[0, 1, 2, 3], [4, 5, 6, 7]]
  gaussian = PrivacySpec(mechanism="gaussian", epsilon=(1, 1), delta=1e-5)
  prepared = prepare(generator, chosen, gaussian)
  parts = [block.mechanism.delta for block in prepared.blocks] + [prepared.rest.delta]
  assert sum(map(Fraction, parts)) <= Fraction(1e-5)
  assert sum(parts) == pytest.approx(1e-5)


def test_several_attributes_share_an_orthonormal_basis(generator, boundaries):
  chosen = [boundaries["W", n] for n in (1, 2, 3)]
  basis = prepare(generator, chosen, PrivacySpec()).layout.basis
  np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-14)
  np.testing.assert_allclose(basis[:, 0], chosen[0].normal, atol=1e-14)
  for column, boundary in zip(basis.T, chosen, strict=True):
    assert column @ boundary.normal > 0
  mixed = Boundary(chosen[0].normal - 2 * chosen[1].normal, name="again")
  with pytest.raises(InputError, match=r"'again' points along 'a1', 'a2' \(collinear\)"):
    prepare(generator, [*chosen[:2], mixed], PrivacySpec())


def test_randomized_response_minds_the_plane_and_its_intercept(generator, boundaries, make_latents):
  boundary = boundaries["W", 1]
  spec = PrivacySpec(mechanism="randomized_response", epsilon=500.0)  # keeps the side
  latents = make_latents(generator, "W", 50)
  released = privatize(latents, generator, boundary, spec).latents
  before, after = boundary.coordinate(latents), boundary.coordinate(released)
  assert (np.sign(before) == np.sign(after)).all()
  samples = generator.map(generator.sample_z(10_000, seed=0))
  median = np.median(np.abs(boundary.coordinate(samples)))
  np.testing.assert_allclose(np.abs(after), median, atol=1e-3)
  both = [boundary, boundaries["W", 2]]
  split = prepare(generator, both, dataclasses.replace(spec, epsilon=(1.0, 2.0)))
  assert [block.mechanism.epsilon for block in split.blocks] == pytest.approx(
    [1 - 0.04 / 3, 2 - 0.08 / 3]
  )


def test_the_guarantee_states_what_was_done(generator, boundaries, make_latents):
  release = privatize(
    make_latents(generator, "W+"), generator, boundaries["W", 1], PrivacySpec(epsilon=2.0),
    latent_space="W+", synthesize=True,
  )  # fmt: skip
  guarantee = release.guarantee
  assert guarantee.private
  assert (guarantee.mechanism, guarantee.scope, guarantee.epsilon) == ("laplace", "attribute", 2.0)
  assert guarantee.sensitivity == 2 * guarantee.clip_radius
  # Scale 2R / epsilon, of the 98% that are the coordinate's.
  assert guarantee.noise_scale == pytest.approx(guarantee.clip_radius / 0.98, rel=1e-5)
  assert guarantee.relation["attributes"] == ["a1"]
  assert 0 < guarantee.rest_noise_scale < 0.01
  assert release.latents.dtype == np.float32
  assert release.latents.shape == (3, _L, _D)
  assert release.images.shape == (3, 4, 4, 3)
  assert "residual" in guarantee.statement


def test_every_release_draws_its_own_noise(generator, boundaries, make_latents):
  latents = np.repeat(make_latents(generator, "W", 1), 4, axis=0)
  spec = PrivacySpec(epsilon=50.0, clip_radius=1000.0)  # so that clamping makes none equal
  both = [privatize(latents, generator, boundaries["W", 1], spec).latents for _ in range(2)]
  rows = np.concatenate(both)
  assert len(np.unique(rows, axis=0)) == 8


def test_a_simulation_is_repeatable_and_never_called_private(generator, boundaries, make_latents):
  import dp_accounting

  spec = PrivacySpec(noise_seed=5)
  latents = make_latents(generator, "W")
  first, second = (privatize(latents, generator, boundaries["W", 1], spec) for _ in range(2))
  np.testing.assert_array_equal(first.latents, second.latents)
  assert not first.guarantee.private
  assert first.guarantee.statement.startswith("NOT PRIVATE: a simulation")
  assert isinstance(first.event, dp_accounting.NonPrivateDpEvent)
  other = privatize(latents, generator, boundaries["W", 1], PrivacySpec(noise_seed=6))
  assert (other.latents != first.latents).any()
  with pytest.raises(ConfigurationError, match="simulation"):
    prepare(generator, boundaries["W", 1], spec).release_coordinates(np.zeros((1, 1), np.int64))


@pytest.mark.parametrize("scope", ["image", "metric"])
def test_uniform_directions_in_many_dimensions_are_released_privately(
  generator, make_latents, scope
):
  name = "l2_laplace" if scope == "image" else "metric_laplace"
  spec = PrivacySpec(mechanism=name, scope=scope, components=16, wplus_mode="per_layer")
  latents = make_latents(generator, "W+")
  release = privatize(latents, generator, None, spec, latent_space="W+")
  assert release.guarantee.private
  simulated = dataclasses.replace(spec, noise_seed=1)
  assert not privatize(latents, generator, None, simulated, latent_space="W+").guarantee.private


def test_metric_scope_keeps_distances_and_clips_nothing(generator, make_latents):
  spec = PrivacySpec(mechanism="metric_laplace", scope="metric", epsilon=50.0, components=4)
  prepared = prepare(generator, None, spec, "W")
  assert (prepared.layout.scales == 1).all()
  latents = make_latents(generator, "W", 20) * 30
  released = prepared.release(prepared.encode(latents)).astype(np.float64)
  basis = prepared.layout.basis
  assert np.abs((released - latents) @ basis).max() < 2
  guarantee = prepared.guarantee
  assert (guarantee.clip_radius, guarantee.sensitivity) == (None, None)
  assert "not a plain epsilon" in guarantee.statement


def test_pggan_codes(make_pggan, make_boundary, make_latents):
  generator = make_pggan(_D, 1)
  boundary = make_boundary(space="Z")
  release = privatize(make_latents(generator, "Z"), generator, boundary, PrivacySpec())
  assert release.latent_space == "Z"
  with pytest.raises(LatentSpaceError, match="no latent space 'W'"):
    prepare(generator, make_boundary(), PrivacySpec())


def test_public_names():
  assert privai_tf.PrivacySpec is PrivacySpec
  assert privai_tf.privatize is privatize
