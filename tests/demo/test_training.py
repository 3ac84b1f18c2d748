"""The trainers, for seconds: losses fall, an interrupted training goes on."""

import csv
import itertools

import numpy as np
import pytest

from privai_tf.demo.embedding import factors_of_scores, sample_scores, scores_of_z
from privai_tf.demo.families import FAMILIES, build, widen_first_layer
from privai_tf.demo.plan import PHASES, Options, learning_rate, phase_at
from privai_tf.demo.trainer import Trainer, save_state
from privai_tf.demo.training import train
from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from privai_tf.generators.families import create_generator


def _config(resolution, family="stylegan"):
  channels = {"resolution": resolution, "fmap_base": 64, "fmap_max": 16}
  if family == "stylegan":
    return StyleGANConfig(**channels)
  return PGGANConfig(**channels, latent_size=13, normalize_latents=False)


@pytest.fixture(scope="module")
def renders():
  from privai_tf.demo.renderer import render

  scores = sample_scores(64, seed=8)
  images = np.rint((render(factors_of_scores(scores), 64) + 1) * 127.5).astype(np.uint8)
  return scores, images


@pytest.fixture(scope="module")
def pool(renders):
  return FAMILIES["stylegan"].inputs_of_scores(renders[0]), renders[1]


def test_phases_cover_the_budget_and_the_rate_ends_at_zero():
  assert PHASES[0].start == 0
  assert PHASES[-1].end == 1
  assert all(a.end == b.start for a, b in itertools.pairwise(PHASES))
  assert phase_at(0.0).resolution == 16
  assert phase_at(1.5).resolution == 64
  assert learning_rate(0.15, 5e-3) == pytest.approx(5e-3)
  assert learning_rate(1.0, 5e-3) == pytest.approx(0, abs=1e-9)
  assert learning_rate(PHASES[1].start, 5e-3) < 1e-3


@pytest.mark.parametrize("family", [pytest.param("pggan", marks=pytest.mark.very_slow), "stylegan"])
def test_loss_falls_and_larger_networks_start_from_smaller_ones(family, renders):
  inputs, images = FAMILIES[family].inputs_of_scores(renders[0][:16]), renders[1][:16]
  trainer = Trainer(_config(8, family), seed=1)
  rate = np.float32(FAMILIES[family].learning_rate)
  losses = [float(trainer.step(inputs, images, rate)) for _ in range(40)]
  assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
  larger = Trainer(_config(16, family), 1, trainer.weights(averaged=False))
  name = "synthesis/8x8/conv0/weight"
  np.testing.assert_array_equal(larger.weights(False)[name], trainer.weights(False)[name])
  strengths = [v for n, v in larger.weights(False).items() if n.endswith("noise_strength")]
  assert bool(strengths) == (family == "stylegan")
  assert not np.any([np.any(strength) for strength in strengths])


def test_a_network_of_scores_becomes_one_of_z():
  config = _config(16, "pggan")
  network, draw = build(config, seed=3)
  weights = {name: np.asarray(v) for name, v in network.named_variables().items()}
  wide, widened = widen_first_layer(config, weights)
  generator = create_generator(wide, widened)
  z = generator.sample_z(6, seed=3)
  images = generator.synthesize(z, latent_space="Z")
  np.testing.assert_allclose(images, np.asarray(draw(scores_of_z(z))), atol=1e-4)
  assert np.std(images, axis=0).mean() > 0.05  # The scores matter.


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
