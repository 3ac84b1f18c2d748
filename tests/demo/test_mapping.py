"""The mapping network that is written down, and the synthesis network fitted to it."""

import numpy as np
import pytest

from privai_tf.demo.embedding import (
  directions,
  latents_of_scores,
  sample_scores,
  scores_of_latents,
  scores_of_z,
)
from privai_tf.demo.mapping import adapt_synthesis, generator_config, mapping_weights, offset
from privai_tf.generators.config import StyleGANConfig


@pytest.fixture(scope="module")
def config():
  return generator_config(StyleGANConfig(resolution=8, fmap_base=64, fmap_max=16))


@pytest.mark.parametrize("space", ["W", "Z"])
def test_directions_are_orthonormal(space):
  np.testing.assert_allclose(directions(space) @ directions(space).T, np.eye(13), atol=1e-12)


def test_scores_survive_the_way_through_w():
  scores = sample_scores(100, seed=0)
  latents = latents_of_scores(scores)
  assert np.sqrt(np.mean(latents**2)) == pytest.approx(1, abs=0.1)
  np.testing.assert_allclose(scores_of_latents(latents), scores, atol=1e-5)


def test_the_network_maps_z_to_the_latents_of_its_scores(config):
  from privai_tf.generators.stylegan import MappingNetwork

  network = MappingNetwork(config, seed=None)
  for name, values in mapping_weights(config).items():
    network.named_variables()[name].assign(values)
  z = np.random.default_rng(1).standard_normal((200, 512)).astype(np.float32)
  w = np.asarray(network(z))
  expected = latents_of_scores(scores_of_z(z)) + offset()
  np.testing.assert_allclose(w, expected, atol=1e-4)
  np.testing.assert_allclose(np.asarray(network.mean_latent.value), offset(), rtol=1e-6)


def test_adapted_synthesis_draws_the_same_and_little_outside_the_factors(config):
  from privai_tf.generators.stylegan import SynthesisNetwork

  network = SynthesisNetwork(config, seed=2, constant="normal")
  rng = np.random.default_rng(2)
  w = latents_of_scores(sample_scores(3, seed=2))
  outward = rng.standard_normal((3, 512)).astype(np.float32)
  outward -= outward @ directions("W").T @ directions("W")

  def draw(latents):
    codes = np.repeat(latents[:, None], config.num_layers, axis=1).astype(np.float32)
    return np.asarray(network(codes, noise="none"))

  before, before_outward = draw(w), draw(w + outward)
  weights = {name: np.asarray(v) for name, v in network.named_variables().items()}
  for name, values in adapt_synthesis(config, weights, outside=0.1).items():
    network.named_variables()[name].assign(values)
  np.testing.assert_allclose(draw(w + offset()), before, atol=1e-3)
  moved = np.abs(draw(w + outward + offset()) - before).mean()
  assert moved < 0.3 * np.abs(before_outward - before).mean()
