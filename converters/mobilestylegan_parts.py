"""The parts of MobileStyleGAN's synthesis network as its file has them -> weights by our names."""

import dataclasses

import numpy as np

from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig, haar_order

# Our inverse Haar transform leaves this factor to whoever makes its coefficients.
HALVED = np.float32(0.5)


@dataclasses.dataclass
class Style:
  """An affine layer on w: weight [channels, dlatent], bias [channels], and the factor after both."""

  weight: np.ndarray
  bias: np.ndarray
  scale: float


@dataclasses.dataclass
class Convolution:
  """One styled convolution; `depthwise` [C, 1, 1, 3, 3] and `noise` [r, r] may be None."""

  style: Style
  depthwise: np.ndarray | None
  kernel: np.ndarray
  noise: np.ndarray | None
  bias: np.ndarray


@dataclasses.dataclass
class Parts:
  """All of the synthesis network, from the constant to the image."""

  constant: np.ndarray
  convolutions: list[Convolution]
  ups: list[Style]
  to_img: Convolution
  resolution: int
  num_channels: int

  def styles(self) -> list[Style]:
    return [*(c.style for c in self.convolutions), *self.ups, self.to_img.style]

  def last_of_each(self) -> list[Convolution]:
    """The last convolution of each resolution."""
    return self.convolutions[::2]

  def weights(self, config: MobileStyleGANConfig) -> dict[str, np.ndarray]:
    """By our names; channels that an inverse Haar transform takes are put in the order of ours."""
    found = {"synthesis/4x4/const/weight": self.constant.transpose(0, 2, 3, 1)}
    names = [f"synthesis/{name}" for name in config.layer_names]
    for name, convolution in zip(names, self.convolutions, strict=True):
      last = convolution is self.convolutions[-1]
      feeds_haar = not last and name.endswith(("4x4/conv", "conv2"))
      found |= _convolution_weights(name, convolution, feeds_haar)
    for resolution, up in zip(config.block_resolutions, self.ups, strict=True):
      name = f"synthesis/{resolution}x{resolution}/up/style"
      found |= _style_weights(name, up, haar_order(len(up.bias)))
    last = self.to_img
    last = dataclasses.replace(last, kernel=last.kernel * HALVED, bias=last.bias * HALVED)
    return found | _convolution_weights("synthesis/to_img", last, True)


def _style_weights(name: str, style: Style, order: np.ndarray) -> dict[str, np.ndarray]:
  scale = np.float32(style.scale)
  return {
    f"{name}/weight": (style.weight[order] * scale).T,
    f"{name}/bias": style.bias[order] * scale,
  }


def _noise_weights(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
  """The file's maps have their strength in them; their root mean square is the best guess at it."""
  strength = np.sqrt(np.mean(np.square(values, dtype=np.float64)))
  return {
    f"{name}/noise": (values / (strength or 1.0)).astype(np.float32)[None, :, :, None],
    f"{name}/noise_strength": np.float32([strength]),
  }


def _convolution_weights(
  name: str, convolution: Convolution, feeds_haar: bool
) -> dict[str, np.ndarray]:
  count = len(convolution.bias)
  order = haar_order(count) if feeds_haar else np.arange(count)
  inputs = np.arange(len(convolution.style.bias))
  found = _style_weights(f"{name}/style", convolution.style, inputs)
  if convolution.depthwise is not None:
    found[f"{name}/depthwise"] = convolution.depthwise[:, 0, 0].transpose(1, 2, 0)[..., None]
  found[f"{name}/weight"] = convolution.kernel[order].transpose(2, 3, 1, 0)
  found[f"{name}/bias"] = convolution.bias[order]
  if convolution.noise is not None:
    found |= _noise_weights(name, convolution.noise)
  return found
