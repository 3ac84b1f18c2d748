"""StyleGAN3's generator, ready for use."""

from privai_tf.generators.style_generator import StyleGenerator
from privai_tf.generators.stylegan2.mapping import MappingNetwork
from privai_tf.generators.stylegan3.synthesis import SynthesisNetwork


class StyleGAN3Generator(StyleGenerator):
  """StyleGAN3-T (3 x 3 kernels) and StyleGAN3-R (1 x 1, radial filters)."""

  noise_resolutions = ()

  mapping_class, synthesis_class = MappingNetwork, SynthesisNetwork

  @property
  def activation_bytes(self) -> int:
    # Before, twice at, and after the higher sampling rate of the nonlinearity.
    layers = self.config.layers
    return 4 * sum((2 * g.upsampled_size**2 + 2 * g.size**2) * g.outputs for g in layers)
