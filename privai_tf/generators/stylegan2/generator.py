"""StyleGAN2's generator, ready for use."""

import numpy as np

from privai_tf.generators.style_generator import StyleGenerator
from privai_tf.generators.stylegan2.mapping import MappingNetwork
from privai_tf.generators.stylegan2.synthesis import SynthesisNetwork


class StyleGAN2Generator(StyleGenerator):
  """StyleGAN2 (2020) and StyleGAN2-ADA."""

  mapping_class, synthesis_class = MappingNetwork, SynthesisNetwork

  @property
  def noise_resolutions(self) -> tuple[int, ...]:
    if not self.config.use_noise:
      return ()
    return tuple(self.config.resolutions[(layer + 1) // 2] for layer in range(self.num_layers - 1))

  def noise_maps(self) -> list[np.ndarray]:
    if not self.config.use_noise:
      return super().noise_maps()
    return [np.asarray(layer.noise) for layer in self.synthesis.styled]
