"""An encoder learns, goes on where it was broken off, and refuses what cannot be."""

import dataclasses
import subprocess
import sys
import types

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.errors import CheckpointError, ConfigurationError, LatentSpaceError
from privai_tf.inversion.encoder import load_encoder
from privai_tf.inversion.encoder_samples import draw_codes, roughened
from privai_tf.inversion.encoder_settings import EncoderTraining
from privai_tf.inversion.encoder_training import STATE_FILE, train_encoder
from privai_tf.inversion.encoder_visibility import invisible_rest, visibility

QUICK = EncoderTraining(steps=3, batch_size=4)


@pytest.mark.parametrize("space", ["W", "W+", "Z"])
def test_a_few_steps_beat_the_mean_code(tmp_path, tiny, space):
  # Many small steps: half a minute on a busy core is enough for a third of the variance.
  training = EncoderTraining(latent_space=space, steps=150, batch_size=8)
  encoder = train_encoder(tiny, training, tmp_path)
  figures = encoder.provenance["held_out"]
  assert figures["code_error"] < 0.7
  assert figures["code_error_roughened"] < 0.8
  codes = draw_codes(tiny, space, 16, [99])
  images = tiny.synthesize(codes, space)
  again = tiny.synthesize(load_encoder(tmp_path, tiny).encode(images), space)
  mean = np.mean(images, axis=0)
  assert np.mean((again - images) ** 2) < 0.5 * np.mean((mean - images) ** 2)


class _Stop(KeyboardInterrupt):
  pass


def test_broken_off_and_resumed_equals_uninterrupted(tmp_path, tiny):
  training = dataclasses.replace(QUICK, steps=6)
  whole = train_encoder(tiny, training, tmp_path / "whole")

  def stop(done, total):
    if done == 4:
      raise _Stop

  with pytest.raises(KeyboardInterrupt):
    train_encoder(tiny, training, tmp_path / "parts", stop)
  assert [path.name for path in (tmp_path / "parts").iterdir()] == [STATE_FILE]
  steps = []
  parts = train_encoder(tiny, training, tmp_path / "parts", lambda done, total: steps.append(done))
  assert steps == [5, 6]
  assert not (tmp_path / "parts" / STATE_FILE).exists()
  images = tiny.synthesize(tiny.sample_z(3, seed=1), "Z")
  np.testing.assert_allclose(parts.encode(images), whole.encode(images), atol=1e-6)
  assert parts.provenance["held_out"] == whole.provenance["held_out"]


def test_other_settings_do_not_go_on(tmp_path, tiny):
  def stop(done, total):
    raise _Stop

  with pytest.raises(KeyboardInterrupt):
    train_encoder(tiny, QUICK, tmp_path, stop)
  with pytest.raises(ConfigurationError, match="other settings"):
    train_encoder(tiny, dataclasses.replace(QUICK, seed=1), tmp_path)
  path = tmp_path / STATE_FILE
  path.write_bytes(path.read_bytes()[:-100])
  with pytest.raises(CheckpointError, match="damaged"):
    train_encoder(tiny, QUICK, tmp_path)


def test_an_older_encoder_stays_until_the_end(tmp_path, tiny):
  train_encoder(tiny, QUICK, tmp_path)
  before = (tmp_path / "weights.safetensors").read_bytes()

  def stop(done, total):
    raise _Stop

  other = dataclasses.replace(QUICK, seed=1)
  with pytest.raises(KeyboardInterrupt):
    train_encoder(tiny, other, tmp_path, stop)
  assert (tmp_path / "weights.safetensors").read_bytes() == before
  load_encoder(tmp_path, tiny)
  train_encoder(tiny, other, tmp_path)
  assert (tmp_path / "weights.safetensors").read_bytes() != before
  load_encoder(tmp_path, tiny)


def test_divergence_is_one_line_and_stores_nothing(tmp_path, tiny):
  with pytest.raises(ConfigurationError, match="lower the learning rate"):
    train_encoder(tiny, EncoderTraining(steps=20, batch_size=4, learning_rate=1e30), tmp_path)
  assert not list(tmp_path.iterdir())


def test_minutes_are_an_end_too(tmp_path, tiny):
  encoder = train_encoder(tiny, EncoderTraining(minutes=1e-6, batch_size=2), tmp_path)
  assert encoder.provenance["steps"] == 1


@pytest.mark.parametrize(
  "values",
  [
    {},
    {"steps": 1, "minutes": 1.0},
    {"steps": 0},
    {"minutes": 0.0},
    {"minutes": float("nan")},
    {"steps": 1, "batch_size": 0},
    {"steps": 1, "learning_rate": -1.0},
    {"steps": 1, "seed": -1},
    {"steps": 1, "latent_space": "S"},
  ],
)
def test_bad_settings(values):
  with pytest.raises(ConfigurationError):
    EncoderTraining(**values)


def test_spaces_that_cannot_be_encoded(tmp_path, tiny, monkeypatch):
  monkeypatch.setattr(tiny, "latent_spaces", ("Z",), raising=False)
  with pytest.raises(LatentSpaceError):
    train_encoder(tiny, dataclasses.replace(QUICK, latent_space="W+"), tmp_path)
  monkeypatch.setattr(tiny, "config", types.SimpleNamespace(label_size=3), raising=False)
  with pytest.raises(ConfigurationError, match="label"):
    train_encoder(tiny, QUICK, tmp_path)  # Z, for want of W.


def test_command(tmp_path, tiny_checkpoint, repository):
  def run(*flags):
    command = [sys.executable, "-m", "privai_tf.train_encoder", f"--checkpoint={tiny_checkpoint}"]
    return subprocess.run([*command, *flags], cwd=repository, capture_output=True, text=True)

  refused = run("--steps=2", "--minutes=2")
  assert refused.returncode == 2
  assert refused.stderr.count("\n") == 1
  assert "steps" in refused.stderr
  done = run("--steps=2", "--batch_size=2", f"--output_dir={tmp_path}")
  assert (done.returncode, done.stdout.count("\n")) == (0, 1)
  assert all("held out" in line for line in [done.stdout, *done.stderr.splitlines()])
  assert load_encoder(tmp_path).latent_space == "W"


def test_drawn_codes(tiny):
  for space in ("Z", "W", "W+"):
    codes = draw_codes(tiny, space, 64, [3, 4])
    assert codes.shape == (64, *tiny.code_shape(space))
    np.testing.assert_array_equal(codes, draw_codes(tiny, space, 64, [3, 4]))
    assert not np.array_equal(codes, draw_codes(tiny, space, 64, [3, 5]))
  mixed = np.any(codes != codes[:, :1], axis=(1, 2)).mean()
  assert 0.1 < mixed < 0.6  # A third of them expected; by chance outside in 1 run of 10,000.


def test_visibility_finds_the_directions_that_show():
  class Blind:
    """Draws two of eight coordinates, one a hundred times fainter than the other."""

    resolution, num_channels, latent_size = 8, 3, 8

    def synthesize_tensor(self, codes, latent_space, noise):
      shown = codes[:, 0] + 0.01 * tf.sin(codes[:, 1])
      return tf.tile(shown[:, None, None, None], [1, 8, 8, 3])

  visible = visibility(Blind())
  assert visible[0, 0] > 0.99
  assert 0.001 < visible[1, 1] < 0.2  # Faint enough that the ridge speaks.
  np.testing.assert_allclose(visible[2:], 0.0, atol=1e-6)
  rest = invisible_rest(visible, seed=1)
  assert abs(rest[0]) < 0.02
  assert np.linalg.norm(rest[2:]) > 0.5


def test_roughened_images():
  random = np.random.default_rng(0)
  images = random.uniform(-1, 1, (64, 16, 16, 3)).astype(np.float32)
  rough = roughened(tf.constant(images), tf.constant([1, 2])).numpy()
  same = np.all(rough == images, axis=(1, 2, 3)).mean()
  assert 0.05 < same < 0.5
  assert rough.shape == images.shape
  assert np.abs(rough).max() < 2
  np.testing.assert_array_equal(rough, roughened(tf.constant(images), tf.constant([1, 2])).numpy())
