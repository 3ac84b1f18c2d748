"""StyleGAN2 in plain NumPy, as the paper puts it: slow, float64, a modulated kernel for each image."""

import numpy as np

from privai_tf.generators.stylegan2.config import StyleGAN2Config, StyleGAN2DiscriminatorConfig


def normalized(x):
  return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-8)


def act(x, clamp=None, nonlinearity="lrelu"):
  x = np.where(x > 0, x, x * (0.2 if nonlinearity == "lrelu" else 0.0)) * np.sqrt(2)
  return x if clamp is None else np.clip(x, -clamp, clamp)


def dense(weights, name, x, lrmul=1.0):
  weight, bias = weights[f"{name}/weight"], weights[f"{name}/bias"]
  return x @ weight * (lrmul / np.sqrt(len(weight))) + bias * lrmul


def correlate(image, kernel, padding, stride=1):
  """[H, W, inputs] with [k, k, inputs, outputs]; `padding` is (before, after)."""
  size = len(kernel)
  image = np.pad(image, [padding, padding, (0, 0)])
  height = (image.shape[0] - size) // stride + 1
  result = np.zeros((height, height, kernel.shape[3]))
  for i in range(height):
    for j in range(height):
      patch = image[i * stride : i * stride + size, j * stride : j * stride + size]
      result[i, j] = np.tensordot(patch, kernel, 3)
  return result


def filtered(image, taps, padding, gain=1.0, stride=1):
  """The convolution of each channel with the filter, whose sum is `gain`."""
  taps = np.asarray(taps, np.float64)[::-1]
  kernel = np.outer(taps, taps) * gain / taps.sum() ** 2
  channels = image.shape[-1]
  return correlate(image, kernel[:, :, None, None] * np.eye(channels), padding, stride)


def zeros_between(image):
  height, width, channels = image.shape
  result = np.zeros((2 * height, 2 * width, channels))
  result[::2, ::2] = image
  return result


def upsampled(image, taps):
  p = len(taps)
  return filtered(zeros_between(image), taps, ((p + 1) // 2, (p - 2) // 2), 4.0)


def modulated(image, weights, name, w, taps=None, demodulate=True):
  kernel = weights[f"{name}/weight"]
  style = dense(weights, f"{name}/style", w[None])[0]
  kernel = kernel / np.sqrt(np.prod(kernel.shape[:3])) * style[:, None]
  if demodulate:
    kernel = kernel / np.sqrt(np.sum(kernel**2, axis=(0, 1, 2)) + 1e-8)
  if taps is None:
    return correlate(image, kernel, (len(kernel) // 2,) * 2)
  image = correlate(zeros_between(image)[:-1, :-1], kernel, (2, 2))
  p = len(taps)
  return filtered(image, taps, ((p - 1) // 2, (p - 2) // 2), 4.0)


def mapped(weights, config: StyleGAN2Config, z, labels=None):
  x = z.astype(np.float64)
  if labels is not None and not config.normalize_labels:
    x = np.concatenate([x, labels @ weights["mapping/label/weight"]], axis=1)
  if config.normalize_latents:
    x = normalized(x)
  if labels is not None and config.normalize_labels:
    x = np.concatenate([x, normalized(dense(weights, "mapping/label", labels))], axis=1)
  for index in range(config.mapping_layers):
    x = act(dense(weights, f"mapping/dense{index}", x, config.mapping_lrmul))
  return x


def synthesized(weights, config: StyleGAN2Config, codes):
  """One image [R, R, channels] from [layers, w], with the stored noise."""
  x, image, row = weights["synthesis/4x4/const/weight"][0], None, 0
  for resolution in config.resolutions:
    block = f"synthesis/{resolution}x{resolution}"
    before = x
    for layer in ("conv",) if resolution == 4 else ("conv0", "conv1"):
      name, taps = f"{block}/{layer}", config.resample_filter if layer == "conv0" else None
      x = modulated(x, weights, name, codes[row], taps)
      if config.use_noise:
        x = x + weights[f"{name}/noise"][0] * weights[f"{name}/noise_strength"]
      x = act(x + weights[f"{name}/bias"], config.conv_clamp, config.nonlinearity)
      row += 1
    if config.architecture == "resnet" and resolution > 4:
      kernel = weights[f"{block}/skip/weight"]
      skip = correlate(before, kernel / np.sqrt(kernel.shape[2]), (0, 0))
      x = (x + upsampled(skip, config.resample_filter)) / np.sqrt(2)
    if config.architecture == "skip" or resolution == config.resolution:
      name = f"{block}/torgb"
      colours = modulated(x, weights, name, codes[row], demodulate=False) + weights[f"{name}/bias"]
      if config.conv_clamp is not None:
        colours = np.clip(colours, -config.conv_clamp, config.conv_clamp)
      image = colours if image is None else upsampled(image, config.resample_filter) + colours
  return image


def scored(weights, config: StyleGAN2DiscriminatorConfig, images, labels=None):
  """Scores [N, 1] of images [N, R, R, channels]."""
  p = len(config.resample_filter)

  def layer(image, name, padding=(0, 0), stride=1, bias=True):
    kernel = weights[f"discriminator/{name}/weight"]
    x = correlate(image, kernel / np.sqrt(np.prod(kernel.shape[:3])), padding, stride)
    return act(x + weights[f"discriminator/{name}/bias"], config.conv_clamp) if bias else x

  features = []
  for image in images.astype(np.float64):
    x = None
    for resolution in reversed(config.resolutions):
      block = f"{resolution}x{resolution}"
      if x is None or config.architecture == "skip":
        if x is not None:
          padding = ((p - 1) // 2, (p - 2) // 2)
          image = filtered(image, config.resample_filter, padding, stride=2)
        colours = layer(image, f"{block}/fromrgb")
        x = colours if x is None else x + colours
      if resolution == 4:
        break
      y = layer(x, f"{block}/conv0", (1, 1))
      y = filtered(y, config.resample_filter, ((p + 1) // 2, p // 2))
      y = layer(y, f"{block}/conv1", stride=2)
      if config.architecture == "resnet":
        skip = filtered(x, config.resample_filter, ((p - 1) // 2, (p - 2) // 2))
        y = (y + layer(skip, f"{block}/skip", stride=2, bias=False)) / np.sqrt(2)
      x = y
    features.append(x)
  x = np.stack(features)
  if config.mbstd_group_size:
    count, added = len(x), config.mbstd_num_features
    group = min(config.mbstd_group_size, count)
    deviations = np.zeros((count, 4, 4, added))
    width = x.shape[-1] // added
    for start in range(count // group):
      members = x[start :: count // group]
      deviation = np.sqrt(np.var(members, axis=0) + 1e-8)
      for f in range(added):
        mean = deviation[:, :, f * width : (f + 1) * width].mean()
        deviations[start :: count // group, :, :, f] = mean
    x = np.concatenate([x, deviations], axis=-1)
  x = np.stack([layer(image, "4x4/conv", (1, 1)) for image in x]).reshape(len(x), -1)
  outputs = dense(
    weights, "discriminator/output", act(dense(weights, "discriminator/4x4/dense0", x))
  )
  if labels is None:
    return outputs
  if not config.label_widths:
    return np.sum(outputs * labels, axis=1, keepdims=True)
  mapping = normalized(dense(weights, "discriminator/label", labels))
  for index in range(len(config.label_widths) - 1):
    name = f"discriminator/label/dense{index}"
    mapping = act(dense(weights, name, mapping, config.label_lrmul))
  return np.sum(outputs * mapping, axis=1, keepdims=True) / np.sqrt(config.label_widths[-1])
