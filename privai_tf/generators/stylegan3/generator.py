"""StyleGAN3's generator, ready for use."""

from typing import Any

import numpy as np

from privai_tf.generators.style_generator import StyleGenerator
from privai_tf.generators.stylegan2.mapping import MappingNetwork
from privai_tf.generators.stylegan3.config import StyleGAN3Config
from privai_tf.generators.stylegan3.synthesis import SynthesisNetwork


class StyleGAN3Generator(StyleGenerator):
  """StyleGAN3-T (3 x 3 kernels) and StyleGAN3-R (1 x 1, radial filters)."""

  noise_resolutions = ()

  def __init__(
    self,
    config: StyleGAN3Config,
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
  def activation_bytes(self) -> int:
    # Before, twice at, and after the higher sampling rate of the nonlinearity.
    layers = self.config.layers
    return 4 * sum((2 * g.upsampled_size**2 + 2 * g.size**2) * g.outputs for g in layers)
