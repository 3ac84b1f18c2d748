"""Served releases: the library's calibration and arithmetic, fresh noise, refusals."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.grid import STEP, from_grid
from privai_tf.privacy.release import prepare
from privai_tf.privacy.rest import rest_from_grid
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.serving import calibration as calibration_module
from privai_tf.serving.calibration import calibrations, served_epsilons
from privai_tf.serving.simulated import fresh_seed, simulated_release
from tests.serving.served_codes import codes_of

_SPECS = {
  "laplace": PrivacySpec("laplace", calibration_count=1000, clip_quantile=0.99),
  "l2_laplace": PrivacySpec("l2_laplace", clip_radius=1.5),
  "gaussian": PrivacySpec("gaussian", delta=1e-5, clip_radius=2.0),
  "gaussian_classic": PrivacySpec("gaussian_classic", delta=1e-5, clip_radius=2.0),
  "exponential": PrivacySpec("exponential", clip_radius=2.0),
  "randomized_response": PrivacySpec("randomized_response", calibration_count=1000),
}


@pytest.fixture
def few_epsilons(monkeypatch):
  """The Gaussian's calibration takes milliseconds each."""
  epsilons = np.array([0.1, 0.5, 1.0, 3.0, 50.0], np.float32)
  monkeypatch.setattr(calibration_module, "served_epsilons", lambda: epsilons)
  return epsilons


def test_epsilons_are_close_together_and_hold_all_of_two_digits():
  epsilons = served_epsilons()
  assert (np.diff(epsilons) > 0).all()
  assert (epsilons[1:] / epsilons[:-1] < 1.0251).all()
  assert (epsilons[0], epsilons[-1]) == (np.float32(0.01), 100)
  two_digits = [digits * 10.0**decade for decade in (-3, -2, -1, 0) for digits in range(10, 100)]
  assert np.isin(np.array(two_digits, np.float32), epsilons).all()


@pytest.mark.parametrize("name", _SPECS)
def test_figures_are_those_of_the_library(generator, boundaries, few_epsilons, name):
  spec = _SPECS[name]
  found = calibrations(generator, boundaries, spec, "W")
  assert [one.attribute for one in found] == ["smile", "age"]
  for one, boundary in zip(found, boundaries, strict=True):
    assert one.epsilons.max() == (1 if name == "gaussian_classic" else 50)
    for index, epsilon in enumerate(one.epsilons):
      asked = dataclasses.replace(spec, epsilon=float(epsilon))
      own = prepare(generator, boundary, asked, "W").guarantee
      assert one.mechanism.clip_radius == own.clip_radius
      figures = np.array([own.noise_scale, own.sensitivity], float)  # None becomes NaN.
      served = [one.noise_scales[index], one.sensitivities[index]]
      np.testing.assert_array_equal(served, figures)


@pytest.mark.parametrize("name", _SPECS)
@pytest.mark.parametrize("layout", ["W", "tied", "per_layer"])
def test_the_graph_computes_what_the_library_does(
  generator, boundaries, few_epsilons, name, layout
):
  """With the same seed, and epsilons that differ by row."""
  space = "W" if layout == "W" else "W+"
  spec = dataclasses.replace(_SPECS[name], wplus_mode="tied" if layout == "W" else layout)
  if layout == "per_layer" and name in ("exponential", "randomized_response"):
    pytest.skip("releases one number at a time")
  (one,) = calibrations(generator, boundaries[:1], spec, space)
  latents = codes_of(generator, space)
  position = np.arange(len(latents), dtype=np.int32) % len(one.epsilons)
  seed = tf.constant([7, 8], tf.int32)
  served = tf.function(simulated_release)(one, latents, position, seed).numpy()
  for index, epsilon in enumerate(one.epsilons):
    asked = dataclasses.replace(spec, epsilon=float(epsilon))
    own = prepare(generator, boundaries[0], asked, space)
    encoded = own.encode(latents)
    values = tf.constant(from_grid(encoded.coordinates), tf.float64)
    simulated = own.mechanism.simulate(values, seed).numpy()
    expected = own.layout.assemble(simulated, rest_from_grid(encoded.rest))
    rows = position == index
    # Sums in another order may round to the neighbouring grid point.
    np.testing.assert_allclose(served[rows], expected[rows], rtol=1e-6, atol=1.5 * STEP)
    assert (served[rows] == expected[rows]).mean() > 0.98


def test_noise_has_the_distribution_of_the_exact_sampler(generator, boundaries, few_epsilons):
  """Kolmogorov-Smirnov at 1e-8."""
  from scipy.stats import ks_2samp

  (one,) = calibrations(generator, boundaries[:1], _SPECS["laplace"], "W")
  latents = np.repeat(codes_of(generator, "W", 1), 5500, axis=0)
  position = np.full(5500, 3, np.int32)
  served = simulated_release(one, latents, position, fresh_seed()).numpy()
  asked = dataclasses.replace(_SPECS["laplace"], epsilon=3.0)
  own = prepare(generator, boundaries[0], asked, "W")
  exact = own.release(own.encode(latents))
  normal = boundaries[0].normal
  # Rounded: beside the rest's noise, what is clamped differs in its last float32 digits.
  sides = [np.round(codes.astype(np.float64) @ normal, 4) for codes in (served, exact)]
  assert ks_2samp(*sides).pvalue > 1e-8
  # The rest is the same in all.
  _, rest = own.layout.parts(served.astype(np.float64))
  np.testing.assert_allclose(rest, np.repeat(rest[:1], 5500, axis=0), atol=1e-5)


@pytest.fixture(scope="module")
def loaded(exported):
  return tf.saved_model.load(str(exported.folder))


def _asked(count, attribute="smile", epsilon=1.0):
  return {
    "latents": tf.zeros([count, 16]),
    "attribute": tf.constant([attribute] * count),
    "epsilon": tf.fill([count], tf.constant(epsilon, tf.float32)),
  }


def test_noise_is_fresh_in_every_row_call_and_server(exported, loaded):
  tf.random.set_seed(1)
  release = loaded.signatures["privatize_latents"]
  again = tf.saved_model.load(str(exported.folder)).signatures["privatize_latents"]
  tf.random.set_seed(1)
  rows = [
    call(**_asked(5, epsilon=50.0))["latents"].numpy() for call in (release, release, again, again)
  ]
  assert len({row.tobytes() for row in np.concatenate(rows)}) == 20


def test_each_row_moves_along_its_own_curve_only(loaded):
  """Two calls draw other numbers and keep the rest: they differ by a move along the row's curve.

  Each draw is clamped to the farther end with probability 0.25: it is missed in 1 of 1e9 runs.
  """
  asked = {**_asked(2), "attribute": tf.constant(["smile", "age"])}
  release = loaded.signatures["privatize_latents"]
  moved = [release(**asked)["latents"].numpy() for _ in range(80)]
  spans = []
  for row in range(2):
    steps = np.array([one[row] - moved[0][row] for one in moved[1:]], np.float64)
    assert np.abs(steps).max() > 1e-3
    values = np.linalg.svd(steps, compute_uv=False)
    # A curve of few codes is a line with few bends: steps across one lie in a plane.
    assert values[2] < 0.2 * values[0]
    # End to end, whichever end came first: what the draws were does not enter.
    between = steps[:, None] - steps[None]
    far = np.abs(between).sum(axis=-1)
    spans.append(between[np.unravel_index(far.argmax(), far.shape)])
  cosine = abs(spans[0] @ spans[1]) / np.linalg.norm(spans[0]) / np.linalg.norm(spans[1])
  assert cosine < 0.9


def test_epsilons_between_those_of_the_table_get_more_noise_never_less(loaded):
  asked = {**_asked(4), "epsilon": tf.constant([1.0, 1.0199, 1.02, 0.7])}
  answer = loaded.signatures["privatize_latents"](**asked)
  np.testing.assert_array_equal(
    answer["epsilon"].numpy(), np.array([1.0, 1.0, 1.02, 0.7], np.float32)
  )
  scales = answer["noise_scale"].numpy()
  assert scales[0] == scales[1] > scales[2]


@pytest.mark.parametrize(
  ("change", "message"),
  [
    ({"epsilon": [1.0, 0.0]}, "epsilon must be"),
    ({"epsilon": [1.0, -1.0]}, "epsilon must be"),
    ({"epsilon": [np.nan, 1.0]}, "epsilon must be"),
    ({"epsilon": [np.inf, 1.0]}, "epsilon must be"),
    ({"attribute": ["smile", "nose"]}, "unknown attribute; this model has smile, age"),
    ({"attribute": ["", "smile"]}, "unknown attribute"),
    ({"latents": np.full((2, 16), np.nan, np.float32)}, "NaN or infinity"),
    ({"epsilon": [1.0]}, "same number of rows"),
    ({"attribute": ["smile"]}, "same number of rows"),
  ],
)
def test_one_wrong_row_refuses_the_request(loaded, change, message):
  asked = {**_asked(2), **{name: tf.constant(value) for name, value in change.items()}}
  with pytest.raises(tf.errors.InvalidArgumentError, match=message):
    loaded.signatures["privatize_latents"](**asked)


def test_without_its_checks_the_graph_still_adds_noise(
  generator, boundaries, few_epsilons, monkeypatch
):
  """As if an optimizer had stripped the assertions: most noise, the mean for no attribute."""
  from privai_tf.serving.signatures import ServedModel

  monkeypatch.setattr(tf.debugging, "Assert", lambda *_: tf.no_op())
  found = calibrations(generator, boundaries, _SPECS["laplace"], "W")
  served = ServedModel(generator, "W", None, found)
  latents = tf.constant(codes_of(generator, "W", 3))
  answer = served.privatize_latents(
    latents, tf.constant(["smile", "smile", "nose"]), tf.constant([np.nan, np.inf, 1.0])
  )
  released, scales = answer["latents"].numpy(), answer["noise_scale"].numpy()
  np.testing.assert_array_equal(scales[:2], found[0].noise_scales[0])
  assert (np.abs(released[:2] - latents[:2]).max(axis=1) > 1e-4).all()
  np.testing.assert_array_equal(released[2], generator.mean_latent("W"))


def test_what_cannot_be_served_is_refused(generator, boundaries):
  for spec in (
    PrivacySpec("reference_postclip", delta=1e-5),
    PrivacySpec("metric_laplace", scope="metric"),
    PrivacySpec("laplace", scope="image"),
    PrivacySpec("subset_selection", scope="image", noise_seed=1),
    PrivacySpec("laplace", noise_seed=1),
  ):
    with pytest.raises(ConfigurationError, match="not served"):
      calibrations(generator, boundaries, spec, "W")
  with pytest.raises(ConfigurationError, match="its own name"):
    calibrations(generator, [boundaries[0]] * 2, PrivacySpec(), "W")


@pytest.mark.parametrize("spec", [PrivacySpec(decode="mean"), PrivacySpec(decode="sample")])
def test_what_is_made_for_one_epsilon_is_not_served(generator, boundaries, spec):
  with pytest.raises(ConfigurationError, match=r"made for one epsilon.*use the gateway") as error:
    calibrations(generator, boundaries, spec, "W")
  assert "\n" not in str(error.value)
