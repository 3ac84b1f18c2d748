"""Leaky ReLU without TensorFlow's own operation."""

from keras import ops


def leaky_relu(x, slope: float = 0.2):
  """`x` where it is positive, else `slope * x`; values and gradients are Keras's own, bit for bit.

  As a product with a mask: on processors with bfloat16 arithmetic TensorFlow fuses its own operation
  into the convolution before it although the gradient needs what is in between, gives up all fusions
  of the graph then, and says so on standard error ("remapper failed"). It costs the same.

  Args:
    x: a tensor of any shape.
    slope: factor of what is not positive.
  """
  one, other = ops.cast(1.0, x.dtype), ops.cast(slope, x.dtype)
  return x * ops.where(x > 0, one, other)
