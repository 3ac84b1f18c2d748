"""Served releases of mechanisms with few outputs: frequencies are those of the library's tables.

Statistical tests fail by chance with probability below 1e-7 for each epsilon (18 of them).
"""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.release import prepare
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.serving import calibration as calibration_module
from privai_tf.serving.calibration import calibrations
from privai_tf.serving.simulated import fresh_seed, simulated_release
from tests.serving.served_codes import codes_of


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
  latents = np.repeat(codes_of(generator, space, 1), 12_000, axis=0)
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
  latents = np.repeat(codes_of(generator, space, 1), 6000 * count, axis=0)
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
  latents = tf.constant(codes_of(generator, "W", 6))
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
