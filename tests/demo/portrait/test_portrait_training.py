"""The training of portraits, for seconds: networks grow without harm, and go on where they stopped."""

import csv
import dataclasses
import functools
import itertools

import numpy as np
import pytest

from privai_tf.demo.embedding import latents_of_scores, scores_of_z
from privai_tf.demo.portrait import pool as pools
from privai_tf.demo.portrait import training
from privai_tf.demo.portrait.growth import grown
from privai_tf.demo.portrait.network import build, config_at, finish
from privai_tf.demo.portrait.plan import PHASES, Phase, learning_rate, phase_at
from privai_tf.generators.families import create_generator


def _small_config(resolution):
  return dataclasses.replace(config_at(resolution), fmap_base=1024, fmap_max=12)


@pytest.fixture
def small_pool(tmp_path, monkeypatch):
  """A pool of eight portraits, of 64 pixels at most."""
  monkeypatch.setattr(pools, "CHUNK", 8)
  monkeypatch.setattr(pools, "FULL", 64)
  return functools.partial(pools.Pool, tmp_path / "pool", 1, 5)


def test_phases_cover_the_budget_and_the_rate_ends_at_zero():
  assert PHASES[0].start == 0
  assert PHASES[-1].end == 1
  assert all(a.end == b.start for a, b in itertools.pairwise(PHASES))
  assert all(2 * a.resolution == b.resolution for a, b in itertools.pairwise(PHASES))
  assert phase_at(1.5).resolution == 256
  assert learning_rate(0.05, 4e-3) == pytest.approx(4e-3)
  assert learning_rate(1.0, 4e-3) == pytest.approx(0, abs=1e-9)
  assert learning_rate(PHASES[1].start, 4e-3) < 1e-3


def test_the_generator_has_the_official_layers_and_few_weights():
  config = config_at(256)
  assert [config.channels(r) for r in config.resolutions] == [96, 96, 96, 64, 32, 16, 8]
  assert config.num_layers == 14


@pytest.mark.parametrize("resolution", [8, 64])  # As two steps, and fused.
def test_a_grown_network_draws_the_same_picture_twice_as_large(resolution):
  small, draw_small = build(_small_config(resolution), seed=1)
  large, draw_large = build(_small_config(2 * resolution), seed=1)
  for name, values in grown(small, large).items():
    large.named_variables()[name].assign(values)
  codes = np.random.default_rng(1).standard_normal((2, 512)).astype(np.float32)
  before, after = np.asarray(draw_small(codes)), np.asarray(draw_large(codes))
  side = (2, resolution, 2, resolution, 2, 3)
  halved = after.reshape(side).mean((2, 4))[:, 1:-1, 1:-1]  # The blur's zeros come in at the edge.
  # Blurred by 1 2 1 after it was enlarged, a pixel has a quarter of its neighbours, half of that
  # averaged over two.
  across = before[:, :, :-2] / 8 + before[:, :, 1:-1] * 6 / 8 + before[:, :, 2:] / 8
  expected = across[:, :-2] / 8 + across[:, 1:-1] * 6 / 8 + across[:, 2:] / 8
  np.testing.assert_allclose(halved, expected, atol=2e-4 * np.abs(before).max())


def test_the_finished_network_draws_what_was_trained():
  config = _small_config(8)
  network, draw = build(config, seed=2)
  weights = {name: np.asarray(v) for name, v in network.named_variables().items()}
  generator = create_generator(*finish(config, weights, 0.1))
  z = generator.sample_z(3, seed=2)
  expected = np.asarray(draw(latents_of_scores(scores_of_z(z))))
  images = generator.synthesize(z, latent_space="Z")
  np.testing.assert_allclose(images, expected, atol=1e-3 * np.abs(expected).max())
  assert np.std(expected, axis=0).mean() > 0.05  # The scores matter.


def test_a_pool_is_drawn_once_and_kept_smaller(small_pool):
  pool = small_pool(16)
  images = pool.images(np.array([5, 2]))
  assert images.shape == (2, 16, 16, 3)
  expected = pools.shrunk(pools.pixels(pool.scores[[5, 2]], 64), 16)
  np.testing.assert_array_equal(images, expected)
  np.testing.assert_array_equal(small_pool(16).images(np.array([5, 2])), images)


def test_training_grows_and_goes_on_where_it_stopped(small_pool, tmp_path, monkeypatch):
  phases = (Phase(8, 1, 4, 0.0, 0.5), Phase(16, 1, 4, 0.5, 1.0))
  monkeypatch.setattr(training, "phase_at", lambda share: phases[int(share >= 0.5)])
  monkeypatch.setattr(training, "learning_rate", lambda share, peak: peak)
  ticks = iter(range(10**6))

  def run(stop_at):
    """Each step takes a second, until `stop_at` of them have been taken."""

    def tick():
      if stop_at and len(_rows(tmp_path)) == stop_at:
        raise KeyboardInterrupt
      return next(ticks)

    monkeypatch.setattr(training.time, "process_time", tick)
    options = training.Options(6.0, 4e-3, 1, save_seconds=0.0)
    return training.Training(
      _small_config, latents_of_scores, tmp_path, small_pool, small_pool, options
    ).run()

  with pytest.raises(KeyboardInterrupt):
    run(stop_at=2)
  run(stop_at=0)
  rows = _rows(tmp_path)
  assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5, 6]
  assert [int(row["resolution"]) for row in rows] == [8, 8, 8, 16, 16, 16]
  assert "synthesis/16x16/conv1/weight" in np.load(tmp_path / "averaged.npz").files


def _rows(folder):
  path = folder / "log.csv"
  if not path.exists():
    return []
  with path.open(newline="") as file:
    return list(csv.DictReader(file))
