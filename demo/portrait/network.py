"""The network that learns the portraits, and what becomes of it in the end."""

from collections.abc import Callable
from typing import Any

import numpy as np

CHECKPOINT = "avatars"
LEARNING_RATE = 4e-3
_CALM_STYLES = 0.2


def config_at(resolution: int):
  """96 channels up to 16 x 16, then half as many at each resolution, 8 at 256 x 256.

  Without instance norm (one of the official network's own switches): it takes flat colour away,
  which styles that are linear in w cannot give back.
  """
  from privai_tf.generators.config import StyleGANConfig

  return StyleGANConfig(
    resolution=resolution,
    fmap_base=1024,
    fmap_decay=1.0,
    fmap_max=96,
    use_instance_norm=False,
    truncation_psi=None,
  )


def build(config, seed: int) -> tuple[Any, Callable[[Any], Any]]:
  """The network to train.

  Args:
    config: a `StyleGANConfig`, as of `config_at`.
    seed: of the initial weights.

  Returns:
    The network, and the function from w without its mean [N, 512] (tensors) to images.
  """
  import tensorflow as tf

  from privai_tf.generators.stylegan import SynthesisNetwork

  network = SynthesisNetwork(config, seed, constant="normal")
  # Nothing takes back what styles multiply, layer upon layer.
  for epilogue in network.epilogues:
    epilogue.style.weight.assign(epilogue.style.weight * _CALM_STYLES)

  def draw(latents):
    codes = tf.tile(latents[:, tf.newaxis], [1, config.num_layers, 1])
    return network(codes, noise="none")

  return network, draw


def finish(
  config, weights: dict[str, np.ndarray], outside: float
) -> tuple[Any, dict[str, np.ndarray]]:
  """A whole generator of a trained network: with a mapping network before it.

  Args:
    config: the network's.
    weights: by name.
    outside: strength of the directions of w that carry no factor.

  Returns:
    Configuration and weights of the checkpoint.
  """
  from privai_tf.demo.mapping import adapt_synthesis, generator_config, mapping_weights

  config = generator_config(config)
  return config, adapt_synthesis(config, weights, outside) | mapping_weights(config)
