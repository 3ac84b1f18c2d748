"""What StyleGAN2's networks are made of; defaults are those of the paper's configuration F.

Karras, Laine, Aittala, Hellsten, Lehtinen, Aila, "Analyzing and Improving the Image Quality of
StyleGAN" (2020); with adaptive discriminator augmentation ("ADA"): Karras et al., "Training
Generative Adversarial Networks with Limited Data" (2020).
"""

import dataclasses
from typing import ClassVar

from privai_tf.errors import CheckpointError
from privai_tf.generators.network_config import NetworkConfig

# A group of the minibatch deviation that is larger than any batch: the whole batch, whatever its size.
WHOLE_BATCH = 2**31 - 1
_BASE, _MOST = 32768, 512


@dataclasses.dataclass(frozen=True, kw_only=True)
class StyleGAN2NetworkConfig(NetworkConfig):
  """What the generator and the discriminator share.

  Attributes:
    channel_counts: channels of the layers at 4, 8, ..., R; () or None: those of configuration F.
    architecture: how resolutions are joined: "orig" (a plain chain), "skip" (colours are summed over
      the resolutions), "resnet" (residual blocks), or "progressive" (a chain grown in training, with
      colour layers at each resolution of which `lod` chooses: configurations B to D).
    resample_filter: taps of the filter after up- and before down-sampling.
    conv_clamp: features are kept within plus and minus this, None: they are not.
    nonlinearity: "lrelu" (slope 0.2) or "relu".
    lod: level of detail of a "progressive" network, see `ProgressiveConfig`; 0 for all others.
  """

  channel_counts: tuple[int, ...] | None = None
  architecture: str = "skip"
  resample_filter: tuple[float, ...] = (1, 3, 3, 1)
  conv_clamp: float | None = None
  nonlinearity: str = "lrelu"
  lod: float = 0.0

  def __post_init__(self):
    if not self.channel_counts and type(self.resolution) is int and 4 <= self.resolution <= 4096:
      counts = tuple(min(_BASE // resolution, _MOST) for resolution in self.resolutions)
      object.__setattr__(self, "channel_counts", counts)
    super().__post_init__()
    if len(self.channel_counts) != len(self.resolutions):
      raise CheckpointError(
        f"{type(self).__name__}.channel_counts has {len(self.channel_counts)} entries for "
        f"{len(self.resolutions)} resolutions; mend config.json or convert the network again."
      )
    if self.lod and self.architecture != "progressive":
      raise CheckpointError(
        f"{type(self).__name__}.lod is {self.lod:g}; only a progressive network can have a level of "
        "detail: mend config.json or convert the network again."
      )

  def channels(self, resolution: int) -> int:
    """Channels of the layers at one resolution (4, 8, ...)."""
    return self.channel_counts[resolution.bit_length() - 3]

  def has_colours(self, resolution: int) -> bool:
    """Whether there is a layer between features and colours at a resolution."""
    return resolution == self.resolution or self.architecture in ("skip", "progressive")

  @property
  def shown_resolution(self) -> int:
    """The highest resolution that is computed at this level of detail."""
    return max(4, self.resolution >> int(self.lod))

  @property
  def fade(self) -> float:
    """How far, in [0, 1), colours are faded towards those of the next lower resolution."""
    return self.lod - int(self.lod) if self.shown_resolution > 4 else 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class StyleGAN2Config(StyleGAN2NetworkConfig):
  """The generator: mapping network, truncation and synthesis network.

  Attributes:
    latent_size: length of z.
    dlatent_size: length of w.
    mapping_layers, mapping_fmaps: depth and inner width of the mapping network.
    mapping_lrmul: its learning-rate multiplier: stored weights are 1 / lrmul larger.
    mapping_nonlinearity: "lrelu" (slope 0.2) or "relu".
    normalize_latents: z is normalized first; without `normalize_labels`, together with its label.
    normalize_labels: labels go through a dense layer with bias and are normalized by themselves (ADA);
      False: they are multiplied by a matrix only (StyleGAN2).
    label_fmaps: width of an embedded label; None: that of z.
    const_size: channels of the learned input; None: those at 4 x 4.
    use_noise: layers have noise inputs.
    truncation_psi: how far w keeps from the mean, 1 or None: no truncation.
    truncation_cutoff: layers below it are truncated, None: all.
  """

  family: ClassVar[str] = "stylegan2"
  role: ClassVar[str] = "generator"

  latent_size: int = 512
  dlatent_size: int = 512
  mapping_layers: int = 8
  mapping_fmaps: int = 512
  mapping_lrmul: float = 0.01
  mapping_nonlinearity: str = "lrelu"
  normalize_latents: bool = True
  normalize_labels: bool = False
  label_fmaps: int | None = None
  const_size: int | None = None
  use_noise: bool = True
  truncation_psi: float | None = 0.5
  truncation_cutoff: int | None = None

  def __post_init__(self):
    super().__post_init__()
    if self.label_fmaps is None:
      object.__setattr__(self, "label_fmaps", self.latent_size)
    if self.const_size is None:
      object.__setattr__(self, "const_size", self.channels(4))

  @property
  def num_layers(self) -> int:
    """Rows of w that the synthesis network takes: two a resolution, 18 at 1024 x 1024."""
    return 2 * len(self.resolutions)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StyleGAN2DiscriminatorConfig(StyleGAN2NetworkConfig):
  """The discriminator.

  Attributes:
    mbstd_group_size: samples in a group of the minibatch standard deviation, 0 for none,
      `WHOLE_BATCH` for all.
    mbstd_num_features: channels that it adds.
    dense_size: outputs of the dense layer before the last; None: the channels at 4 x 4.
    label_widths: outputs of the embedding of the label and of each mapping layer after it (ADA);
      (): the last layer has an output for each label instead (StyleGAN2).
    label_lrmul: learning-rate multiplier of those mapping layers.
  """

  family: ClassVar[str] = "stylegan2"
  role: ClassVar[str] = "discriminator"

  architecture: str = "resnet"
  mbstd_group_size: int = 4
  mbstd_num_features: int = 1
  dense_size: int | None = None
  label_widths: tuple[int, ...] = ()
  label_lrmul: float = 0.1

  def __post_init__(self):
    super().__post_init__()
    if self.dense_size is None:
      object.__setattr__(self, "dense_size", self.channels(4))
