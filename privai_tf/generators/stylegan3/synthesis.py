"""StyleGAN3's synthesis network: a w for the input and one for each layer -> image."""

import keras

from privai_tf.generators.layers import Network
from privai_tf.generators.stylegan3.config import StyleGAN3Config
from privai_tf.generators.stylegan3.input import FourierInput
from privai_tf.generators.stylegan3.layers import Colours, SynthesisLayer


class SynthesisNetwork(Network):
  """Rows of w -> image."""

  def __init__(self, config: StyleGAN3Config, seed: int | None = 0):
    """Args:
    config: the generator's configuration.
    seed: of the initial weights; None: zeros.
    """
    super().__init__(name="synthesis")
    self.config = config
    self.waves = FourierInput("synthesis/input", config, seed)
    self.styled = []
    inputs, size = config.input_channels, config.input_size
    for index, geometry in enumerate(config.layers[:-1]):
      prefix = f"synthesis/layer{index}"
      self.styled.append(SynthesisLayer(prefix, inputs, size, geometry, config, seed))
      inputs, size = geometry.outputs, geometry.size
    self.colours = Colours("synthesis/torgb", inputs, config, seed)
    self.built = True

  def call(self, dlatents, noise="fixed", recompute=False):
    """Args:
      dlatents: [N, layers + 1, dlatent], a w for each layer.
      noise: without effect: there are no noise inputs.
      recompute: for the gradient, compute each layer again instead of keeping what it computed.

    Returns:
      Images [N, R, R, channels], nominal range [-1, 1].
    """
    x = self.waves(dlatents[:, 0])
    for row, layer in enumerate(self.styled, start=1):
      x = (keras.remat(layer.call) if recompute else layer)(x, dlatents[:, row])
    return self.colours(x, dlatents[:, -1]) * self.config.output_scale
