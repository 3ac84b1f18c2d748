"""StyleGAN3's input: sine waves over the plane, turned and moved by w (paper, section 3.1)."""

import math

import numpy as np
from keras import ops

from privai_tf.generators.layers import Dense, KernelLayer
from privai_tf.generators.stylegan3.config import StyleGAN3Config


class FourierInput(KernelLayer):
  """w [N, dlatent_size] -> features [N, size, size, channels]."""

  def __init__(self, prefix: str, config: StyleGAN3Config, seed: int | None):
    super().__init__(prefix, seed)
    self.config = config
    channels, bandwidth = config.input_channels, config.bandwidth
    self.weight = self.add("weight", (channels, channels), 1.0)
    # A transform of all images: the inverse of how they are to move.
    self.transform = self.add("transform", (3, 3), trainable=False)
    self.frequencies = self.add("frequencies", (channels, 2), bandwidth / 2, trainable=False)
    self.phases = self.add("phases", (channels,), 0.3, trainable=False)
    self.affine = Dense(f"{prefix}/affine", config.dlatent_size, 4, gain=1.0, seed=None)
    if seed is not None:
      self.transform.assign(np.eye(3, dtype=np.float32))
      self.affine.bias.assign(np.array([1, 0, 0, 0], np.float32))
    # Pixel centres; the image is one unit wide, with the origin in its middle.
    size = config.input_size
    places = (np.arange(size) + 0.5 - size / 2) / config.sampling_rate
    self.places = places.astype(np.float32)
    self.built = True

  def compute_kernels(self, for_processor: bool) -> tuple:
    return (self.weight / math.sqrt(self.config.input_channels),)

  def _waves(self, w):
    """Frequencies [N, C, 2] and phases [N, C] as w and `transform` turn and move them."""
    c, s, x, y = ops.split(self._normalized(self.affine(w)), 4, axis=1)
    # Rotation times translation, [N, 2, 3].
    rows = [c, -s, -c * x + s * y, s, c, -s * x - c * y]
    own = ops.reshape(ops.concatenate(rows, axis=1), (-1, 2, 3))
    last = ops.broadcast_to(ops.convert_to_tensor([[[0.0, 0.0, 1.0]]]), ops.shape(own[:, :1]))
    matrix = ops.matmul(ops.concatenate([own, last], axis=1), self.transform)
    # f . (M x + t) = (f M) . x + f . t: turning the plane turns frequencies, moving it phases.
    moved = ops.matmul(self.frequencies, matrix[:, :2, 2:])[..., 0]
    return ops.matmul(self.frequencies, matrix[:, :2, :2]), self.phases + moved

  def _normalized(self, t):
    """The first two numbers are cosine and sine of an angle, up to a common factor."""
    return t / ops.sqrt(ops.sum(ops.square(t[:, :2]), axis=1, keepdims=True))

  def call(self, w):
    bandwidth, half = self.config.bandwidth, self.config.sampling_rate / 2
    frequencies, phases = self._waves(w)
    # A transform may stretch: waves beyond the band fade, to nothing at half of the sampling rate.
    length = ops.sqrt(ops.sum(ops.square(frequencies), axis=2))
    amplitudes = ops.clip(1 - (length - bandwidth) / (half - bandwidth), 0, 1)
    # Along a row and along a column; a number for each pixel only where they meet.
    across = frequencies[:, None, None, :, 0] * self.places[:, None]
    down = frequencies[:, None, None, :, 1] * self.places[:, None, None]
    waves = ops.sin(2 * math.pi * (across + down + phases[:, None, None]))
    return ops.matmul(waves * amplitudes[:, None, None], ops.transpose(self.kernel()))
