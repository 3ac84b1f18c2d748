"""One resolution's trainer, for seconds: losses fall, and its state is all that it needs."""

import dataclasses

import numpy as np
import pytest

from privai_tf.demo.embedding import latents_of_scores, sample_scores
from privai_tf.demo.portrait.network import LEARNING_RATE, config_at
from privai_tf.demo.portrait.pool import pixels
from privai_tf.demo.portrait.trainer import Trainer


@pytest.fixture(scope="module")
def portraits():
  """Inputs and pixels of 16 portraits."""
  scores = sample_scores(16, seed=8)
  return latents_of_scores(scores), pixels(scores, 8)


@pytest.fixture
def trainer():
  return Trainer(dataclasses.replace(config_at(8), fmap_max=16), seed=1)


def test_loss_falls_and_portraits_have_no_stochastic_detail(trainer, portraits):
  losses = [float(trainer.step(*portraits, np.float32(LEARNING_RATE))) for _ in range(40)]
  assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
  weights = trainer.weights(averaged=True)
  strengths = [value for name, value in weights.items() if name.endswith("noise_strength")]
  assert strengths
  assert not np.any(strengths)


def test_a_restored_trainer_goes_on_as_the_first_one_would_have(trainer, portraits):
  rate = np.float32(LEARNING_RATE)
  for _ in range(3):
    trainer.step(*portraits, rate)
  other = Trainer(dataclasses.replace(config_at(8), fmap_max=16), seed=2)
  other.restore(trainer.state())
  assert float(other.step(*portraits, rate)) == pytest.approx(float(trainer.step(*portraits, rate)))
  np.testing.assert_allclose(
    other.draw_averaged(portraits[0][:4]), trainer.draw_averaged(portraits[0][:4]), atol=1e-5
  )
