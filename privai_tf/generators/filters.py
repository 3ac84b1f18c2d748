"""Fixed filters: blur, nearest upscaling, box downscaling. All channels last."""

import numpy as np
from keras import ops

from privai_tf.generators.gradients import linear


def blur(x, taps: tuple[float, ...] | None):
  """Blurs each channel with the outer product of `taps`, normalized, zero-padded.

  Args:
    x: [N, H, W, C].
    taps: e.g. (1, 2, 1); None or a single tap: no blur.

  Returns:
    [N, H, W, C].
  """
  if taps is None or len(taps) == 1:
    return x
  channels = x.shape[-1]
  kernel = np.outer(taps, taps).astype(np.float32)
  kernel /= kernel.sum()
  kernel = np.tile(kernel[:, :, None, None], (1, 1, channels, 1))

  def filtered(x, kernel):
    return ops.depthwise_conv(x, kernel, padding="same", data_format="channels_last")

  if len(taps) % 2 == 0:  # Lies half a pixel off; the adjoint would lie off the other way.
    return filtered(x, kernel)
  turned = np.ascontiguousarray(kernel[::-1, ::-1])
  return linear(lambda x: filtered(x, kernel), lambda y: filtered(y, turned))(x)


def upscale(x, factor: int = 2):
  """Nearest-neighbour upscaling.

  Args:
    x: [N, H, W, C]; H, W and C are known when it is traced.
    factor: a whole number, >= 1.

  Returns:
    [N, factor H, factor W, C].
  """
  if factor == 1:
    return x
  height, width, channels = x.shape[1:]
  x = ops.reshape(x, (-1, height, 1, width, 1, channels))
  x = ops.tile(x, (1, 1, factor, 1, factor, 1))
  return ops.reshape(x, (-1, height * factor, width * factor, channels))


def downscale(x, factor: int = 2):
  """Box downscaling: the mean of squares that do not overlap.

  Args:
    x: [N, H, W, C].
    factor: a whole number, >= 1. Rows and columns beyond a multiple of it are left out.

  Returns:
    [N, H / factor, W / factor, C].
  """
  if factor == 1:
    return x
  return ops.average_pool(x, factor, factor, padding="valid", data_format="channels_last")
