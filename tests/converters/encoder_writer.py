"""A whole e4e or pSp checkpoint with few channels: encoder, StyleGAN2 of 8 x 8, mean, settings."""

import numpy as np

UNITS = (3, 4, 14, 3)
CHANNELS, SQUEEZED, HEADS, WIDTH = (2, 4, 4, 8), (1, 1, 2, 2), 4, 6
OPTS = {"encoder_type": "Encoder4Editing", "stylegan_size": 8, "start_from_latent_avg": True}
_DECODER_CHANNELS = {4: 5, 8: 3}


def encoder_tensors(seed=0):
  """The encoder's arrays by name, without "encoder."."""
  random, found = np.random.default_rng(seed), {}

  def draw(name, *shape, around=0.0, scale=None):
    scale = scale or (1 / np.prod(shape[1:])) ** 0.5
    found[name] = (around + scale * random.standard_normal(shape)).astype(np.float32)

  def norm(name, channels):
    for part, around in (("weight", 1), ("bias", 0), ("running_mean", 0)):
      draw(f"{name}.{part}", channels, around=around, scale=0.3)
    found[f"{name}.running_var"] = random.uniform(0.5, 1.5, channels).astype(np.float32)
    found[f"{name}.num_batches_tracked"] = np.asarray(np.int64(9))

  draw("input_layer.0.weight", CHANNELS[0], 3, 3, 3)
  norm("input_layer.1", CHANNELS[0])
  draw("input_layer.2.weight", CHANNELS[0], around=0.25, scale=0.1)
  number, before = 0, CHANNELS[0]
  for count, after, squeezed in zip(UNITS, CHANNELS, SQUEEZED, strict=True):
    for _ in range(count):
      name = f"body.{number}"
      if before != after:
        draw(f"{name}.shortcut_layer.0.weight", after, before, 1, 1)
        norm(f"{name}.shortcut_layer.1", after)
      norm(f"{name}.res_layer.0", before)
      draw(f"{name}.res_layer.1.weight", after, before, 3, 3)
      draw(f"{name}.res_layer.2.weight", after, around=0.25, scale=0.1)
      draw(f"{name}.res_layer.3.weight", after, after, 3, 3)
      norm(f"{name}.res_layer.4", after)
      draw(f"{name}.res_layer.5.fc1.weight", squeezed, after, 1, 1)
      draw(f"{name}.res_layer.5.fc2.weight", after, squeezed, 1, 1)
      number, before = number + 1, after
  for head in range(HEADS):
    inputs = CHANNELS[3]
    for index in range(4 if head < 3 else 5 if head < 7 else 6):
      draw(f"styles.{head}.convs.{2 * index}.weight", WIDTH, inputs, 3, 3)
      draw(f"styles.{head}.convs.{2 * index}.bias", WIDTH, scale=0.1)
      inputs = WIDTH
    draw(f"styles.{head}.linear.weight", WIDTH, WIDTH, scale=1)
    draw(f"styles.{head}.linear.bias", WIDTH, scale=0.1)
  for index, inputs in ((1, CHANNELS[2]), (2, CHANNELS[1])):
    draw(f"latlayer{index}.weight", CHANNELS[3], inputs, 1, 1)
    draw(f"latlayer{index}.bias", CHANNELS[3], scale=0.1)
  return found


def decoder_tensors(seed=1):
  """The decoder's, without "decoder."."""
  random, found = np.random.default_rng(seed), {}

  def draw(name, *shape, around=0.0, scale=1.0):
    found[name] = (around + scale * random.standard_normal(shape)).astype(np.float32)

  def modulated(name, outputs, inputs, size):
    draw(f"{name}.conv.weight", 1, outputs, inputs, size, size)
    draw(f"{name}.conv.modulation.weight", inputs, WIDTH)
    draw(f"{name}.conv.modulation.bias", inputs, around=1, scale=0.1)

  for layer in (1, 2):
    draw(f"style.{layer}.weight", WIDTH, WIDTH, scale=100)
    draw(f"style.{layer}.bias", WIDTH, scale=10)
  first, second = _DECODER_CHANNELS.values()
  draw("input.input", 1, first, 4, 4)
  layers = (
    ("conv1", first, first, 4),
    ("convs.0", second, first, 8),
    ("convs.1", second, second, 8),
  )
  for number, (name, outputs, inputs, side) in enumerate(layers):
    modulated(name, outputs, inputs, 3)
    draw(f"{name}.noise.weight", 1, scale=0.1)
    draw(f"{name}.activate.bias", outputs, scale=0.1)
    draw(f"noises.noise_{number}", 1, 1, side, side)
  for name, inputs in (("to_rgb1", first), ("to_rgbs.0", second)):
    modulated(name, 3, inputs, 1)
    draw(f"{name}.bias", 1, 3, 1, 1, scale=0.1)
  kernel = (np.outer((1, 3, 3, 1), (1, 3, 3, 1)) / 16).astype(np.float32)
  return found | {"convs.0.conv.blur.kernel": kernel, "to_rgbs.0.upsample.kernel": kernel}


def mean_code():
  """`latent_avg`, rows alike."""
  row = np.random.default_rng(2).normal(0, 0.3, WIDTH).astype(np.float32)
  return np.repeat(row[None], HEADS, axis=0)


def checkpoint(writer, opts=OPTS, mean=True, decoder=True, **changed):
  """A checkpoint's bytes.

  Args:
    writer: a `TorchWriter`.
    opts: the settings.
    mean: `latent_avg`; True: `mean_code()`, None: it has none.
    decoder: whether it is in the file.
    **changed: arrays by full name in place of what is drawn; None: the tensor is missing.
  """
  tensors = {f"encoder.{name}": value for name, value in encoder_tensors().items()}
  if decoder:
    tensors |= {f"decoder.{name}": value for name, value in decoder_tensors().items()}
  tensors = {name: value for name, value in (tensors | changed).items() if value is not None}
  entries = {"state_dict": writer.state_dict(tensors), "opts": writer.plain(opts)}
  if mean is not None:
    entries["latent_avg"] = writer.tensor(mean_code() if mean is True else mean)
  return writer.save(writer.dict(entries))
