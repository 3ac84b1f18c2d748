"""One level of the inverse Haar transform, which doubles the side and takes a quarter of the channels."""

from keras import ops


def inverse_haar(x):
  """Wavelet coefficients -> pixels.

  With a, b, c, d the four quarters of the channels (see `mobilestylegan_config.haar_order`), and
  s(0) = 1, s(1) = -1: `out[2i + u, 2j + v] = a + s(u) b + s(v) c + s(u) s(v) d`. The orthonormal
  transform is half of that; whoever makes the coefficients halves them.

  Args:
    x: [N, H, W, C].

  Returns:
    [N, 2H, 2W, C / 4].
  """
  height, width, channels = x.shape[1:]
  low, rows, columns, both = ops.split(x, 4, axis=-1)
  lines = []
  for first, second in ((low + rows, columns + both), (low - rows, columns - both)):
    line = ops.stack([first + second, first - second], axis=3)
    lines.append(ops.reshape(line, (-1, height, 2 * width, channels // 4)))
  return ops.reshape(ops.stack(lines, axis=2), (-1, 2 * height, 2 * width, channels // 4))
