"""The encoder's network: image -> code, for any resolution and any latent space."""

import dataclasses
import math
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from privai_tf.errors import CheckpointError
from privai_tf.generators.activations import leaky_relu
from privai_tf.generators.scale import warn_of_scale
from privai_tf.inversion.spec import LATENT_SPACES

LARGEST_SIDE = 256  # What tells codes apart shows at 256 x 256; larger images are averaged first.
_SMALLEST_SIDE = 4
_LARGEST_BATCH = 64
_RESIDUAL_SIDE = 16  # Below the cost of a second convolution is small.


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
  """What an encoder's network is made of.

  Attributes:
    resolution: R of the images, a power of two, at least 8.
    num_channels: colour channels of the images.
    latent_space: "Z", "W" or "W+".
    code_shape: [d], or [L, d] in W+.
    width: channels after the first convolution; each further one doubles them, up to `most`.
    most: the most channels.
    hidden: units of the layer before the code.
    largest_side: larger images are averaged to it first, a power of two.
  """

  resolution: int
  num_channels: int
  latent_space: str
  code_shape: tuple[int, ...]
  width: int = 24
  most: int = 128
  hidden: int = 256
  largest_side: int = LARGEST_SIDE

  def __post_init__(self):
    object.__setattr__(self, "code_shape", tuple(self.code_shape))
    counts = (self.num_channels, self.width, self.most, self.hidden, *self.code_shape)
    right = (
      all(isinstance(count, int) and 0 < count <= 1 << 16 for count in counts)
      and isinstance(self.resolution, int)
      and 8 <= self.resolution <= 1 << 14
      and self.resolution & (self.resolution - 1) == 0
      and isinstance(self.largest_side, int)
      and 8 <= self.largest_side <= LARGEST_SIDE
      and self.largest_side & (self.largest_side - 1) == 0
      and self.latent_space in LATENT_SPACES
      and len(self.code_shape) == (2 if self.latent_space == "W+" else 1)
    )
    if not right:
      raise CheckpointError("the description of the encoder's network is damaged")

  @property
  def side(self) -> int:
    """Width and height at which the network looks at images."""
    return min(self.resolution, self.largest_side)

  @property
  def largest_batch(self) -> int:
    """Images at a time that keep memory within a gigabyte."""
    return max(1, min(_LARGEST_BATCH, (2048 // self.resolution) ** 2))

  @property
  def least_weights(self) -> int:
    """Numbers that the network has at least: those of its two dense layers."""
    halvings = (self.side // _SMALLEST_SIDE).bit_length() - 1
    channels = min(self.width << (halvings - 1), max(self.width, self.most))
    return _SMALLEST_SIDE**2 * channels * self.hidden + self.hidden * math.prod(self.code_shape)

  def to_json(self) -> dict[str, Any]:
    """The configuration as JSON values."""
    values = dataclasses.asdict(self) | {"code_shape": list(self.code_shape)}
    if self.largest_side == LARGEST_SIDE:
      del values["largest_side"]  # Programs that do not know it read such encoders too.
    return values

  @classmethod
  def from_json(cls, values: dict[str, Any]) -> Self:
    """The reverse of `to_json`.

    Raises:
      CheckpointError: if an entry is missing, unknown or out of range.
    """
    try:
      return cls(**values)
    except TypeError:
      raise CheckpointError("the description of the encoder's network is damaged") from None


@keras.saving.register_keras_serializable("privai_tf")
class Rest(keras.layers.Layer):
  """Z codes at the length that random ones have, by a rest that is the same for all images.

  What an image does not show of its z is best guessed as 0, and so a guess is shorter than z. A
  generator that normalizes z would stretch it: every face an extreme one. The rest lies where it
  shows least, see `encoder_visibility`.
  """

  def build(self, shape):
    self.rest = self.add_weight(shape=shape[-1:], initializer="ones", trainable=False, name="rest")

  def call(self, codes):
    """Codes [N, d] -> [N, d], each of length sqrt(d)."""
    size = codes.shape[-1]
    missing = ops.relu(size - ops.sum(codes**2, axis=-1, keepdims=True))
    rest = self.rest * ops.rsqrt(ops.sum(self.rest**2) + 1e-12)
    codes = codes + ops.sqrt(missing + 1e-6) * rest
    return codes * ops.rsqrt(ops.mean(codes**2, axis=-1, keepdims=True) + 1e-12)


def build_network(config: EncoderConfig, seed: int = 0) -> keras.Model:
  """Convolutions of stride 2 down to 4 x 4, then two dense layers.

  No normalization: colour and brightness are what an encoder must read off. The last layer starts
  near zero, so that a new network says "the mean code". Z codes are brought to length by `Rest`.

  Args:
    config: its shape.
    seed: of the initial weights.

  Returns:
    A Keras model: [N, R, R, C] in [-1, 1] -> [N, *code_shape].
  """
  seeds = iter(range(1000 * seed, 1000 * seed + 1000))

  def convolved(x, channels: int, name: str, strides: int = 1):
    start = keras.initializers.HeNormal(seed=next(seeds))
    convolution = keras.layers.Conv2D(
      channels, 3, strides, padding="same", kernel_initializer=start, name=name
    )
    return leaky_relu(convolution(x))

  images = keras.Input((config.resolution, config.resolution, config.num_channels))
  x, side, channels = images, config.side, config.width
  if config.resolution > side:
    x = ops.average_pool(x, config.resolution // side)
  while side > _SMALLEST_SIDE:
    side //= 2
    x = convolved(x, channels, f"down_{side}", strides=2)
    if side <= _RESIDUAL_SIDE:
      # Halved together, so that the size of features does not grow with depth.
      x = (x + convolved(x, channels, f"same_{side}")) * 0.7
    channels = min(2 * channels, config.most)
  x = ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))
  start = keras.initializers.HeNormal(seed=next(seeds))
  x = keras.layers.Dense(config.hidden, kernel_initializer=start, name="hidden")(x)
  start = keras.initializers.RandomNormal(0.0, 0.1 / config.hidden**0.5, seed=next(seeds))
  size = 1
  for count in config.code_shape:
    size *= count
  codes = keras.layers.Dense(size, kernel_initializer=start, name="code")(leaky_relu(x))
  codes = keras.layers.Reshape(config.code_shape, name="guess")(codes)
  if config.latent_space == "Z":
    codes = Rest(name="whole")(codes)
  return keras.Model(images, codes, name="encoder")


def with_guess(network: keras.Model) -> keras.Model:
  """The network with two outputs: its guess, which may be short in Z, and the code made of it."""
  return keras.Model(network.inputs, [network.get_layer("guess").output, network.outputs[0]])


def read_weights(network: keras.Model) -> dict[str, Any]:
  """float32 arrays by name ("down_32/kernel")."""
  return {
    f"{layer.name}/{variable.name}": variable.numpy()
    for layer in network.layers
    for variable in layer.weights
  }


def assign_weights(network: keras.Model, weights: dict[str, Any]) -> None:
  """Sets every variable, or none.

  Raises:
    CheckpointError: if names or shapes do not agree, or values are not finite.
  """
  own = {
    f"{layer.name}/{variable.name}": variable
    for layer in network.layers
    for variable in layer.weights
  }
  shapes = {name: tuple(variable.shape) for name, variable in own.items()}
  if shapes != {name: tuple(value.shape) for name, value in weights.items()}:
    raise CheckpointError("the encoder's weights do not fit its description")
  if not all(np.isfinite(value).all() for value in weights.values()):
    raise CheckpointError("the encoder's weights hold NaN or infinity")
  warn_of_scale(weights, "The encoder")
  for name, variable in own.items():
    variable.assign(weights[name])
