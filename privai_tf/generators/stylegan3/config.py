"""What a StyleGAN3 generator is made of: the widths, and where each layer samples its features.

Karras, Aittala, Laine, Härkönen, Hellsten, Lehtinen, Aila, "Alias-Free Generative Adversarial
Networks" (2021). The filters themselves are weights.
"""

import dataclasses
from typing import Any, ClassVar, Self

from privai_tf.errors import CheckpointError
from privai_tf.generators.network_config import NetworkConfig
from privai_tf.generators.stylegan3.geometry import LayerGeometry


@dataclasses.dataclass(frozen=True, kw_only=True)
class StyleGAN3Config(NetworkConfig):
  """The generator: mapping network, truncation and synthesis network.

  Attributes:
    layers: the synthesis layers; the last one makes the colours.
    input_channels: of the Fourier features that synthesis begins with.
    input_size: their width and height, which reaches beyond the image's edges.
    sampling_rate: their samples along the image's unit width.
    bandwidth: frequencies beyond it fade out.
    conv_clamp: features are kept within plus and minus this, None: they are not.
    output_scale: images are the last layer's results times this.
    latent_size: length of z.
    dlatent_size: length of w.
    mapping_layers, mapping_fmaps: depth and inner width of the mapping network.
    mapping_lrmul: its learning-rate multiplier: stored weights are 1 / lrmul larger.
    mapping_nonlinearity: "lrelu" (slope 0.2) or "relu".
    label_fmaps: width of an embedded label; None: that of w.
    truncation_psi: how far w keeps from the mean, 1 or None: no truncation.
    truncation_cutoff: rows of w below it are truncated, None: all.
  """

  family: ClassVar[str] = "stylegan3"
  role: ClassVar[str] = "generator"
  # What its mapping network has in common with all of ADA's, and what only older networks have.
  normalize_latents: ClassVar[bool] = True
  normalize_labels: ClassVar[bool] = True
  lod: ClassVar[float] = 0.0

  layers: tuple[LayerGeometry, ...]
  input_channels: int
  input_size: int
  sampling_rate: float
  bandwidth: float
  conv_clamp: float | None = 256.0
  output_scale: float = 0.25
  latent_size: int = 512
  dlatent_size: int = 512
  mapping_layers: int = 2
  mapping_fmaps: int = 512
  mapping_lrmul: float = 0.01
  mapping_nonlinearity: str = "lrelu"
  label_fmaps: int | None = None
  truncation_psi: float | None = 1.0
  truncation_cutoff: int | None = None

  def __post_init__(self):
    super().__post_init__()
    if self.label_fmaps is None:
      object.__setattr__(self, "label_fmaps", self.dlatent_size)
    if self.bandwidth >= self.sampling_rate / 2:
      raise CheckpointError(
        f"StyleGAN3Config.bandwidth is {self.bandwidth:g}; it must be below half the sampling rate, "
        f"{self.sampling_rate:g}: mend config.json or convert the network again."
      )
    size = self.input_size
    for index, layer in enumerate(self.layers):
      layer.check(f"StyleGAN3Config.layers[{index}]", size)
      size = layer.size
    last = self.layers[-1]
    if size != self.resolution or last.outputs != self.num_channels or last.resamples:
      raise CheckpointError(
        f"The last of StyleGAN3Config.layers makes {last.outputs} channels of {size} pixels; it must "
        f"make {self.num_channels} of {self.resolution} without resampling: mend config.json or "
        "convert the network again."
      )

  @property
  def num_layers(self) -> int:
    """Rows of w that the synthesis network takes: one for the input and one for each layer."""
    return 1 + len(self.layers)

  def to_json(self) -> dict[str, Any]:
    return super().to_json() | {"layers": [layer.to_json() for layer in self.layers]}

  @classmethod
  def from_json(cls, values: dict[str, Any]) -> Self:
    layers = values.get("layers")
    if not isinstance(layers, list):
      raise CheckpointError(
        "A StyleGAN3Config has no list of layers; the checkpoint is damaged: convert it again."
      )
    return super().from_json(values | {"layers": [LayerGeometry.from_json(v) for v in layers]})
