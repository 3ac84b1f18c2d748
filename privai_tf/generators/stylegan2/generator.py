"""StyleGAN2's generator, ready for use."""

from typing import Any

import numpy as np

from privai_tf.generators.style_generator import StyleGenerator
from privai_tf.generators.stylegan2.config import StyleGAN2Config
from privai_tf.generators.stylegan2.mapping import MappingNetwork
from privai_tf.generators.stylegan2.synthesis import SynthesisNetwork


class StyleGAN2Generator(StyleGenerator):
  """StyleGAN2 (2020) and StyleGAN2-ADA."""

  def __init__(
    self,
    config: StyleGAN2Config,
    weights: dict[str, np.ndarray] | None = None,
    provenance: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    jit: str = "auto",
  ):
    """Args: see `StyleGANGenerator`."""
    initial = seed if weights is None else None
    self.mapping = MappingNetwork(config, initial)
    self.synthesis = SynthesisNetwork(config, initial)
    self.num_layers = config.num_layers
    super().__init__(config, [self.mapping, self.synthesis], weights, provenance, jit)

  @property
  def noise_resolutions(self) -> tuple[int, ...]:
    if not self.config.use_noise:
      return ()
    return tuple(self.config.resolutions[(layer + 1) // 2] for layer in range(self.num_layers - 1))

  def noise_maps(self) -> list[np.ndarray]:
    if not self.config.use_noise:
      return super().noise_maps()
    return [np.asarray(layer.noise) for layer in self.synthesis.styled]
