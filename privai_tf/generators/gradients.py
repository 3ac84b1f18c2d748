"""Functions whose gradient is written down, because the one that is derived takes longer."""

from collections.abc import Callable
from typing import Any

from keras import ops


def with_gradient(
  function: Callable[[Any], Any], gradient: Callable[[Any, Any, Any], Any]
) -> Callable[[Any], Any]:
  """Gives a function of one tensor its gradient.

  Args:
    function: x -> y, both tensors. Weights that it uses get no gradient.
    gradient: called as `gradient(x, y, upstream)` with the gradient with respect to y; returns the
      one with respect to x.

  Returns:
    The function.
  """

  @ops.custom_gradient
  def known(x):
    y = function(x)

    def backward(*arguments, upstream=None):
      (upstream,) = arguments or (upstream,)
      return gradient(x, y, upstream)

    return y, backward

  return known


def linear(function: Callable[[Any], Any], adjoint: Callable[[Any], Any]) -> Callable[[Any], Any]:
  """A linear function, whose gradient is its adjoint, wherever it is taken.

  Args:
    function: x -> y.
    adjoint: from gradients with respect to y to those with respect to x.
  """
  return with_gradient(function, lambda x, y, upstream: adjoint(upstream))
