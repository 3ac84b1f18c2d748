"""The release as a whole: what it depends on, in every scope and space, and what it refuses."""

import dataclasses
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import privai_tf
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError
from privai_tf.privacy import Encoded, PrivacySpec, prepare, privatize
from privai_tf.privacy.grid import CELLS, from_grid

_D, _L = 16, 4
_JOINT = [("laplace", 0.0), ("l2_laplace", 0.0), ("gaussian", 1e-5)]
_SPACES = [("W", "tied"), ("W+", "tied"), ("W+", "per_layer"), ("Z", "tied")]


@pytest.fixture(scope="module")
def generator(make_generator):
  return make_generator(_D, _L)


def _boundary(name="smile", seed=1, space="W", width=_D, intercept=0.2):
  return Boundary(np.random.default_rng(seed).normal(size=width), intercept, space, name)


@pytest.fixture(scope="module")
def boundaries():
  return {(s, n): _boundary(f"a{n}", n, s) for s in "WZ" for n in (1, 2, 3)}


def _latents(generator, space, count=3, seed=0):
  random = np.random.default_rng(seed)
  shape = np.shape(generator.mean_latent(space))
  return random.normal(size=(count, *shape)) * 2


@settings(max_examples=60, deadline=None)
@given(
  seed=st.integers(0, 2**32),
  mechanism=st.sampled_from(_JOINT),
  space=st.sampled_from(_SPACES),
  attributes=st.integers(1, 3),
  beyond=st.floats(1, 1e6),
)
def test_output_depends_on_the_input_through_clipped_coordinates_and_rest_only(
  generator, boundaries, pinned_source, seed, mechanism, space, attributes, beyond
):
  """Two codes that share r, with coordinates that clip to the same point, give equal outputs."""
  space, mode = space
  chosen = [boundaries["Z" if space == "Z" else "W", n] for n in range(1, attributes + 1)]
  spec = PrivacySpec(mechanism=mechanism[0], delta=mechanism[1], clip_radius=1.0, wplus_mode=mode)
  prepared = prepare(generator, chosen, spec, space)
  encoded = prepared.encode(_latents(generator, space, seed=seed))
  # Out of the ball along the same ray: clip_R is the same.
  random = np.random.default_rng(seed)
  direction = random.normal(size=encoded.coordinates.shape)
  direction /= np.abs(direction).sum(axis=1, keepdims=True)
  near = Encoded(
    prepared.mechanism.encode(direction * 4 * math.sqrt(direction.shape[1])), encoded.rest
  )
  far = Encoded(
    prepared.mechanism.encode(direction * 4 * math.sqrt(direction.shape[1]) * beyond), encoded.rest
  )
  # One ulp of the division may round to another grid point; nothing larger may.
  assert np.abs(near.coordinates - far.coordinates).max() <= 1
  same = Encoded(near.coordinates, far.rest)
  first = prepared.release(near, pinned_source(7))
  second = prepared.release(same, pinned_source(7))
  np.testing.assert_array_equal(first, second)
  for mechanism_block in prepared.blocks:
    released = prepared.release_coordinates(near.coordinates, pinned_source(8))
    block = released[:, mechanism_block.positions]
    order = 1 if mechanism_block.mechanism.norm == "l1" else 2
    assert (np.linalg.norm(block / CELLS, ord=order, axis=1) <= 1.0).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), value=st.floats(1.0, 1e6), sign=st.sampled_from([-1, 1]))
def test_any_coordinate_beyond_the_radius_is_the_radius(generator, boundaries, seed, value, sign):
  """From latents on, one axis: every w with the same r and a >= R is encoded as the same pair."""
  boundary = boundaries["W", 1]
  prepared = prepare(generator, boundary, PrivacySpec(clip_radius=1.0), "W")
  base = _latents(generator, "W", 2, seed)
  rest = base - np.outer((base - generator.center) @ boundary.normal, boundary.normal)
  pairs = [prepared.encode(rest + sign * a * boundary.normal) for a in (1.0, value)]
  assert (np.abs(pairs[1].coordinates) == CELLS).all()
  assert np.abs(pairs[0].coordinates - pairs[1].coordinates).max() <= 1
  # A rest within 1e-9 steps of a tie could be rounded either way; the draws here are not.
  if value < 1e3:
    np.testing.assert_array_equal(pairs[0].rest, pairs[1].rest)


@settings(max_examples=40, deadline=None)
@given(
  seed=st.integers(0, 2**32),
  space=st.sampled_from(_SPACES),
  mechanism=st.sampled_from([*_JOINT, ("exponential", 0.0)]),
  noise=st.floats(0, 100),
)
def test_scope_image_depends_on_clipped_whitened_coordinates_only(
  generator, pinned_source, seed, space, mechanism, noise
):
  space, mode = space
  components = 1 if mechanism[0] == "exponential" else 3
  if components == 1 and mode == "per_layer":
    mode = "tied"
  spec = PrivacySpec(
    mechanism=mechanism[0],
    delta=mechanism[1],
    scope="image",
    components=components,
    wplus_mode=mode,
  )
  prepared = prepare(generator, None, spec, space)
  latents = _latents(generator, space, seed=seed)
  encoded = prepared.encode(latents)
  assert encoded.rest is None
  # Anything outside the directions, and in W+ tied anything that keeps the layers' mean.
  random = np.random.default_rng(seed + 1)
  outside = random.normal(size=latents.shape) * noise
  basis = prepared.subspace.basis
  outside -= (outside @ basis) @ basis.T
  if space == "W+" and mode == "tied":
    extra = random.normal(size=latents.shape) * noise
    outside += extra - extra.mean(axis=1, keepdims=True)
  moved = prepared.encode(latents + outside)
  assert np.abs(moved.coordinates - encoded.coordinates).max() <= 1
  released = prepared.release(encoded, pinned_source(3))
  again = prepared.release(Encoded(encoded.coordinates, None), pinned_source(3))
  np.testing.assert_array_equal(released, again)
  # The output lies on the public mean plus the directions, to float32.
  centred = released - prepared.subspace.mean
  off = centred - (centred @ basis) @ basis.T
  assert np.abs(off).max() < 1e-4 * (1 + np.abs(centred).max())
  if space == "W+" and mode == "tied":
    assert (released == released[:, :1]).all()


@pytest.mark.parametrize("mode", ["tied", "per_layer"])
def test_no_layer_keeps_its_own_coordinate(generator, boundaries, pinned_source, mode):
  boundary = boundaries["W", 1]
  spec = PrivacySpec(wplus_mode=mode, clip_radius=3.0)
  prepared = prepare(generator, boundary, spec, "W+")
  assert prepared.subspace.numbers == (1 if mode == "tied" else _L)
  latents = _latents(generator, "W+")
  released = prepared.release(prepared.encode(latents), pinned_source(1)).astype(np.float64)
  layers = (released - generator.center) @ boundary.normal
  if mode == "tied":
    np.testing.assert_allclose(layers, layers[:, :1] + np.zeros((1, _L)), atol=1e-4)
  else:
    assert (np.abs(layers).sum(axis=1) <= 3.0 + 1e-3).all()
  # Everything else is the input's.
  project = np.eye(_D) - np.outer(boundary.normal, boundary.normal)
  np.testing.assert_allclose(
    (released - generator.center) @ project, (latents - generator.center) @ project, atol=1e-4
  )


def test_tied_releases_the_mean_of_the_layers(generator, boundaries):
  spec = PrivacySpec(clip_radius=1000.0)
  latents = _latents(generator, "W+")
  encoded = prepare(generator, boundaries["W", 1], spec, "W+").encode(latents)
  mean = (latents.mean(axis=1) - generator.center) @ boundaries["W", 1].normal
  np.testing.assert_allclose(from_grid(encoded.coordinates)[:, 0], mean, atol=1 / CELLS)


def test_a_budget_for_each_attribute(generator, boundaries):
  chosen = [boundaries["W", 1], boundaries["W", 2]]
  spec = PrivacySpec(epsilon=(0.5, 1.5))
  release = privatize(_latents(generator, "W"), generator, chosen, spec)
  prepared = prepare(generator, chosen, spec)
  assert [block.mechanism.epsilon for block in prepared.blocks] == [0.5, 1.5]
  assert [block.positions for block in prepared.blocks] == [[0], [1]]
  assert release.guarantee.epsilon == 2.0
  assert [1 / event.noise_multiplier for event in release.event.events] == pytest.approx([0.5, 1.5])
  per_layer = prepare(generator, chosen, dataclasses.replace(spec, wplus_mode="per_layer"), "W+")
  assert [block.positions for block in per_layer.blocks] == [[0, 2, 4, 6], [1, 3, 5, 7]]
  gaussian = PrivacySpec(mechanism="gaussian", epsilon=(1, 1), delta=1e-5)
  blocks = prepare(generator, chosen, gaussian).blocks
  assert sum(block.mechanism.delta for block in blocks) == 1e-5


def test_several_attributes_share_an_orthonormal_basis(generator, boundaries):
  chosen = [boundaries["W", n] for n in (1, 2, 3)]
  basis = prepare(generator, chosen, PrivacySpec()).subspace.basis
  np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-14)
  np.testing.assert_allclose(basis[:, 0], chosen[0].normal, atol=1e-14)
  for column, boundary in zip(basis.T, chosen, strict=True):
    assert column @ boundary.normal > 0
  mixed = Boundary(chosen[0].normal - 2 * chosen[1].normal, name="again")
  with pytest.raises(InputError, match=r"'again' points along 'a1', 'a2' \(collinear\)"):
    prepare(generator, [*chosen[:2], mixed], PrivacySpec())


def test_randomized_response_minds_the_plane_and_its_intercept(generator, boundaries):
  boundary = boundaries["W", 1]
  spec = PrivacySpec(mechanism="randomized_response", epsilon=500.0)  # keeps the side
  latents = _latents(generator, "W", 50)
  released = privatize(latents, generator, boundary, spec).latents
  before, after = boundary.coordinate(latents), boundary.coordinate(released)
  assert (np.sign(before) == np.sign(after)).all()
  samples = generator.map(generator.sample_z(10_000, seed=0))
  median = np.median(np.abs(boundary.coordinate(samples)))
  np.testing.assert_allclose(np.abs(after), median, atol=1e-4)
  both = [boundary, boundaries["W", 2]]
  split = prepare(generator, both, dataclasses.replace(spec, epsilon=(1.0, 2.0)))
  assert [block.mechanism.epsilon for block in split.blocks] == [1.0, 2.0]


def test_public_figures_never_come_from_the_input(generator, boundaries):
  """Latents far out change neither radius nor scale."""
  outcomes = []
  for factor in (0.01, 1000.0):
    latents = _latents(generator, "W") * factor
    outcomes.append(privatize(latents, generator, boundaries["W", 1], PrivacySpec()).guarantee)
  assert outcomes[0] == outcomes[1]
  samples = generator.map(generator.sample_z(10_000, seed=0))
  sizes = np.abs((samples - generator.center) @ boundaries["W", 1].normal)
  assert (sizes <= outcomes[0].clip_radius).mean() >= 0.99
  assert outcomes[0].clip_radius <= np.quantile(sizes, 0.99) * 1.01


def test_the_guarantee_states_what_was_done(generator, boundaries):
  release = privatize(
    _latents(generator, "W+"), generator, boundaries["W", 1], PrivacySpec(epsilon=2.0),
    latent_space="W+", synthesize=True,
  )  # fmt: skip
  guarantee = release.guarantee
  assert guarantee.private
  assert (guarantee.mechanism, guarantee.scope, guarantee.epsilon) == ("laplace", "attribute", 2.0)
  assert guarantee.sensitivity == 2 * guarantee.clip_radius
  assert guarantee.noise_scale == pytest.approx(guarantee.clip_radius, rel=1e-5)
  assert release.latents.dtype == np.float32
  assert release.latents.shape == (3, _L, _D)
  assert release.images.shape == (3, 4, 4, 3)
  assert "residual" in guarantee.statement


def test_every_release_draws_its_own_noise(generator, boundaries):
  latents = np.repeat(_latents(generator, "W", 1), 4, axis=0)
  spec = PrivacySpec(epsilon=50.0, clip_radius=1000.0)  # so that clamping makes none equal
  both = [privatize(latents, generator, boundaries["W", 1], spec).latents for _ in range(2)]
  rows = np.concatenate(both)
  assert len(np.unique(rows, axis=0)) == 8


def test_a_simulation_is_repeatable_and_never_called_private(generator, boundaries):
  import dp_accounting

  spec = PrivacySpec(noise_seed=5)
  latents = _latents(generator, "W")
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
def test_uniform_directions_in_many_dimensions_are_released_privately(generator, scope):
  name = "l2_laplace" if scope == "image" else "metric_laplace"
  spec = PrivacySpec(mechanism=name, scope=scope, components=16, wplus_mode="per_layer")
  latents = _latents(generator, "W+")
  release = privatize(latents, generator, None, spec, latent_space="W+")
  assert release.guarantee.private
  simulated = dataclasses.replace(spec, noise_seed=1)
  assert not privatize(latents, generator, None, simulated, latent_space="W+").guarantee.private


def test_metric_scope_keeps_distances_and_clips_nothing(generator):
  spec = PrivacySpec(mechanism="metric_laplace", scope="metric", epsilon=50.0, components=4)
  prepared = prepare(generator, None, spec, "W")
  assert (prepared.subspace.scales == 1).all()
  latents = _latents(generator, "W", 20) * 30
  released = prepared.release(prepared.encode(latents)).astype(np.float64)
  basis = prepared.subspace.basis
  assert np.abs((released - latents) @ basis).max() < 2
  guarantee = prepared.guarantee
  assert (guarantee.clip_radius, guarantee.sensitivity) == (None, None)
  assert "not a plain epsilon" in guarantee.statement


def test_pggan_codes(make_pggan):
  generator = make_pggan(_D, 1)
  boundary = _boundary(space="Z")
  release = privatize(_latents(generator, "Z"), generator, boundary, PrivacySpec())
  assert release.latent_space == "Z"
  with pytest.raises(LatentSpaceError, match="no latent space 'W'"):
    prepare(generator, _boundary(), PrivacySpec())


def _nan(array, place):
  array[place] = np.nan
  return array


@pytest.mark.parametrize(
  ("latents", "space", "error", "words"),
  [
    (lambda g: _nan(_latents(g, "W"), (1, 3)), "W", InputError, "Latent 1 holds NaN.*nothing was"),
    (lambda g: _latents(g, "W") * np.inf, "W", InputError, "Latent 0 holds NaN or inf.*3 such"),
    (lambda g: _latents(g, "W+"), "W", LatentSpaceError, r"shape \[3, 4, 16\].*\[n, 16\]"),
    (lambda g: _latents(g, "W"), "W+", LatentSpaceError, r"shape \[3, 16\].*\[n, 4, 16\]"),
    (lambda g: _latents(g, "W")[:, :9], "W", LatentSpaceError, r"\[3, 9\]"),
    (lambda g: _latents(g, "W")[0], "W", LatentSpaceError, r"shape \[16\]"),
    (lambda g: _latents(g, "W")[:0], "W", InputError, "no latents"),
    (lambda g: _latents(g, "W") + 1j, "W", InputError, "real numbers"),
    (lambda g: np.array([["a"] * _D]), "W", InputError, "real numbers"),
    (lambda g: _latents(g, "W"), "Z", LatentSpaceError, "is for latent space W.*from Z"),
    (lambda g: _latents(g, "W"), "S", LatentSpaceError, "no latent space 'S'"),
  ],
)
def test_unusable_latents_are_refused_whole(generator, boundaries, latents, space, error, words):
  with pytest.raises(error, match=words) as caught:
    privatize(latents(generator), generator, boundaries["W", 1], PrivacySpec(), latent_space=space)
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
  ("chosen", "spec", "words"),
  [
    ([], {}, "needs a boundary"),
    ([1, 2], {"epsilon": (1, 1, 1)}, "3 epsilons for 2 attributes"),
    ([1], {"epsilon": (1, 2)}, "2 epsilons for 1 attributes"),
    ([1, 2], {"mechanism": "randomized_response"}, "at most 1 number.*its own epsilon"),
    ([1], {"mechanism": "randomized_response", "wplus_mode": "per_layer"}, "tied"),
    ([1, 2], {"mechanism": "exponential"}, "its own epsilon"),
  ],
)
def test_guarantees_that_cannot_be_given_are_refused(generator, boundaries, chosen, spec, words):
  with pytest.raises(ConfigurationError, match=words):
    prepare(generator, [boundaries["W", n] for n in chosen], PrivacySpec(**spec), "W+")


def test_boundaries_that_do_not_fit_are_refused(generator):
  with pytest.raises(LatentSpaceError, match="8 numbers and the latents have 16"):
    prepare(generator, _boundary(width=8), PrivacySpec())
  with pytest.raises(LatentSpaceError, match=r"is for latent space Z.*from W\+"):
    prepare(generator, _boundary(space="Z"), PrivacySpec(), "W+")
  with pytest.raises(ConfigurationError, match="latent_space must be given"):
    prepare(generator, None, PrivacySpec(scope="image"))
  with pytest.raises(ConfigurationError, match="vary in 16 directions"):
    prepare(generator, None, PrivacySpec(scope="image", components=17), "W")


def test_nothing_is_drawn_for_refused_latents(generator, boundaries, monkeypatch):
  def unexpected(size):
    raise AssertionError("noise was drawn")

  prepared = prepare(generator, boundaries["W", 1], PrivacySpec())
  monkeypatch.setattr("os.urandom", unexpected)
  with pytest.raises(InputError):
    prepared.release(prepared.encode(_nan(_latents(generator, "W"), (0, 0))))


def test_public_names():
  assert privai_tf.PrivacySpec is PrivacySpec
  assert privai_tf.privatize is privatize


def test_speed(make_generator):
  """Issue targets, as processor time: 1,000 latents in 1 s, k = 512 in 60 ms, one face in 1 ms."""
  generator = make_generator(512, 18)
  boundary = _boundary(width=512)
  samples = {"calibration_count": 1000}
  spec = PrivacySpec(**samples)
  latents = _latents(generator, "W", 1000)
  whole = PrivacySpec("gaussian", "image", delta=1e-5, components=512, **samples)
  privatize(latents[:1], generator, boundary, spec)
  privatize(latents[:1], generator, None, whole, latent_space="W")

  def seconds(call, times):
    # The least of several: other processes disturb the caches.
    best = math.inf
    for _ in range(times):
      start = time.process_time()
      call()
      best = min(best, time.process_time() - start)
    return best

  assert seconds(lambda: privatize(latents, generator, boundary, spec), 2) < 1
  assert seconds(lambda: privatize(latents[:1], generator, boundary, spec), 10) < 1e-3
  one_image = lambda: privatize(latents[:1], generator, None, whole, latent_space="W")  # noqa: E731
  assert seconds(one_image, 3) < 0.06
