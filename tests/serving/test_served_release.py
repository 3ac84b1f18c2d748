"""Served releases: the library's calibration and arithmetic, fresh noise, refusals."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.grid import STEP, from_grid
from privai_tf.privacy.release import prepare
from privai_tf.privacy.rest import rest_from_grid
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.serving import calibration as calibration_module
from privai_tf.serving.calibration import calibrations, served_epsilons
from privai_tf.serving.simulated import fresh_seed, simulated_release

_SPECS = {
  "laplace": PrivacySpec("laplace", calibration_count=1000, clip_quantile=0.99),
  "l2_laplace": PrivacySpec("l2_laplace", clip_radius=1.5),
  "gaussian": PrivacySpec("gaussian", delta=1e-5, clip_radius=2.0),
  "gaussian_classic": PrivacySpec("gaussian_classic", delta=1e-5, clip_radius=2.0),
  "exponential": PrivacySpec("exponential", clip_radius=2.0),
  "randomized_response": PrivacySpec("randomized_response", calibration_count=1000),
}


@pytest.fixture(scope="module")
def generator(serving_checkpoint):
  from privai_tf.generators import load_generator

  return load_generator(serving_checkpoint)


@pytest.fixture(scope="module")
def boundaries(serving_checkpoint):
  from privai_tf.attributes.boundary import Boundary

  paths = [serving_checkpoint / f"{name}_w_boundary.npy" for name in ("smile", "age")]
  return [Boundary.load(path, latent_space="W") for path in paths]


@pytest.fixture
def few_epsilons(monkeypatch):
  """The Gaussian's calibration takes milliseconds each."""
  epsilons = np.array([0.1, 0.5, 1.0, 3.0, 50.0], np.float32)
  monkeypatch.setattr(calibration_module, "served_epsilons", lambda: epsilons)
  return epsilons


def _latents(generator, space, count=64):
  codes = generator.map(generator.sample_z(count, seed=1))
  if space == "W+":
    codes = np.repeat(codes[:, np.newaxis], generator.num_layers, axis=1)
    codes += np.random.default_rng(2).normal(size=codes.shape) * 0.1
  return codes.astype(np.float32)


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
  latents = _latents(generator, space)
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
  latents = np.repeat(_latents(generator, "W", 1), 5500, axis=0)
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
  latents = tf.constant(_latents(generator, "W", 3))
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


# Mechanisms with few outputs. Statistical tests fail by chance with probability below 1e-7 for each
# epsilon (18 of them).


@pytest.fixture
def three_epsilons(monkeypatch):
  """What is left of the served epsilons for mechanisms with tables: 0.5, 2 and 6."""
  epsilons = np.repeat(np.array([0.5, 2.0, 6.0], np.float32), 4)
  monkeypatch.setattr(calibration_module, "served_epsilons", lambda: epsilons)


@pytest.mark.parametrize("space", ["W", "W+"])
@pytest.mark.parametrize("decode", ["value", "sample"])
def test_extremal_is_drawn_by_the_librarys_tables(
  generator, boundaries, three_epsilons, space, decode
):
  """Rows of three epsilons in one batch, of one face: frequencies are those of each table."""
  spec = PrivacySpec("extremal", decode=decode, calibration_count=1000)
  (one,) = calibrations(generator, boundaries[:1], spec, space)
  assert one.epsilons.tolist() == [0.5, 2.0, 6.0]
  latents = np.repeat(_latents(generator, space, 1), 12_000, axis=0)
  position = np.arange(12_000, dtype=np.int32) % 3
  served = tf.function(simulated_release)(one, latents, position, fresh_seed()).numpy()
  assert served.shape == latents.shape
  for index, epsilon in enumerate(one.epsilons):
    own = prepare(
      generator, boundaries[0], dataclasses.replace(spec, epsilon=float(epsilon)), space
    )
    rows = served[position == index].astype(np.float64)
    numbers, rest = own.layout.parts(rows)
    # The rest is the face's own.
    np.testing.assert_allclose(rest, np.repeat(rest[:1], len(rest), axis=0), atol=1e-5)
    encoded = own.encode(latents[:1])
    if decode == "value":
      outputs, chances = own.mechanism.outputs(encoded.coordinates)
      counts = np.bincount(own.mechanism.index_of(numbers[:, 0]), minlength=len(outputs))
      likeliest = int(chances.argmax())
      alone = stats.binomtest(int(counts[likeliest]), len(rows), float(chances[likeliest]))
      assert alone.pvalue > 1e-8
      # Rare ones are counted with the rarest of the others: of few draws the tail would be heavier.
      often = chances * len(rows) > 20
      if often.sum() < 2:
        continue
      rarest = np.where(often, chances, np.inf).argmin()
      place = np.where(often, np.arange(len(chances)), rarest)
      found, expected = (
        np.bincount(place, what, minlength=len(place))[often] for what in (counts, chances)
      )
      assert stats.chisquare(found, expected * (len(rows) / expected.sum())).pvalue > 1e-8
    else:
      noisy = own.mechanism.release(np.repeat(encoded.coordinates, 4000, axis=0))
      decoded = own.decode(from_grid(noisy))[:, 0]
      assert stats.ks_2samp(np.round(numbers[:, 0], 3), np.round(decoded, 3)).pvalue > 1e-8


@pytest.mark.parametrize("space", ["W", "W+"])
def test_stand_ins_are_drawn_as_often_as_they_should(generator, three_epsilons, space):
  """Each row's own K; the codeword published, and no number of the face itself.

  Chi-squared at 1e-9: with 14 draws expected of a rare codeword the tail is some 50 times heavier.
  """
  spec = PrivacySpec("subset_selection", "image", codebook_size=40, calibration_count=1000)
  (one,) = calibrations(generator, [], spec, space)
  assert one.attribute == "all"
  count = len(one.epsilons)
  latents = np.repeat(_latents(generator, space, 1), 6000 * count, axis=0)
  position = np.arange(len(latents), dtype=np.int32) % count
  served = tf.function(simulated_release)(one, latents, position, fresh_seed()).numpy()
  assert served.shape == latents.shape
  if space == "W+":
    np.testing.assert_array_equal(served, np.repeat(served[:, :1], served.shape[1], axis=1))
    served = served[:, 0]
  codes = np.concatenate(list(one.prepared.layout.codebook.blocks()))
  chosen = np.abs(served[:, np.newaxis] - codes).max(axis=-1).argmin(axis=1)
  np.testing.assert_array_equal(served, codes[chosen])
  for index, epsilon in enumerate(one.epsilons):
    own = prepare(generator, None, dataclasses.replace(spec, epsilon=float(epsilon)), space)
    _, chances = own.mechanism.outputs(own.encode(latents[:1]).coordinates)
    counts = np.bincount(chosen[position == index], minlength=40)
    assert stats.chisquare(counts, chances * 6000).pvalue > 1e-9


@pytest.mark.parametrize(
  ("spec", "attribute", "words"),
  [
    (
      PrivacySpec("subset_selection", "image", codebook_size=40, calibration_count=1000),
      "all",
      "a face: one that the generator made up, among 40",
    ),
    (
      PrivacySpec("extremal", decode="sample", calibration_count=1000),
      "smile",
      "what extremal does to the face's coordinate along the 'smile'",
    ),
  ],
)
def test_saved_models_say_that_they_simulate(
  generator, serving_checkpoint, three_epsilons, tmp_path, spec, attribute, words
):
  """Exported, loaded and asked, as a server does."""
  from privai_tf.serving.exporting import DESCRIPTION_FILE, ExportJob, export

  exported = export(
    ExportJob(
      checkpoint=str(serving_checkpoint),
      output=tmp_path / "model",
      attributes=(str(serving_checkpoint / "smile_w_boundary.npy"),),
      batch_size=2,
      spec=spec,
    )
  )
  assert exported.attributes == (attribute,)
  description = json.loads((exported.folder / DESCRIPTION_FILE).read_text())
  assert description["releases"][0]["mechanism"] == spec.mechanism
  release = tf.saved_model.load(str(exported.folder)).signatures["privatize_latents"]
  latents = tf.constant(_latents(generator, "W", 6))
  answer = release(
    latents=latents, attribute=tf.constant([attribute] * 6), epsilon=tf.fill([6], 2.1)
  )
  assert answer["private"].numpy().tolist() == [False] * 6
  assert answer["grade"].numpy().tolist() == [b"simulation"] * 6
  assert answer["scope"].numpy()[0].decode() == spec.scope
  assert answer["mechanism"].numpy()[0].decode() == spec.mechanism
  np.testing.assert_array_equal(answer["epsilon"].numpy(), np.float32(2))
  statement = answer["statement"].numpy()[0].decode()
  assert statement.startswith("NOT PRIVATE")
  assert words in statement
  assert np.isnan(answer["noise_scale"].numpy()).all()
  assert np.isfinite(answer["latents"].numpy()).all()
  with pytest.raises(tf.errors.InvalidArgumentError, match="unknown attribute"):
    release(latents=latents, attribute=tf.constant(["nose"] * 6), epsilon=tf.fill([6], 2.0))
