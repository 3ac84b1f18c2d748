"""The loop that this project's reference inverts with, in PyTorch and in our own words.

What PrivAI does on the PyTorch port of StyleGAN: the pixels of image and photo are scaled to
224 x 224, eight VGG16 layers are compared by their mean squared difference, and Adam with a rate of
0.01 moves one w, which starts as a mapped random z. Weights come from our generator and from
arrays, so that both sides compute the same function; PyTorch is needed by this benchmark only.
"""

import math

import numpy as np
import torch
from torch.nn import functional

MEAN = (0.485, 0.456, 0.406)  # Of ImageNet, for pixels from 0 to 1.
DEVIATION = (0.229, 0.224, 0.225)
SIDE = 224
LEARNING_RATE = 0.01
# Convolutions of each block of VGG16, and the taps (block, convolution).
BLOCKS = ((3, 64, 2), (64, 128, 2), (128, 256, 3), (256, 512, 3), (512, 512, 3))
TAPS = ((1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 3), (4, 3), (5, 3))


def random_vgg16(seed: int) -> dict[str, np.ndarray]:
  """VGG16's thirteen convolutions with He's random weights, under Keras's names.

  Args:
    seed: of the weights.

  Returns:
    "block1_conv1/kernel" [3, 3, in, out] and "block1_conv1/bias" [out], float32, and so on.
  """
  rng = np.random.default_rng(seed)
  weights = {}
  for block, (inputs, outputs, count) in enumerate(BLOCKS, 1):
    for index in range(1, count + 1):
      kernel = rng.standard_normal((3, 3, inputs, outputs)) * math.sqrt(2 / (9 * inputs))
      weights[f"block{block}_conv{index}/kernel"] = kernel.astype(np.float32)
      weights[f"block{block}_conv{index}/bias"] = np.zeros(outputs, np.float32)
      inputs = outputs
  return weights


def _torch(values) -> torch.Tensor:
  return torch.from_numpy(np.array(values, np.float32))


class Vgg16(torch.nn.Module):
  """Images [N, 3, 224, 224] -> the features of `TAPS`."""

  def __init__(self, weights: dict[str, np.ndarray]):
    super().__init__()
    self._weights = {
      name: _torch(value.transpose(3, 2, 0, 1) if value.ndim == 4 else value).contiguous()
      for name, value in weights.items()
    }

  def forward(self, x):
    features = []
    for block, (_, _, count) in enumerate(BLOCKS, 1):
      for index in range(1, count + 1):
        name = f"block{block}_conv{index}"
        weight, bias = self._weights[f"{name}/kernel"], self._weights[f"{name}/bias"]
        x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
        if (block, index) in TAPS:
          features.append(x)
        if (block, index) == TAPS[-1]:
          return features
      x = functional.max_pool2d(x, 2)
    return features


class Synthesis(torch.nn.Module):
  """StyleGAN's synthesis network as its PyTorch port computes it, one layer after another.

  Args:
    config: the `StyleGANConfig`.
    weights: of our generator, by our names.
  """

  def __init__(self, config, weights: dict[str, np.ndarray]):
    super().__init__()
    self._config = config
    self._weights = {n: _torch(v) for n, v in weights.items() if n.startswith("synthesis/")}
    for name, value in self._weights.items():
      if name.endswith("const/weight") or name.endswith("/noise"):
        self._weights[name] = value.permute(0, 3, 1, 2).contiguous()  # [1, C, H, W]
      elif value.ndim == 4:
        self._weights[name] = value.permute(3, 2, 0, 1).contiguous()  # [outputs, inputs, k, k]
    taps = np.outer(config.blur_filter, config.blur_filter)
    self._blur = _torch(taps / taps.sum())

  def forward(self, w):
    """w [N, d], the same for all layers -> [N, colours, R, R]."""
    config = self._config
    x = self._weights["synthesis/4x4/const/weight"].expand(len(w), -1, -1, -1)
    x = self._finish(x, w, "synthesis/4x4/const")
    for resolution in config.resolutions:
      block = f"synthesis/{resolution}x{resolution}"
      if resolution == 4:
        x = self._finish(self._convolve(x, f"{block}/conv"), w, f"{block}/conv")
        continue
      x = self._double(x, f"{block}/conv0", config.fused(resolution))
      x = functional.conv2d(x, self._blur.expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])
      x = self._finish(x, w, f"{block}/conv0")
      x = self._finish(self._convolve(x, f"{block}/conv1"), w, f"{block}/conv1")
    name = f"synthesis/torgb_{config.resolution}x{config.resolution}"
    weight = self._weights[f"{name}/weight"]
    image = functional.conv2d(x, weight) * (1 / math.sqrt(weight.shape[1]))
    return image + self._weights[f"{name}/bias"].view(1, -1, 1, 1)

  def _factor(self, weight: torch.Tensor) -> float:
    return math.sqrt(2 / weight[0].numel())

  def _convolve(self, x, name: str):
    weight = self._weights[f"{name}/weight"]
    return functional.conv2d(x, weight, padding=1) * self._factor(weight)

  def _double(self, x, name: str, fused: bool):
    weight = self._weights[f"{name}/weight"]
    if not fused:
      x = functional.interpolate(x, scale_factor=2, mode="nearest")
      return self._convolve(x, name)
    kernel = functional.pad(weight.transpose(0, 1) * self._factor(weight), (1, 1, 1, 1))
    kernel = (
      kernel[..., 1:, 1:] + kernel[..., :-1, 1:] + kernel[..., 1:, :-1] + kernel[..., :-1, :-1]
    )
    return functional.conv_transpose2d(x, kernel, stride=2, padding=1)

  def _finish(self, x, w, name: str):
    weights = self._weights
    x = x + weights[f"{name}/noise"] * weights[f"{name}/noise_strength"].view(1, -1, 1, 1)
    x = functional.leaky_relu(x + weights[f"{name}/bias"].view(1, -1, 1, 1), 0.2)
    x = functional.instance_norm(x, eps=1e-8)
    weight = weights[f"{name}/style/weight"]
    style = (w @ weight) * (1 / math.sqrt(weight.shape[0])) + weights[f"{name}/style/bias"]
    style = style.view(len(w), 2, -1, 1, 1)
    return x * (style[:, 0] + 1) + style[:, 1]


class ReferenceLoop:
  """Adam in W on the eight-layer loss.

  Args:
    config: the `StyleGANConfig`.
    weights: of our generator, by our names.
    vgg16: of `random_vgg16`.
    photo: float32 [1, R, R, 3] in [-1, 1].
    start: float32 [1, d], a mapped random z.
  """

  def __init__(self, config, weights, vgg16, photo: np.ndarray, start: np.ndarray):
    self._synthesis, self._vgg16 = Synthesis(config, weights), Vgg16(vgg16)
    self._mean = _torch(MEAN).view(1, 3, 1, 1)
    self._deviation = _torch(DEVIATION).view(1, 3, 1, 1)
    with torch.no_grad():
      self._goals = self._features(_torch(photo).permute(0, 3, 1, 2))
    self._w = _torch(start).requires_grad_(True)
    self._optimizer = torch.optim.Adam([self._w], lr=LEARNING_RATE)

  def step(self) -> float:
    """One step; returns the loss before it."""
    self._optimizer.zero_grad()
    features = self._features(self._synthesis(self._w))
    pairs = zip(features, self._goals, strict=True)
    loss = sum(functional.mse_loss(feature, goal) for feature, goal in pairs) / len(TAPS)
    loss.backward()
    self._optimizer.step()
    return float(loss.detach())

  def _features(self, images):
    pixels = (images + 1) / 2
    pixels = functional.interpolate(pixels, size=(SIDE, SIDE), mode="bilinear")
    return self._vgg16((pixels - self._mean) / self._deviation)
