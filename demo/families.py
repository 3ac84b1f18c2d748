"""The two demo models: which network learns the portraits, and from what input."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from privai_tf.demo.embedding import LATENT_SIZE, directions, latents_of_scores
from privai_tf.demo.factors import NAMES


@dataclasses.dataclass(frozen=True)
class Family:
  """What differs between the demo models.

  Attributes:
    checkpoint: the model's name.
    config_at: resolution -> the configuration of the network that is trained.
    learning_rate: Adam's, before it comes down.
    inputs_of_scores: u [N, 13] -> the network's inputs [N, d].
    finish: (configuration, trained weights, strength of the directions without a factor) ->
      (configuration, weights) of the checkpoint.
  """

  checkpoint: str
  learning_rate: float
  config_at: Callable[[int], Any]
  inputs_of_scores: Callable[[np.ndarray], np.ndarray]
  finish: Callable[[Any, dict[str, np.ndarray], float], tuple[Any, dict[str, np.ndarray]]]


def _stylegan_config(resolution: int):
  """96 channels up to 16 x 16, then 48, then 16."""
  from privai_tf.generators.config import StyleGANConfig

  return StyleGANConfig(
    resolution=resolution, fmap_base=3900, fmap_decay=1.585, fmap_max=96, truncation_psi=None
  )


def finish_stylegan(config, weights, outside):
  """See `Family.finish`."""
  from privai_tf.demo.mapping import adapt_synthesis, generator_config, mapping_weights

  config = generator_config(config)
  return config, adapt_synthesis(config, weights, outside) | mapping_weights(config)


def _pggan_config(resolution: int):
  """128 channels up to 8 x 8, then half as many at each resolution: all cost about the same.

  The network that is trained takes the thirteen scores themselves: to find them among 512 inputs
  would be most of the work, and their place is known.
  """
  from privai_tf.generators.config import PGGANConfig

  return PGGANConfig(
    resolution=resolution,
    fmap_base=512,
    fmap_max=128,
    latent_size=len(NAMES),
    normalize_latents=False,
  )


def widen_first_layer(config, weights, outside: float = 0.0):
  """Lets a network that was trained on scores take z: `scores_of_z`, multiplied into the weights.

  Args:
    config: its `PGGANConfig`, with 13 inputs that are not normalized.
    weights: by name.
    outside: unused: the directions without a factor get weights of 0.

  Returns:
    The configuration with 512 pixel-normalized inputs, and its weights.
  """
  from privai_tf.generators.pggan import PGGANNetwork

  wide = dataclasses.replace(config, latent_size=LATENT_SIZE, normalize_latents=True)
  narrow_first, wide_first = (PGGANNetwork(c, seed=None).blocks[0][0] for c in (config, wide))
  name = f"{wide_first.prefix}/weight"
  kernel = directions("Z").T @ (weights[name].astype(np.float64) * narrow_first.factor)
  return wide, {**weights, name: (kernel / wide_first.factor).astype(np.float32)}


_CALM_STYLES = 0.2

FAMILIES = {
  "stylegan": Family(
    checkpoint="avatars",
    learning_rate=5e-3,
    config_at=_stylegan_config,
    inputs_of_scores=latents_of_scores,
    finish=finish_stylegan,
  ),
  "pggan": Family(
    checkpoint="avatars_pggan",
    learning_rate=2e-2,
    config_at=_pggan_config,
    inputs_of_scores=lambda scores: np.asarray(scores, np.float32),
    finish=widen_first_layer,
  ),
}


def build(config, seed: int) -> tuple[Any, Callable[[Any], Any]]:
  """The network to train.

  Args:
    config: of either family.
    seed: of the initial weights.

  Returns:
    The network, and the function from its inputs [N, d] (tensors) to images.
  """
  import tensorflow as tf

  if config.family == "pggan":
    from privai_tf.generators.pggan import PGGANNetwork

    network = PGGANNetwork(config, seed)
    return network, network

  from privai_tf.generators.stylegan import SynthesisNetwork

  # A constant input of ones would be erased by instance normalization.
  network = SynthesisNetwork(config, seed, constant="normal")
  if not config.use_instance_norm:
    # Nothing takes back what styles multiply, layer upon layer.
    for epilogue in network.epilogues:
      epilogue.style.weight.assign(epilogue.style.weight * _CALM_STYLES)

  def draw(latents):
    codes = tf.tile(latents[:, tf.newaxis], [1, config.num_layers, 1])
    return network(codes, noise="none")

  return network, draw
