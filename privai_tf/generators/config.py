"""What StyleGAN and PGGAN are made of; defaults are those of the official networks.

StyleGAN: Karras, Laine, Aila, "A Style-Based Generator Architecture for Generative Adversarial
Networks" (2019). PGGAN: Karras, Aila, Laine, Lehtinen, "Progressive Growing of GANs" (2018).
"""

import dataclasses
from typing import ClassVar

from privai_tf.errors import CheckpointError
from privai_tf.generators.network_config import NetworkConfig
from privai_tf.generators.rules import is_integer


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProgressiveConfig(NetworkConfig):
  """What StyleGAN's and PGGAN's networks share.

  Attributes:
    fmap_base, fmap_decay, fmap_max: the channels of a layer at resolution r are
      `min(fmap_base / (r / 2) ** fmap_decay, fmap_max)`.
    use_wscale: weights are stored with unit variance and scaled at run time ("equalized learning
      rate", section 4.1 of the PGGAN paper).
    fused_scale: scale and convolve in one operation; "auto" does so from 128 x 128 on.
    lod: level of detail at which the network runs: 0 is the full resolution, k the resolution
      R / 2^k, a fraction fades between two of them.
  """

  fmap_base: int = 8192
  fmap_decay: float = 1.0
  fmap_max: int = 512
  use_wscale: bool = True
  fused_scale: bool | str = "auto"
  lod: float = 0.0

  def __post_init__(self):
    super().__post_init__()
    if self.channels(self.resolution) < 1:
      raise CheckpointError(
        f"{type(self).__name__}.fmap_base is {self.fmap_base}, which leaves no channels at "
        f"{self.resolution} x {self.resolution}: mend config.json or convert the network again."
      )

  def channels(self, resolution: int) -> int:
    """Channels of the layers at one resolution (4, 8, ...)."""
    stage = resolution.bit_length() - 2
    return min(int(self.fmap_base / 2.0 ** (stage * self.fmap_decay)), self.fmap_max)

  def fused(self, larger_resolution: int) -> bool:
    """Whether a scaling layer between two resolutions, the larger of them given, is fused."""
    if self.fused_scale == "auto":
      return larger_resolution >= 128
    return bool(self.fused_scale)

  @property
  def shown_resolution(self) -> int:
    """The highest resolution that is computed at this level of detail."""
    return max(4, self.resolution >> int(self.lod))

  @property
  def fade(self) -> float:
    """How far, in [0, 1), the image is faded towards the next lower resolution."""
    return self.lod - int(self.lod) if self.shown_resolution > 4 else 0.0

  @property
  def faded_resolution(self) -> int:
    """The lower resolution that the image is faded towards, 0 if it is not."""
    return self.shown_resolution // 2 if self.fade else 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class StyleGANConfig(ProgressiveConfig):
  """StyleGAN's generator: mapping network, truncation and synthesis network.

  Attributes:
    latent_size: length of z.
    dlatent_size: length of w.
    mapping_layers, mapping_fmaps: depth and width of the mapping network.
    mapping_lrmul: its learning-rate multiplier: stored weights are 1 / lrmul larger.
    mapping_nonlinearity, nonlinearity: "lrelu" (slope 0.2) or "relu".
    normalize_latents: z (with its label) is pixel-normalized first.
    use_styles, use_noise, use_instance_norm, use_pixel_norm: parts of a synthesis layer.
    blur_filter: the filter after each up-convolution, None for none.
    truncation_psi: how far w keeps from the mean, 1 or None: no truncation.
    truncation_cutoff: layers below it are truncated, None: all.
  """

  family: ClassVar[str] = "stylegan"
  role: ClassVar[str] = "generator"

  latent_size: int = 512
  dlatent_size: int = 512
  mapping_layers: int = 8
  mapping_fmaps: int = 512
  mapping_lrmul: float = 0.01
  mapping_nonlinearity: str = "lrelu"
  nonlinearity: str = "lrelu"
  normalize_latents: bool = True
  use_styles: bool = True
  use_noise: bool = True
  use_instance_norm: bool = True
  use_pixel_norm: bool = False
  blur_filter: tuple[float, ...] | None = (1, 2, 1)
  truncation_psi: float | None = 0.7
  truncation_cutoff: int | None = 8

  @property
  def num_layers(self) -> int:
    """Style inputs of the synthesis network: two a resolution, 18 at 1024 x 1024."""
    return 2 * len(self.resolutions)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PGGANConfig(ProgressiveConfig):
  """PGGAN's generator.

  Attributes:
    latent_size: length of z; None: the channels of the stage before 4 x 4, as officially.
    normalize_latents: z (with its label) is pixel-normalized first.
    use_pixelnorm, pixelnorm_epsilon: pixel norm after each convolution.
    use_leakyrelu: leaky ReLU (slope 0.2) instead of ReLU.
  """

  family: ClassVar[str] = "pggan"
  role: ClassVar[str] = "generator"

  fused_scale: bool | str = True
  latent_size: int | None = None
  normalize_latents: bool = True
  use_pixelnorm: bool = True
  pixelnorm_epsilon: float = 1e-8
  use_leakyrelu: bool = True

  def __post_init__(self):
    if self.latent_size is None and is_integer(self.fmap_base, 1) and is_integer(self.fmap_max, 1):
      object.__setattr__(self, "latent_size", min(self.fmap_base, self.fmap_max))
    super().__post_init__()


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig(ProgressiveConfig):
  """What both discriminators share.

  Attributes:
    mbstd_group_size: samples in a group of the minibatch standard deviation, 0 or 1 for none.
  """

  role: ClassVar[str] = "discriminator"

  mbstd_group_size: int = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class StyleGANDiscriminatorConfig(DiscriminatorConfig):
  """StyleGAN's discriminator; also NVIDIA's attribute classifiers are such networks.

  Attributes:
    mbstd_num_features: channels that the minibatch standard deviation adds.
    nonlinearity: "lrelu" (slope 0.2) or "relu".
    blur_filter: the filter before each down-convolution, None for none.
  """

  family: ClassVar[str] = "stylegan"

  mbstd_num_features: int = 1
  nonlinearity: str = "lrelu"
  blur_filter: tuple[float, ...] | None = (1, 2, 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PGGANDiscriminatorConfig(DiscriminatorConfig):
  """PGGAN's discriminator."""

  family: ClassVar[str] = "pggan"

  fused_scale: bool | str = True
