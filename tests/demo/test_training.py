"""The trainers, for seconds: losses fall, an interrupted training goes on."""

import csv
import itertools

import numpy as np
import pytest

from demo.plan import PHASES, Options, learning_rate, phase_at
from demo.trainer import Trainer, save_state
from demo.training import train
from privai_tf.generators.config import StyleGANConfig


def _config(resolution):
  return StyleGANConfig(resolution=resolution, fmap_base=64, fmap_max=16)


@pytest.fixture(scope="module")
def pool():
  from demo.embedding import factors_of_scores, latents_of_scores, sample_scores
  from demo.renderer import render

  scores = sample_scores(64, seed=8)
  images = np.rint((render(factors_of_scores(scores), 64) + 1) * 127.5).astype(np.uint8)
  return latents_of_scores(scores), images


def test_phases_cover_the_budget_and_the_rate_ends_at_zero():
  assert PHASES[0].start == 0
  assert PHASES[-1].end == 1
  assert all(a.end == b.start for a, b in itertools.pairwise(PHASES))
  assert phase_at(0.0).resolution == 16
  assert phase_at(1.5).resolution == 64
  assert learning_rate(0.15, 5e-3) == pytest.approx(5e-3)
  assert learning_rate(1.0, 5e-3) == pytest.approx(0, abs=1e-9)
  assert learning_rate(PHASES[1].start, 5e-3) < 1e-3


def test_loss_falls_and_larger_networks_start_from_smaller_ones(pool):
  trainer = Trainer(_config(8), seed=1)
  rate = np.float32(5e-3)
  losses = [float(trainer.step(pool[0][:16], pool[1][:16], rate)) for _ in range(40)]
  assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
  larger = Trainer(_config(16), 1, trainer.weights(averaged=False))
  name = "synthesis/8x8/conv0/weight"
  np.testing.assert_array_equal(larger.weights(False)[name], trainer.weights(False)[name])
  assert not np.any(larger.weights(False)["synthesis/8x8/conv0/noise_strength"])


def test_training_goes_on_where_it_stopped(pool, tmp_path):
  def run(seconds):
    options = Options(seconds, 4, 5e-3, 1, save_seconds=0.0)
    return train(_config, tmp_path, pool, (pool[0][:4], pool[1][:4]), options)

  # A state shortly before the end, as an interruption leaves it.
  trainer = Trainer(_config(64), seed=5)
  save_state(tmp_path / "state.npz", trainer, spent=29.9, step=123, images=492)
  run(30.0)
  with (tmp_path / "log.csv").open(newline="") as file:
    rows = list(csv.DictReader(file))
  assert int(rows[0]["step"]) == 124
  assert float(rows[-1]["seconds"]) >= 30
  assert "synthesis/64x64/conv1/weight" in np.load(tmp_path / "averaged.npz").files
