"""What a release depends on: clipped coordinates and the rest, in every scope and space."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.privacy import Encoded, PrivacySpec, prepare, privatize
from privai_tf.privacy.grid import CELLS

_D, _L = 16, 4
_JOINT = [("laplace", 0.0), ("l2_laplace", 0.0), ("gaussian", 1e-5)]
_SPACES = [("W", "tied"), ("W+", "tied"), ("W+", "per_layer"), ("Z", "tied")]


@settings(max_examples=60, deadline=None)
@given(
  seed=st.integers(0, 2**32),
  mechanism=st.sampled_from(_JOINT),
  space=st.sampled_from(_SPACES),
  attributes=st.integers(1, 3),
  beyond=st.floats(1, 1e6),
)
def test_output_depends_on_the_input_through_clipped_coordinates_and_rest_only(
  generator, boundaries, make_latents, pinned_source, seed, mechanism, space, attributes, beyond
):
  """Two codes that share r, with coordinates that clip to the same point, give equal outputs."""
  space, mode = space
  chosen = [boundaries["Z" if space == "Z" else "W", n] for n in range(1, attributes + 1)]
  spec = PrivacySpec(mechanism=mechanism[0], delta=mechanism[1], clip_radius=1.0, wplus_mode=mode)
  prepared = prepare(generator, chosen, spec, space)
  encoded = prepared.encode(make_latents(generator, space, seed=seed))
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
@given(
  seed=st.integers(0, 2**32),
  value=st.floats(1.0, 300.0),
  sign=st.sampled_from([-1, 1]),
  space=st.sampled_from(_SPACES),
)
def test_any_coordinate_beyond_the_radius_is_the_radius(
  generator, boundaries, make_latents, seed, value, sign, space
):
  """Codes moved along the curve to any a >= R are encoded as the same pair, to the rounding."""
  space, mode = space
  boundary = boundaries["Z" if space == "Z" else "W", 1]
  spec = PrivacySpec(clip_radius=1.0, wplus_mode=mode)
  prepared = prepare(generator, boundary, spec, space)
  base = make_latents(generator, space, 2, seed)
  if mode == "per_layer":  # Deviations of their own would be clipped along.
    base[:] = base[:, :1]
  pairs = [prepared.encode(prepared.layout.moved(base, 0, sign * a)) for a in (1.0, value)]
  assert (np.abs(pairs[1].coordinates[:, 0]) == CELLS).all() or mode == "per_layer"
  assert np.abs(pairs[0].coordinates - pairs[1].coordinates).max() <= 1
  assert np.abs(pairs[0].rest - pairs[1].rest).max() <= 1


@settings(max_examples=40, deadline=None)
@given(
  seed=st.integers(0, 2**32),
  space=st.sampled_from(_SPACES),
  mechanism=st.sampled_from([*_JOINT, ("exponential", 0.0)]),
  noise=st.floats(0, 100),
)
def test_scope_image_depends_on_clipped_whitened_coordinates_only(
  generator, make_latents, pinned_source, seed, space, mechanism, noise
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
  latents = make_latents(generator, space, seed=seed)
  encoded = prepared.encode(latents)
  assert encoded.rest is None
  # Anything outside the directions, and in W+ tied anything that keeps the layers' mean.
  random = np.random.default_rng(seed + 1)
  outside = random.normal(size=latents.shape) * noise
  basis = prepared.layout.basis
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
  centred = released - prepared.layout.mean
  off = centred - (centred @ basis) @ basis.T
  assert np.abs(off).max() < 1e-4 * (1 + np.abs(centred).max())
  if space == "W+" and mode == "tied":
    assert (released == released[:, :1]).all()


@pytest.mark.parametrize("mode", ["tied", "per_layer"])
def test_no_layer_keeps_its_own_coordinate(generator, boundaries, make_latents, mode):
  """Layers moved along the boundary, each its own way, leave the rest as it was."""
  boundary = boundaries["W", 1]
  spec = PrivacySpec(wplus_mode=mode, clip_radius=3.0)
  prepared = prepare(generator, boundary, spec, "W+")
  layout = prepared.layout
  assert layout.numbers == (1 if mode == "tied" else _L)
  latents = make_latents(generator, "W+")
  moves = np.random.default_rng(4).normal(size=(len(latents), _L, 1))
  moves -= moves.mean(axis=1, keepdims=True)
  numbers, rest = layout.parts(latents)
  others, same = layout.parts(latents + moves * boundary.normal)
  np.testing.assert_allclose(same, rest, atol=1e-9)
  np.testing.assert_allclose(others[:, 0], numbers[:, 0], atol=1e-9)
  # What is published has no coordinate but the released one.
  released = layout.assemble(np.zeros_like(numbers), rest).astype(np.float64)
  layers = (released - layout.shaped(layout.along(np.zeros_like(numbers)))) @ boundary.normal
  np.testing.assert_allclose(layers, 0, atol=1e-5)
  # Everything else is the input's, but for a thousandth of the public variance.
  again = layout.parts(layout.assemble(numbers, rest).astype(np.float64))[1]
  np.testing.assert_allclose(again, rest, atol=1e-4)


def test_public_figures_never_come_from_the_input(generator, boundaries, make_latents):
  """Latents far out change neither radius nor scale."""
  outcomes = []
  for factor in (0.01, 1000.0):
    latents = make_latents(generator, "W") * factor
    spec = PrivacySpec(clip_quantile=0.99)
    outcomes.append(privatize(latents, generator, boundaries["W", 1], spec).guarantee)
  assert outcomes[0] == outcomes[1]
  samples = generator.map(generator.sample_z(10_000, seed=0))
  sizes = np.abs((samples - samples.mean(axis=0)) @ boundaries["W", 1].normal)
  assert (sizes <= outcomes[0].clip_radius).mean() >= 0.99
  assert outcomes[0].clip_radius <= np.quantile(sizes, 0.99) * 1.01
