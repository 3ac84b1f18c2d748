"""Up- and down-sampling by two with a filter. All channels last.

A filter of p taps is applied as a convolution with the outer product of its taps, of sum 1; four times
that where three of four pixels are zeros that were put in.
"""

import numpy as np
from keras import ops

Taps = tuple[float, ...]


def _kernel(taps: Taps, gain: float = 1.0) -> np.ndarray:
  """[p, p], turned around: what is called a convolution correlates."""
  taps = np.asarray(taps, np.float64)[::-1]
  return np.outer(taps, taps) * (gain / taps.sum() ** 2)


def _depthwise(x, kernel: np.ndarray, strides: int = 1):
  """Correlates each channel with a kernel [p, p], or with several, [p, p, m]; nothing is padded."""
  kernel = kernel.reshape(*kernel.shape[:2], 1, -1).astype(np.float32)
  kernel = ops.cast(np.tile(kernel, (1, 1, x.shape[-1], 1)), x.dtype)
  return ops.depthwise_conv(x, kernel, strides, padding="valid", data_format="channels_last")


def _padded(x, before: int, after: int):
  return ops.pad(x, [(0, 0), (before, after), (before, after), (0, 0)])


def smoothed_up(x, taps: Taps):
  """The filter after a transposed 3 x 3 convolution: [N, 2H + 1, 2W + 1, C] -> [N, 2H, 2W, C]."""
  p = len(taps)
  before, after = (p - 1) // 2, (p - 2) // 2
  if after < 0:  # a single tap
    x = x[:, :after, :after]
    after = 0
  return _depthwise(_padded(x, before, after), _kernel(taps, 4.0))


def smoothed_up_adjoint(y, taps: Taps):
  """The adjoint of `smoothed_up`: [N, 2H, 2W, C] -> [N, 2H + 1, 2W + 1, C]."""
  p = len(taps)
  before, after = p // 2, (p + 1) // 2
  return _depthwise(_padded(y, before, after), _kernel(taps[::-1], 4.0))


def smoothed_down(x, taps: Taps, size: int):
  """The filter before a convolution of stride 2 without padding, whose kernel has 3 or 1 rows.

  Args:
    x: [N, 2H, 2W, C].
    taps: of the filter.
    size: of the kernel, 3 or 1.

  Returns:
    [N, 2H + 1, 2W + 1, C], or at least [N, 2H - 1, 2W - 1, C].
  """
  p = len(taps)
  before, after = ((p + 1) // 2, p // 2) if size == 3 else ((p - 1) // 2, max((p - 2) // 2, 0))
  return _depthwise(_padded(x, before, after), _kernel(taps))


def downsampled(x, taps: Taps):
  """[N, 2H, 2W, C] -> [N, H, W, C]."""
  p = len(taps)
  return _depthwise(_padded(x, (p - 1) // 2, max((p - 2) // 2, 0)), _kernel(taps), strides=2)


def upsampled(x, taps: Taps):
  """[N, H, W, C] -> [N, 2H, 2W, C].

  The result at the even and at the odd pixels are two filters of half the taps each, and so four in
  two dimensions: the zeros in between are never made.
  """
  phases, before, after = _phases(taps)
  height, width, channels = x.shape[1:]
  # Two phases of rows by two of columns: four filters, one for each of the pixels that one becomes.
  kernel = np.einsum("pa,qb->pqab", phases, phases).reshape(*[len(phases)] * 2, 4)
  y = _depthwise(_padded(x, before, after), kernel)
  y = ops.reshape(y, (-1, height, width, channels, 2, 2))
  y = ops.transpose(y, (0, 1, 4, 2, 5, 3))
  return ops.reshape(y, (-1, 2 * height, 2 * width, channels))


def _phases(taps: Taps) -> tuple[np.ndarray, int, int]:
  """One axis of `upsampled`: the taps [q, 2] of the even and odd results, and the padding for q taps.

  The result at 2i + a is the sum over j of taps[j] u[2i + a - before + j], where u has x at its even
  places and zeros at its odd ones.
  """
  p = len(taps)
  # Turned, as a convolution is; a gain of 2 makes up for the zeros, which halve the mean.
  values = np.asarray(taps, np.float64)[::-1] * (2.0 / np.sum(taps))
  offsets = {}
  for a in (0, 1):
    for j, value in enumerate(values):
      place = a - (p + 1) // 2 + j
      if place % 2 == 0:  # Elsewhere u is zero.
        offsets[place // 2, a] = value
  places = [place for place, _ in offsets]
  first, last = min(0, *places), max(0, *places)
  phases = np.zeros((last - first + 1, 2))
  for (place, a), value in offsets.items():
    phases[place - first, a] = value
  return phases, -first, last
