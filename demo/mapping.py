"""The mapping network of "avatars", z -> w, written down instead of trained.

Factors are fixed projections of the pixel-normalized z, and w is linear in them. Eight layers with
leaky ReLU carry a linear function exactly: a number u travels as the pair (u, -u), of which
`u = (lrelu(u) - lrelu(-u)) / 1.2`; the last layer adds an offset that keeps every entry of w on the
unit's straight side. The offset is the mean of w.
"""

import dataclasses

import numpy as np

from privai_tf.demo.embedding import LATENT_SIZE, directions
from privai_tf.demo.factors import NAMES

MAPPING_FMAPS = 2 * len(NAMES)
_SPREADS = 7.0  # Entries of w further from their mean than this many deviations: 1 in 10^12.
_SLOPE_SUM = 1.2


def linear_part() -> np.ndarray:
  """u -> w without its offset, float64 [13, 512]."""
  return directions("W") * np.sqrt(LATENT_SIZE / len(NAMES))


def offset() -> np.ndarray:
  """The mean of w, float64 [512], all positive."""
  return _SPREADS * np.linalg.norm(linear_part(), axis=0)


def mapping_weights(config) -> dict[str, np.ndarray]:
  """Weights of the mapping network under our names.

  Args:
    config: a `StyleGANConfig` with `mapping_fmaps` of `MAPPING_FMAPS`.

  Returns:
    float32 arrays by name.
  """
  from privai_tf.generators.stylegan import MappingNetwork

  network = MappingNetwork(config, seed=None)
  split = np.concatenate([np.eye(len(NAMES)), -np.eye(len(NAMES))], axis=1)
  join = split.T / _SLOPE_SUM
  last = len(network.dense) - 1
  for index, dense in enumerate(network.dense):
    matrix = directions("Z").T if index == 0 else join
    matrix = matrix @ (linear_part() if index == last else split)
    dense.weight.assign(matrix / dense.factor)
    if index == last:
      dense.bias.assign(offset() / dense.bias_factor)
  network.mean_latent.value.assign(offset())
  return {name: np.asarray(variable) for name, variable in network.named_variables().items()}


def adapt_synthesis(config, weights: dict[str, np.ndarray], outside: float) -> dict:
  """Fits a synthesis network that was trained on w without offset to the mapping network.

  Args:
    config: its `StyleGANConfig`.
    weights: by name.
    outside: factor for the directions of w that carry no factor and were never trained: what they
      do is arbitrary, so that they should do little. Portraits do not depend on it.

  Returns:
    The weights, style layers changed.
  """
  from privai_tf.generators.stylegan import SynthesisNetwork

  network = SynthesisNetwork(config, seed=None)
  projection = directions("W").T @ directions("W")
  changed = dict(weights)
  for epilogue in network.epilogues:
    style = epilogue.style
    weight = weights[f"{style.prefix}/weight"].astype(np.float64)
    inside = projection @ weight
    weight = inside + outside * (weight - inside)
    bias = weights[f"{style.prefix}/bias"] - style.factor * (offset() @ weight)
    changed[f"{style.prefix}/weight"] = weight.astype(np.float32)
    changed[f"{style.prefix}/bias"] = bias.astype(np.float32)
  return changed


def generator_config(config):
  """The configuration with the mapping network's width."""
  return dataclasses.replace(config, mapping_fmaps=MAPPING_FMAPS)
