"""Resampling with filters that are weights, to the sizes that a layer states. All channels last.

Zeros in between are never made: each of the `up` results that a number begins has a filter of its own.
"""

import numpy as np
from keras import ops

from privai_tf.generators.layers import KernelLayer
from privai_tf.generators.stylegan3.geometry import LayerGeometry


class Upsampling(KernelLayer):
  """Zeros in between, padding, and a filter of rows and columns: [N, H, H, C] -> [N, M, M, C].

  M is the geometry's `upsampled_size`.
  """

  def __init__(
    self, prefix: str, before: int, geometry: LayerGeometry, gain: float = 1.0, seed: int | None = 0
  ):
    """Args:
    prefix: of the variable's name.
    before: width and height of what is called with.
    geometry: factor, filter, padding and size.
    gain: the results are multiplied by it, in addition to `up` squared.
    seed: see `NamedLayer`; None: the filter is zeros.
    """
    super().__init__(prefix, seed)
    self.geometry = geometry
    # Applied along rows and along columns: up^2 gain in all. Of up^2 numbers one is no zero.
    self.factor = geometry.up * np.sqrt(gain)
    taps, up, padding = geometry.up_taps, geometry.up, geometry.padding[0]
    self.filter = None
    if taps:
      self.filter = self.add("filter", (taps,), trainable=False)
      if seed is not None:
        self.filter.assign(lowpass(taps, up))
    # Result number up * q + a sums the tap at padding - a + up * e, times the input's number q + e.
    first, last = -(padding // up), (max(taps, 1) + up - 2 - padding) // up
    e, a = np.arange(first, last + 1)[:, None], np.arange(up)
    self.places = padding - a + up * e
    self.count = -(-geometry.upsampled_size // up)
    self.ends = (-first, self.count + last - before)
    self.built = True

  def compute_kernels(self, for_processor: bool) -> tuple:
    """[e, a]: what is summed for the results of each phase."""
    taps = ops.ones(1) if self.filter is None else ops.flip(ops.convert_to_tensor(self.filter), 0)
    inside = (self.places >= 0) & (self.places < taps.shape[0])
    picked = ops.take(taps, np.where(inside, self.places, 0))
    return (picked * (inside * self.factor).astype(np.float32),)

  def call(self, x):
    kernel, up = ops.cast(self.kernel(), x.dtype), self.geometry.up
    channels, size = x.shape[-1], self.geometry.upsampled_size
    x = padded(x, self.ends)
    # Rows: each phase by itself, as they then lie side by side. Columns: the phases as channels,
    # which is their place in the result already.
    rows = [depthwise(x, kernel[:, None, a : a + 1], channels) for a in range(up)]
    x = rows[0] if up == 1 else ops.stack(rows, axis=2)
    x = ops.reshape(x, (-1, up * self.count, x.shape[-2], channels))[:, :size]
    x = x if up == 1 else ops.concatenate([x] * up, axis=-1)
    x = depthwise(x, kernel[None], channels)
    return ops.reshape(x, (-1, size, up * self.count, channels))[:, :, :size]


class Downsampling(KernelLayer):
  """A filter, and every `down`-th result: [N, M, M, C] -> [N, size, size, C]."""

  def __init__(self, prefix: str, geometry: LayerGeometry, seed: int | None = 0):
    """Args: see `Upsampling`."""
    super().__init__(prefix, seed)
    self.geometry = geometry
    taps, self.filter = geometry.down_taps, None
    if taps:
      self.filter = self.add("filter", (taps,) * (1 + geometry.radial), trainable=False)
      if seed is not None:
        row = lowpass(taps, geometry.down)
        self.filter.assign(np.outer(row, row) if geometry.radial else row)
    self.built = True

  def compute_kernels(self, for_processor: bool) -> tuple:
    """[T, T] of a radial filter, else [T]."""
    return (ops.ones(1) if self.filter is None else ops.flip(ops.convert_to_tensor(self.filter)),)

  def call(self, x):
    kernel, down, channels = ops.cast(self.kernel(), x.dtype), self.geometry.down, x.shape[-1]
    if not self.geometry.radial:
      # All columns first, though some are then left out: TensorFlow strides in both axes or in none,
      # and to take the numbers apart by hand takes longer.
      x = depthwise(x, kernel[None, :, None], channels)
      kernel = kernel[:, None]
    return depthwise(x, kernel[:, :, None], channels, strides=down)


def depthwise(x, kernel, channels: int, strides: int = 1):
  """Correlates each channel of x with a kernel; nothing is padded.

  Args:
    x: [N, H, W, groups * channels].
    kernel: [rows, columns, groups]; the channels of a group share it.
    channels: of a group.
    strides: every how manieth result there is.
  """
  kernel = ops.repeat(kernel, channels, axis=-1)[..., None]
  return ops.depthwise_conv(x, kernel, strides, padding="valid", data_format="channels_last")


def padded(x, ends: tuple[int, int]):
  """Zeros before and after rows and columns; negative numbers cut.

  Args:
    x: [N, H, W, C].
    ends: how many zeros before and after, the same for rows and columns; negative: so many are cut.

  Returns:
    [N, H + sum(ends), W + sum(ends), C].
  """
  first, last = (max(0, -end) for end in ends)
  if first or last:
    x = x[:, first : x.shape[1] - last, first : x.shape[2] - last]
  before, after = (max(0, end) for end in ends)
  if before or after:
    x = ops.pad(x, [(0, 0), (before, after), (before, after), (0, 0)])
  return x


def lowpass(taps: int, factor: int) -> np.ndarray:
  """A filter of sum 1 to begin with: an ideal low pass in Kaiser's window.

  Args:
    taps: how many, >= 1.
    factor: it passes frequencies below 1 / (2 factor) of the sampling rate; 1 counts as 2.

  Returns:
    float32 [taps], symmetric.
  """
  places = np.arange(taps) - (taps - 1) / 2
  # For networks without a file; files bring filters of their own.
  values = np.sinc(places / max(factor, 2)) * np.kaiser(taps, 8.0)
  return (values / values.sum()).astype(np.float32)
