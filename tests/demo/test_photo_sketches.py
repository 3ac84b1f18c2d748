"""Sketches resemble the pictures of their codes; samples are drawn once, and a sheet shows the demo."""

import numpy as np
import pytest
from PIL import Image

from privai_tf.demo import photo_previews, photo_samples, sheets, sketch_scores
from privai_tf.demo.photo_sketches import Sketcher, fitted_codes, preview_pictures, sketch_codes
from privai_tf.errors import InputError

BLOCK = 8


def test_what_a_linear_map_of_features_can_do_is_found(mobile):
  # A random network's pictures are no such map; those of another sketcher are, up to rounding.
  codes = fitted_codes(mobile, 96)
  noise = np.random.default_rng(0).integers(90, 166, (96, 2 * BLOCK, 2 * BLOCK, 3), np.uint8)
  other = Sketcher.fit(mobile, BLOCK, codes, noise)
  sketcher = Sketcher.fit(mobile, BLOCK, codes, other.draw(codes))
  fresh = sketch_codes(mobile, 12, seed=3)
  drawn, wanted = sketcher.draw(fresh), other.draw(fresh)
  assert (drawn.shape, drawn.dtype) == ((12, 16, 16, 3), np.uint8)
  assert np.std(wanted.astype(float)) > 1
  assert np.abs(drawn.astype(float) - wanted).mean() < 0.5 * np.std(wanted.astype(float))


def test_previews_are_block_means(mobile):
  codes = fitted_codes(mobile, 2)
  assert codes.shape == (2, mobile.config.dlatent_size)
  images = mobile.synthesize(codes, latent_space="W")
  means = images.reshape(2, 16, 2, 16, 2, 3).mean(axis=(2, 4))
  expected = np.clip(np.rint(means * 127.5 + 127.5), 0, 255)
  assert np.abs(preview_pictures(mobile, codes, 16) - expected).max() <= 1


def test_sketch_codes_lie_between_the_mean_and_fresh_codes(mobile):
  codes = sketch_codes(mobile, 5, seed=2)
  whole = mobile.map(mobile.sample_z(5, 2)) - mobile.mean_latent("W")
  shares = (codes - mobile.mean_latent("W")) / whole
  assert (shares > 0.59).all()
  assert (shares < 1.01).all()


def test_samples_are_drawn_once(mobile, tmp_path, monkeypatch):
  monkeypatch.setattr(photo_samples, "_BLOCK", BLOCK)
  monkeypatch.setattr(photo_samples, "_CHUNK", 4)
  codes, pictures = photo_samples.draw_samples(mobile, tmp_path, 6, 10)
  assert len(codes) == len(pictures) == 16
  np.testing.assert_array_equal(codes[-6:], fitted_codes(mobile, 6))
  monkeypatch.setattr(Sketcher, "fit", None)
  again = photo_samples.draw_samples(mobile, tmp_path, 6, 10)
  np.testing.assert_array_equal(again[0], codes)
  np.testing.assert_array_equal(again[1], pictures)


def test_sheet(tmp_path):
  private, released = tmp_path / "private", tmp_path / "released"
  private.mkdir(), released.mkdir()
  for name, shade in (("a", 0), ("b", 120)):
    for path in (private / f"{name}.original.png", private / f"{name}.inversion.png"):
      Image.new("RGB", (32, 32), (shade,) * 3).save(path)
    Image.new("RGB", (32, 32), (200, shade, 0)).save(released / f"{name}.png")
  sheet = sheets.photo_sheet(private, released, faces=6, side=20)
  pixels = np.asarray(sheet)
  assert pixels.shape == (72, 92 + 48, 3)
  assert pixels[10, 102].tolist() == [0, 0, 0]
  assert pixels[10, 102 + 24].tolist() == [120] * 3
  assert pixels[10 + 48, 102 + 24].tolist() == [200, 120, 0]


def test_small_pictures_are_enlarged_for_scorers():
  class Scorer:
    def scores(self, images):
      assert images.shape[1:] == (256, 256, 3)
      return images.mean(axis=(1, 2))[:, :1]

  shades = np.linspace(0, 255, 40).astype(np.uint8)
  pictures = np.broadcast_to(shades[:, None, None, None], (40, 8, 8, 3))
  found = sketch_scores.score_pictures(Scorer(), pictures)
  np.testing.assert_allclose(found[:, 0], shades / 127.5 - 1, atol=2e-3)


def test_scored_sketches_are_read_with_their_codes(mobile, tmp_path):
  np.save(tmp_path / "scores_40000_3.npy", np.full((3, 1), 1, np.float32))  # Age alone, at first.
  np.save(tmp_path / "scores_40001_2.npy", np.float32([[2, 3], [2, 3]]))
  found = sketch_scores.read_sketch_scores(mobile, tmp_path, ["age", "smile"])
  expected = [sketch_codes(mobile, 3, 40_000), sketch_codes(mobile, 2, 40_001)]
  np.testing.assert_array_equal(found["age"][0], np.concatenate(expected))
  np.testing.assert_array_equal(found["smile"][0], expected[1])
  assert found["age"][1].tolist() == [1] * 3 + [2] * 2
  assert found["smile"][1].tolist() == [3] * 2
  with pytest.raises(InputError, match="lacks scored sketches"):
    sketch_scores.read_sketch_scores(mobile, tmp_path / "empty", ["age"])


def test_scored_previews_are_read_with_their_codes(mobile, tmp_path, monkeypatch):
  monkeypatch.setattr(photo_previews, "CHUNK", 2)
  for seed in (50_000, 50_001):
    np.save(tmp_path / f"labels_{seed}.npy", np.float32([[seed, 1], [seed, 2]]))
  codes, scores = sketch_scores.read_preview_scores(mobile, tmp_path, ["age", "smile"])
  np.testing.assert_array_equal(codes[2:], sketch_codes(mobile, 2, 50_001))
  assert scores["age"].tolist() == [50_000] * 2 + [50_001] * 2
  assert scores["smile"].tolist() == [1, 2, 1, 2]
  with pytest.raises(InputError, match="lacks scored previews"):
    sketch_scores.read_preview_scores(mobile, tmp_path / "empty")
