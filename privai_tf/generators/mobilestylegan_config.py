"""What MobileStyleGAN's generator is made of; defaults are those of the published FFHQ network.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image
Synthesis" (2021): StyleGAN2's mapping network, and a synthesis network that draws wavelets.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from privai_tf.errors import CheckpointError
from privai_tf.generators.network_config import NetworkConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class MobileStyleGANConfig(NetworkConfig):
  """MobileStyleGAN's generator.

  Attributes:
    latent_size: length of z.
    dlatent_size: length of w.
    mapping_layers, mapping_fmaps: depth and width of the mapping network.
    fmaps: channels at 4 x 4, 8 x 8, ..., R/2 x R/2; the image is the transform of the last.
    truncation_psi: how far w keeps from the mean, 1 or None: no truncation.
    truncation_cutoff: layers below it are truncated, None: all.
  """

  family: ClassVar[str] = "mobilestylegan"
  role: ClassVar[str] = "generator"
  # What `MappingNetwork` asks for; the weights hold all factors.
  mapping_lrmul: ClassVar[float] = 1.0
  mapping_nonlinearity: ClassVar[str] = "lrelu"
  normalize_latents: ClassVar[bool] = True
  use_wscale: ClassVar[bool] = False

  latent_size: int = 512
  dlatent_size: int = 512
  mapping_layers: int = 8
  mapping_fmaps: int = 512
  fmaps: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128, 64)
  truncation_psi: float | None = 0.5
  truncation_cutoff: int | None = None

  def __post_init__(self):
    super().__post_init__()
    if self.resolution < 16 or len(self.fmaps) != len(self.resolutions) - 1:
      raise CheckpointError(
        f"MobileStyleGANConfig.fmaps has {len(self.fmaps)} entries at resolution {self.resolution}; it "
        "must have one for each of 4, 8, ... to half of the resolution, which is at least 16."
      )
    if any(count % 4 for count in self.fmaps[:-1]):
      raise CheckpointError(
        f"MobileStyleGANConfig.fmaps is {self.fmaps}; all but the last must be multiples of 4."
      )

  def channels(self, resolution: int) -> int:
    if resolution == self.resolution:
      return self.num_channels
    return self.fmaps[self.resolutions.index(resolution)]

  @property
  def block_resolutions(self) -> tuple[int, ...]:
    """8, 16, ..., R/2: sides of the blocks of two convolutions each."""
    return self.resolutions[1:-1]

  @property
  def layer_names(self) -> tuple[str, ...]:
    """Of the convolutions that have noise, in order."""
    names = ["4x4/conv"]
    for resolution in self.block_resolutions:
      names += [f"{resolution}x{resolution}/conv1", f"{resolution}x{resolution}/conv2"]
    return tuple(names)

  @property
  def num_layers(self) -> int:
    """Rows of W+: one for each convolution, and one for the image; 16 at 1024 x 1024."""
    return len(self.layer_names) + 1


def haar_order(channels: int) -> np.ndarray:
  """Our order of the channels that an inverse Haar transform takes, as indices into theirs.

  Theirs is [low: C/4 | three bands of each channel in turn], ours [low | band 0 | band 1 | band 2].

  Args:
    channels: C.

  Returns:
    int [C].
  """
  quarter = channels // 4
  details = quarter + np.arange(3 * quarter).reshape(quarter, 3).T.ravel()
  return np.concatenate([np.arange(quarter), details])
