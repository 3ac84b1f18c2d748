"""An encoder learns from samples that were drawn ahead, small, and is one for whole photos."""

import dataclasses

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.inversion.encoder import load_encoder
from privai_tf.inversion.encoder_drawn import DrawnSamples
from privai_tf.inversion.encoder_samples import draw_codes
from privai_tf.inversion.encoder_settings import EncoderTraining
from privai_tf.inversion.encoder_training import STATE_FILE, train_encoder

TRAINING = EncoderTraining(
  latent_space="W", steps=200, batch_size=8, augmentation="photo", width=12, most=16, hidden=32
)


@pytest.fixture(scope="module")
def samples():
  from tests.inversion.conftest import TinyGenerator

  generator = TinyGenerator()
  codes = draw_codes(generator, "W", 400, [7])
  images = generator.synthesize(codes, "W").reshape(400, 8, 2, 8, 2, 3).mean(axis=(2, 4))
  pictures = np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8)
  return DrawnSamples(codes, pictures, {"seed": 7})


def test_it_learns_and_reads_whole_images(tmp_path, tiny, samples):
  lines = []
  encoder = train_encoder(tiny, TRAINING, tmp_path, tell=lines.append, samples=samples)
  figures = encoder.provenance["held_out"]
  assert len(lines) == 10
  assert set(figures) == {"code_error", "code_error_roughened"}
  assert figures["code_error"] < 0.6
  assert encoder.provenance["samples"] == {"seed": 7, "count": 400}
  loaded = load_encoder(tmp_path, tiny)
  assert (loaded.config.resolution, loaded.config.side, loaded.config.width) == (16, 8, 12)
  codes = draw_codes(tiny, "W", 32, [99])
  found = loaded.encode(tiny.synthesize(codes, "W"))
  mean = tiny.mean_latent("W")
  assert np.mean((found - codes) ** 2) < 0.7 * np.mean((mean - codes) ** 2)


def test_stored_in_half_precision(tmp_path, tiny, samples):
  short = dataclasses.replace(TRAINING, steps=2)
  train_encoder(tiny, short, tmp_path / "whole", samples=samples)
  half = dataclasses.replace(short, half=True)
  returned = train_encoder(tiny, half, tmp_path / "half", samples=samples)
  sizes = [(tmp_path / name / "weights.safetensors").stat().st_size for name in ("whole", "half")]
  assert sizes[1] < 0.6 * sizes[0]
  assert load_encoder(tmp_path / "half", tiny).digest == returned.digest


def test_another_set_of_samples_does_not_go_on(tmp_path, tiny, samples):
  def stop(done, total):
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    train_encoder(tiny, TRAINING, tmp_path, stop, samples=samples)
  assert (tmp_path / STATE_FILE).exists()
  fewer = DrawnSamples(samples.codes[:-1], samples.pictures[:-1], samples.record)
  with pytest.raises(ConfigurationError, match="other settings"):
    train_encoder(tiny, TRAINING, tmp_path, samples=fewer)


def test_what_is_held_out_is_never_drawn(samples):
  codes, images = samples.unseen()
  assert len(codes) == len(images) == 20
  drawn, _ = samples.batch(4000, [1])
  assert not (drawn[:, None] == codes[None]).all(axis=2).any()
  np.testing.assert_array_equal(samples.batch(5, [1])[0], samples.batch(5, [1])[0])


@pytest.mark.parametrize(
  "change",
  [
    lambda c, p: (c.astype(np.float64), p),
    lambda c, p: (c[:, :-1], p),
    lambda c, p: (c[:1], p[:1]),
    lambda c, p: (c, p[:-1]),
    lambda c, p: (c, p.astype(np.float32)),
    lambda c, p: (c, p[:, :6, :6]),
    lambda c, p: (c, np.tile(p, (1, 4, 4, 1))),
    lambda c, p: (c, p[..., 0]),
  ],
)
def test_what_cannot_be_samples(tmp_path, tiny, samples, change):
  codes, pictures = change(samples.codes, samples.pictures)
  with pytest.raises(ConfigurationError, match="drawn ahead"):
    train_encoder(tiny, TRAINING, tmp_path, samples=DrawnSamples(codes, pictures, {}))
  assert not list(tmp_path.iterdir())


def test_a_training_begins_with_the_weights_of_an_encoder(tmp_path, tiny, samples):
  start = train_encoder(tiny, TRAINING, tmp_path / "first", samples=samples)
  few = dataclasses.replace(samples, unseen_count=40)
  short = dataclasses.replace(TRAINING, steps=2, learning_rate=1e-5)
  again = train_encoder(tiny, short, tmp_path / "second", samples=few, start=start)
  images = few.unseen()[1].repeat(2, axis=1).repeat(2, axis=2)
  np.testing.assert_allclose(again.encode(images), start.encode(images), atol=0.02)
  assert again.provenance["start"] == start.provenance
  other = dataclasses.replace(short, hidden=16)
  with pytest.raises(ConfigurationError, match="other settings"):
    train_encoder(tiny, other, tmp_path / "third", samples=few, start=start)


def test_how_many_are_held_out_can_be_said(samples):
  few = dataclasses.replace(samples, unseen_count=3)
  np.testing.assert_array_equal(few.unseen()[0], samples.codes[-3:])
  assert few.digest != samples.digest
