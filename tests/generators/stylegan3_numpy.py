"""StyleGAN3's synthesis in plain NumPy, as the paper puts it: slow, float64, zeros in between made."""

import numpy as np

from privai_tf.generators.stylegan3.config import StyleGAN3Config
from tests.generators.stylegan2_numpy import correlate, dense


def fourier(weights, config: StyleGAN3Config, w):
  """[size, size, channels]: each pixel by itself."""
  t = dense(weights, "synthesis/input/affine", w[None])[0]
  cosine, sine, x, y = t / np.hypot(t[0], t[1])
  rotation = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
  matrix = rotation @ np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
  matrix = matrix @ weights["synthesis/input/transform"]
  frequencies = weights["synthesis/input/frequencies"]
  phases = weights["synthesis/input/phases"] + frequencies @ matrix[:2, 2]
  frequencies = frequencies @ matrix[:2, :2]
  fade = np.linalg.norm(frequencies, axis=1) - config.bandwidth
  amplitudes = np.clip(1 - fade / (config.sampling_rate / 2 - config.bandwidth), 0, 1)
  kernel = weights["synthesis/input/weight"] / np.sqrt(config.input_channels)
  result = np.zeros((config.input_size, config.input_size, config.input_channels))
  for i in range(config.input_size):
    for j in range(config.input_size):
      place = (np.array([j, i]) + 0.5 - config.input_size / 2) / config.sampling_rate
      waves = np.sin(2 * np.pi * (frequencies @ place + phases)) * amplitudes
      result[i, j] = kernel @ waves
  return result


def filtered(image, taps):
  """The convolution (not correlation) of each channel with [T] or [T, T]."""
  taps = np.ones(1) if taps is None else np.asarray(taps, np.float64)
  kernel = (np.outer(taps, taps) if taps.ndim == 1 else taps)[::-1, ::-1]
  return correlate(image, kernel[:, :, None, None] * np.eye(image.shape[-1]), (0, 0))


def resampled(image, up, padding, taps):
  """Zeros in between, padding or cutting, the filter with the gain of `up` squared."""
  size, _, channels = image.shape
  spread = np.zeros((up * size, up * size, channels))
  spread[::up, ::up] = image
  before, after = (max(end, 0) for end in padding)
  spread = np.pad(spread, [(before, after), (before, after), (0, 0)])
  first, last = (max(-end, 0) for end in padding)
  spread = spread[first : len(spread) - last, first : len(spread) - last]
  return filtered(spread, taps) * up**2


def layer(weights, name, image, w, geometry, clamp):
  kernel, style = weights[f"{name}/weight"], dense(weights, f"{name}/style", w[None])[0]
  kernel = kernel / np.sqrt(np.mean(kernel**2, axis=(0, 1, 2)))
  kernel = kernel * (style / np.sqrt(np.mean(style**2)))[:, None]
  kernel = kernel / np.sqrt(np.sum(kernel**2, axis=(0, 1, 2)) + 1e-8)
  kernel = kernel / np.sqrt(weights[f"{name}/magnitude"])
  edge = geometry.kernel - 1
  x = correlate(image, kernel, (edge, edge)) + weights[f"{name}/bias"]
  x = resampled(x, geometry.up, geometry.padding, weights.get(f"{name}/up/filter"))
  x = np.where(x > 0, x, 0.2 * x) * np.sqrt(2)
  x = x if clamp is None else np.clip(x, -clamp, clamp)
  return filtered(x, weights.get(f"{name}/down/filter"))[:: geometry.down, :: geometry.down]


def synthesized(weights, config: StyleGAN3Config, codes):
  """Rows of w -> [R, R, channels]."""
  x, clamp = fourier(weights, config, codes[0]), config.conv_clamp
  for index, geometry in enumerate(config.layers[:-1]):
    x = layer(weights, f"synthesis/layer{index}", x, codes[index + 1], geometry, clamp)
    assert x.shape == (geometry.size, geometry.size, geometry.outputs)
  style = dense(weights, "synthesis/torgb/style", codes[-1][None])[0] / np.sqrt(x.shape[-1])
  kernel = weights["synthesis/torgb/weight"] / np.sqrt(weights["synthesis/torgb/magnitude"])
  x = correlate(x, kernel * style[:, None], (0, 0)) + weights["synthesis/torgb/bias"]
  return (x if clamp is None else np.clip(x, -clamp, clamp)) * config.output_scale
