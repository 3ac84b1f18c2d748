"""Convolution layers, each in the form that accelerators and training take, and one for processors.

Frozen for a processor, a layer's gradient with respect to the features is computed as a plain
convolution too, which oneDNN does two to four times as fast as TensorFlow's own gradient. The
kernels get none then.
"""

from keras import ops

from privai_tf.generators.gradients import linear
from privai_tf.generators.layers import ScaledLayer
from privai_tf.generators.multiplied import multiplied


class Convolution(ScaledLayer):
  """k x k, zero-padded: [N, H, W, inputs] -> [N, H, W, outputs]; the bias is the caller's to add."""

  def __init__(self, prefix: str, inputs: int, outputs: int, size: int = 3, **options):
    super().__init__(prefix, (size, size, inputs, outputs), **{"bias": outputs, **options})
    self.built = True

  def compute_kernels(self, for_processor: bool) -> tuple:
    kernel = self.weight * self.factor
    return (kernel, reversed_kernel(kernel)) if for_processor else (kernel,)

  def convolved(self, x, kernel, reverse=None):
    """The convolution itself; with `reverse`, the kernel of its adjoint."""
    if reverse is None:
      return _convolved(x, kernel)
    return linear(lambda x: _convolved(x, kernel), lambda y: _convolved(y, reverse))(x)

  def call(self, x):
    return ops.cast(self.convolved(ops.cast(x, multiplied()), *self.kernels()), x.dtype)


class UpConvolution(Convolution):
  """Doubles the size and convolves: [N, H, W, inputs] -> [N, 2H, 2W, outputs].

  Computed as a transposed convolution of stride 2, with 4/9 of the multiplications of nearest
  upscaling and a convolution. The official *fused* layer is that same transposed convolution with
  the kernel not turned around, which amounts to turning it in the two-step layer.

  On a processor, as two convolutions of 2 x 2, for the even and the odd rows of the result: the
  same multiplications, in half the time.
  """

  def __init__(self, prefix: str, inputs: int, outputs: int, *, fused: bool, **options):
    self.fused = fused
    super().__init__(prefix, inputs, outputs, **options)

  def compute_kernels(self, for_processor: bool) -> tuple:
    weight = self.weight if self.fused else ops.flip(self.weight, (0, 1))
    # Transposed convolutions keep their kernels as [k, k, outputs, inputs].
    kernel = spread_kernel(ops.transpose(weight * self.factor, (0, 1, 3, 2)))
    return (kernel, *row_kernels(kernel)) if for_processor else (kernel,)

  def convolved(self, x, kernel, even=None, odd=None):
    if even is None:
      kernel = ops.cast(kernel, x.dtype)
      return ops.conv_transpose(x, kernel, strides=2, padding="same", data_format="channels_last")
    # A transposed convolution is the adjoint of one of stride 2 with the same kernel.
    return linear(lambda x: _doubled(x, even, odd), lambda y: _convolved(y, kernel, strides=2))(x)


class DownConvolution(Convolution):
  """Convolves and halves the size: [N, 2H, 2W, inputs] -> [N, H, W, outputs].

  The official two-step layer (convolution, box downscaling) and the fused one are the same sum.
  """

  def compute_kernels(self, for_processor: bool) -> tuple:
    # 1/4: a box of two by two is a mean, not a sum.
    return (spread_kernel(self.weight * (self.factor * 0.25)),)

  def convolved(self, x, kernel):
    return _convolved(x, kernel, strides=2)


def _convolved(x, kernel, strides: int = 1, padding: str = "same"):
  # Kernels are taken up (and cast) only where they are used: graphs without gradients, such as an
  # exported model's, do not hold those of the adjoint.
  kernel = ops.cast(kernel, x.dtype)
  return ops.conv(x, kernel, strides=strides, padding=padding, data_format="channels_last")


def reversed_kernel(kernel):
  """The kernel of the adjoint of a convolution of stride 1, for a kernel of odd size."""
  return ops.transpose(ops.flip(kernel, (0, 1)), (0, 1, 3, 2))


def spread_kernel(kernel):
  """The sum of the four one-pixel shifts of a k x k kernel, (k + 1) x (k + 1).

  A convolution with it at every second pixel acts as the k x k convolution does after (for up) or
  before (for down, times 1/4) scaling by two.
  """
  # As the official PGGAN code makes the kernels of its fused layers (`upscale2d_conv2d`).
  kernel = ops.pad(kernel, [[1, 1], [1, 1], [0, 0], [0, 0]])
  rows = kernel[1:] + kernel[:-1]
  return rows[:, 1:] + rows[:, :-1]


def row_kernels(kernel):
  """A transposed convolution of stride 2 as plain ones, for the even and the odd rows of the result.

  Along an axis, the result at 2n sums x[n - 1] and x[n] by the kernel's taps 3 and 1, and at 2n + 1
  it sums x[n] and x[n + 1] by the taps 2 and 0.

  Args:
    kernel: [4, 4, outputs, inputs].

  Returns:
    Two kernels [2, 2, inputs, 2 outputs]; at column n they give those of the result at 2n - 1 and 2n.
  """
  kernel = ops.transpose(kernel, (0, 1, 3, 2))

  def columns(rows):
    return ops.concatenate([rows[:, 2::-2], rows[:, 3::-2]], axis=-1)

  return columns(kernel[3::-2]), columns(kernel[2::-2])


def _doubled(x, even, odd):
  """The transposed convolution that `row_kernels` took apart: [N, H, W, C] -> [N, 2H, 2W, outputs]."""
  height, width = x.shape[1:3]
  rows = []
  for kernel, padding in ((even, (1, 0)), (odd, (0, 1))):
    padded = ops.pad(x, [(0, 0), padding, (1, 1), (0, 0)])
    row = _convolved(padded, kernel, padding="valid")
    outputs = row.shape[-1] // 2
    row = ops.reshape(row, (-1, height, 2 * width + 2, outputs))
    # Columns -1 to 2W came out; the first and the last lie outside.
    rows.append(row[:, :, 1:-1])
  return ops.reshape(ops.stack(rows, axis=2), (-1, 2 * height, 2 * width, outputs))
