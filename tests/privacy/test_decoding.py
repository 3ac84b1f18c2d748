"""Decoding is post-processing: a function of what was released and of public figures, and a good one.

Where a quality is measured on drawn numbers, the noise comes from pinned words: the same in every run.
"""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.decoding import CellDraw, Posterior, Wiener, make_decoder
from privai_tf.privacy.grid import from_grid, to_grid
from privai_tf.privacy.mechanisms import make_mechanism, mechanism_class, mechanism_names
from privai_tf.privacy.release import prepare
from privai_tf.privacy.spec import PrivacySpec

_FALSE_ALARM = 1e-6
_RELEASES = 10_000
_COUNT = 2000  # Public samples.
_DECODED = [
  (name, decode)
  for name in mechanism_names()
  if mechanism_class(name).private and "attribute" in mechanism_class(name).scopes
  for decode in mechanism_class(name).decodings
  if decode in ("mean", "sample")
]


def _spec(name, decode, **values):
  delta = 0.0 if mechanism_class(name).pure else 1e-5
  return PrivacySpec(
    name, decode=decode, delta=delta, **{"epsilon": 1.0, "calibration_count": _COUNT, **values}
  )


def _public_numbers(prepared, generator):
  codes = generator.map(generator.sample_z(_COUNT, seed=0)).astype(np.float64)
  return prepared.layout.parts(codes)[0]


@pytest.mark.parametrize(("name", "decode"), _DECODED)
def test_the_decoded_number_is_a_function_of_the_noisy_one(
  generator, boundaries, pinned_source, name, decode
):
  """Two inputs whose noisy numbers are equal: what is published of them is equal."""
  prepared = prepare(generator, boundaries["W", 1], _spec(name, decode))
  noisy = from_grid(
    prepared.release_coordinates(np.array([[0], [1 << 17]]).repeat(50, axis=0), pinned_source(3))
  )
  uniforms = np.random.default_rng(0).random(noisy.shape)
  whole = prepared.decode(noisy, uniforms)
  # Row by row and in another order, with nothing but the noisy number and the decoder's own
  # randomness: no row's result depends on its input, its place or its neighbours.
  order = np.random.default_rng(1).permutation(len(noisy))
  alone = np.concatenate([prepared.decode(noisy[[i]], uniforms[[i]]) for i in order])
  np.testing.assert_allclose(alone, whole[order], rtol=1e-9, atol=1e-12)
  assert not np.isnan(whole).any()


def test_the_release_publishes_what_the_decoder_makes(
  generator, boundaries, make_latents, pinned_source, monkeypatch
):
  """Between the mechanism and the picture there is the decoder, and nothing else of the input."""
  prepared = prepare(generator, boundaries["W", 1], _spec("laplace", "mean"))
  latents = make_latents(generator, "W", 2)
  first, second = (prepared.encode(latents[[i]]) for i in (0, 1))
  second = dataclasses.replace(second, rest=first.rest)
  monkeypatch.setattr(
    type(prepared.mechanism), "noisy", lambda self, coordinates, source: np.full((1, 1), 12345)
  )
  outputs = [prepared.release(encoded, pinned_source(1)) for encoded in (first, second)]
  np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize(
  ("name", "epsilon"),
  [
    *[(name, 1.0) for name, decode in _DECODED if decode == "sample"],
    ("extremal", 0.1),
    ("extremal", 6.0),
    ("gaussian", 8.0),
    ("laplace", 8.0),
  ],
)
def test_sampled_coordinates_follow_the_public_distribution(generator, boundaries, name, epsilon):
  """Kolmogorov-Smirnov over 10,000 releases of public coordinates, false alarm below 1e-9.

  Against the public samples' own distribution function: the limit is where samples as few as the
  public ones would reach 1e-6, three times as far as 10,000 draws of that very function get.
  """
  prepared = prepare(generator, boundaries["W", 1], _spec(name, "sample", epsilon=epsilon))
  numbers = _public_numbers(prepared, generator)
  people = np.random.default_rng(5).choice(numbers[:, 0], _RELEASES)[:, np.newaxis]
  encoded = prepared.mechanism.encode(people)
  released = prepared.decode(from_grid(prepared.release_coordinates(encoded)))[:, 0]
  assert stats.ks_2samp(released, numbers[:, 0], method="asymp").pvalue > _FALSE_ALARM
  assert len(np.unique(released)) > 500
  if prepared.mechanism.clip_radius is not None:
    assert (np.abs(np.abs(released) - prepared.mechanism.clip_radius) < 1e-4).mean() < 0.01


@pytest.mark.parametrize("name", ["laplace", "gaussian", "exponential", "randomized_response"])
def test_decoding_lessens_the_error(generator, boundaries, pinned_source, name):
  """Of the same mechanism at the same radius: mean has the least squared error.

  From pinned words: of fresh ones, 2,000 scatter the error of draws by 3% and fail in 1 of 1e6 runs.
  """
  errors = {}
  for decode in ("raw", "mean", "sample"):
    spec = _spec(name, decode, clip_quantile=None if name == "randomized_response" else 0.99)
    prepared = prepare(generator, boundaries["W", 1], spec)
    people = _public_numbers(prepared, generator)
    encoded = prepared.mechanism.encode(people)
    noisy = from_grid(prepared.release_coordinates(encoded, pinned_source(1)))
    released = prepared.decode(noisy, np.random.default_rng(2).random(noisy.shape))
    errors[decode] = float(((released - people) ** 2).mean())
  assert errors["mean"] < 1.01 * people.var()
  assert errors["mean"] < errors["raw"] + 0.01
  # A draw is off by twice the posterior's variance.
  assert errors["sample"] == pytest.approx(2 * errors["mean"], rel=0.15)


def test_posterior_by_hand(simple_mechanism):
  """Two public values at -1 and 1 under Laplace noise: the log odds are twice the number / scale."""
  mechanism = simple_mechanism("laplace", 1.0, 1.0)
  samples = np.array([[-1.0], [1.0]])
  noisy = np.array([[-7.0], [-0.5], [0.0], [0.25], [30.0]])
  odds = np.exp(2 * np.clip(noisy, -1, 1) / mechanism.noise_scale)
  means = (odds - 1) / (odds + 1)
  decode = Posterior(mechanism, samples, draw=False)
  np.testing.assert_allclose(decode(noisy, np.zeros_like(noisy)), means, rtol=1e-6)
  draw = Posterior(mechanism, samples, draw=True)
  threshold = 1 / (1 + odds)
  np.testing.assert_array_equal(draw(noisy, threshold - 1e-5), -np.ones_like(noisy))
  np.testing.assert_array_equal(draw(noisy, threshold + 1e-5), np.ones_like(noisy))


@pytest.mark.parametrize("name", ["laplace", "l2_laplace", "gaussian"])
def test_several_numbers_are_decoded_together(simple_mechanism, pinned_source, name):
  mechanism = simple_mechanism(name, 8.0, 2.0, 3)
  samples = np.random.default_rng(0).normal(size=(500, 3)) * [1.0, 0.3, 0.0]
  noisy = from_grid(mechanism.noisy(mechanism.encode(samples), pinned_source(1)))
  mean = Posterior(mechanism, samples, draw=False)(noisy, np.zeros_like(noisy))
  draw = Posterior(mechanism, samples, draw=True)(noisy, np.random.default_rng(1).random((500, 3)))
  assert ((mean - samples) ** 2).sum(axis=1).mean() < (samples**2).sum(axis=1).mean()
  assert {tuple(row) for row in draw} <= {tuple(row) for row in samples}
  assert (mean[:, 2] == 0).all()


@pytest.mark.parametrize("mode", ["tied", "per_layer"])
@pytest.mark.parametrize("decode", ["mean", "sample"])
def test_every_space_and_mode(generator, boundaries, make_latents, decode, mode):
  for name in ("laplace", "gaussian"):
    spec = _spec(name, decode, wplus_mode=mode)
    prepared = prepare(generator, boundaries["W", 1], spec, "W+")
    released = prepared.release(prepared.encode(make_latents(generator, "W+")))
    assert released.shape == (3, 4, 16)
    assert np.isfinite(released).all()


def test_scope_image_has_a_factor_a_component(generator, pinned_source):
  spec = _spec("gaussian", "mean", epsilon=8.0, scope="image", components=5)
  prepared = prepare(generator, None, spec, "W")
  decoder = prepared.blocks[0].decoder
  assert isinstance(decoder, Wiener)
  rng = np.random.default_rng(0)
  people = rng.normal(size=(4000, 5))  # Whitened.
  encoded = prepared.mechanism.encode(people)
  noisy = from_grid(prepared.release_coordinates(encoded, pinned_source(1)))
  clipped = from_grid(encoded)
  mean = prepared.decode(noisy)
  slopes = [
    np.cov(noisy[:, i], clipped[:, i])[0, 1] / noisy[:, i].var() for i in range(5)
  ]  # Of the best line.
  np.testing.assert_allclose(mean[0] - mean[1], (noisy[0] - noisy[1]) * slopes, rtol=0.2, atol=0.02)
  sampled = prepare(generator, None, dataclasses.replace(spec, decode="sample"), "W")
  noisy = from_grid(sampled.release_coordinates(sampled.mechanism.encode(people), pinned_source(2)))
  drawn = sampled.decode(noisy, np.random.default_rng(3).random(noisy.shape))
  shown = from_grid(sampled.mechanism.encode(people))
  np.testing.assert_allclose(drawn.std(axis=0), shown.std(axis=0), rtol=0.1)


@pytest.mark.parametrize("name", ["laplace", "l2_laplace"])
def test_scope_image_of_other_noise_weighs_the_public_samples(generator, make_latents, name):
  spec = _spec(name, "sample", epsilon=4.0, scope="image", components=5)
  prepared = prepare(generator, None, spec, "W")
  assert isinstance(prepared.blocks[0].decoder, Posterior)
  released = prepared.release(prepared.encode(make_latents(generator, "W")))
  assert np.isfinite(released).all()


def test_extremal_draws_a_cell_and_a_sample_in_it():
  samples = stats.norm.ppf((np.arange(610) + 0.5) / 610)
  mechanism = make_mechanism("extremal", epsilon=2.0, samples=samples)
  decode = CellDraw(mechanism)
  values = from_grid(mechanism.table.outputs)
  for index, value in enumerate(values):
    uniforms = (np.arange(4000) + 0.5)[:, np.newaxis] / 4000
    drawn = decode(np.full((4000, 1), value), uniforms)[:, 0]
    posterior = mechanism.cells.mass * mechanism.table.shares[:, index]
    posterior /= posterior.sum()
    counts = np.bincount(mechanism.cells.of(to_grid(drawn)), minlength=61)
    np.testing.assert_allclose(counts / 4000, posterior, atol=1.1 / 4000)
    assert (np.diff(drawn) >= 0).all()


@pytest.mark.parametrize(("name", "decode"), _DECODED)
def test_a_simulation_is_decoded_too_and_repeatable(
  generator, boundaries, make_latents, name, decode
):
  prepared = prepare(generator, boundaries["W", 1], _spec(name, decode, noise_seed=4))
  encoded = prepared.encode(make_latents(generator, "W", 4))
  names = ["a", "b", "c", "d"]
  first = prepared.release(encoded, simulation_stream=names)
  np.testing.assert_array_equal(first, prepared.release(encoded, simulation_stream=names))
  np.testing.assert_array_equal(
    prepared.release(encoded, simulation_stream=2), prepared.release(encoded, simulation_stream=2)
  )
  order = [2, 0, 3, 1]
  moved = dataclasses.replace(
    encoded, coordinates=encoded.coordinates[order], rest=encoded.rest[order]
  )
  again = prepared.release(moved, simulation_stream=[names[i] for i in order])
  np.testing.assert_allclose(again, first[order], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
  ("values", "words"),
  [
    ({"mechanism": "extremal", "decode": "mean"}, "extremal has no decode 'mean'.*value or sample"),
    ({"decode": "value"}, "laplace has no decode 'value'.*raw or mean or sample"),
    ({"decode": "mode"}, "no decode 'mode'"),
    ({"mechanism": "reference_postclip", "delta": 1e-5, "decode": "mean"}, "has no decode 'mean'"),
    ({"mechanism": "metric_laplace", "scope": "metric", "decode": "sample"}, "has no decode"),
    ({"mechanism": "extremal", "scope": "image"}, "not defined for scope image"),
    ({"loss": "l0"}, "Unknown loss 'l0'"),
  ],
)
def test_a_decode_that_a_mechanism_lacks_is_refused_in_one_line(values, words):
  with pytest.raises(ConfigurationError, match=words) as error:
    PrivacySpec(**values)
  assert "\n" not in str(error.value)


def test_raw_is_what_the_mechanism_says():
  samples = np.linspace(-1, 1, 50)[:, np.newaxis]
  mechanism = make_mechanism("extremal", epsilon=2.0, samples=samples[:, 0])
  assert make_decoder("raw", mechanism, samples) is None
  assert make_decoder("value", mechanism, samples) is None
  assert PrivacySpec("extremal").decode == "raw"
  assert PrivacySpec("extremal", decode="value").decode == "value"
