"""Pixel norm, and instance norm with style as one multiplication and one addition."""

from typing import Any, NamedTuple

from keras import ops

from privai_tf.generators.gradients import with_gradient

EPSILON = 1e-8
_ONE_PASS_FROM = 64


def pixel_norm(x, epsilon: float = EPSILON):
  """Divides by the root mean square over the last axis (PGGAN paper, section 4.2).

  Args:
    x: [..., C].
    epsilon: added to the mean square.

  Returns:
    [..., C].
  """
  return x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + epsilon)


class Styled(NamedTuple):
  """Features with a scale and a shift still to be applied: `values * scale + shift`.

  Applying them costs two passes over the memory, which the layer after the last one can do without.

  Attributes:
    values: [N, H, W, C].
    scale, shift: [N, 1, 1, C], or None for 1 and 0.
  """

  values: Any
  scale: Any
  shift: Any

  def applied(self):
    """[N, H, W, C]."""
    if self.scale is None:
      return self.values
    return self.values * self.scale + self.shift


def _spatial_mean(x):
  # Axis by axis: both faster and, by shorter sums, more exact than over both axes at once.
  return ops.mean(ops.mean(x, axis=2, keepdims=True), axis=1, keepdims=True)


def _moments(x):
  """Mean and biased variance over height and width: [N, 2, 1, C]."""
  mean = _spatial_mean(x)
  if x.shape[1] < _ONE_PASS_FROM:
    variance = _spatial_mean(ops.square(x - mean))
  else:
    # One pass instead of two. What it loses by cancellation is far below the sums' own rounding, as
    # means after a leaky ReLU are of the size of the deviation.
    variance = ops.maximum(_spatial_mean(ops.square(x)) - ops.square(mean), 0.0)
  return ops.concatenate([mean, variance], axis=1)


def _moments_gradient(x, moments, upstream):
  """Two passes over x instead of six."""
  # d mean / dx = 1 / n, d variance / dx = 2 (x - mean) / n; both in one factor and one summand.
  count = x.shape[1] * x.shape[2]
  slope = upstream[:, 1:] * (2.0 / count)
  return x * slope + (upstream[:, :1] / count - moments[:, :1] * slope)


def _spatial_moments(x):
  """Mean and biased variance over height and width, [N, 1, 1, C] each."""
  moments = with_gradient(_moments, _moments_gradient)(x)
  return moments[:, :1], moments[:, 1:]


def style_features(x, style=None, normalize: bool = True, epsilon: float = EPSILON) -> Styled:
  """Adaptive instance normalization (StyleGAN paper, equation 1): `norm(x) * (s0 + 1) + s1`.

  Args:
    x: [N, H, W, C].
    style: [N, 2 C], s0 then s1; None: only normalize.
    normalize: False: only apply the style.
    epsilon: added to the biased variance.

  Returns:
    `x` with one scale and one shift that do both.
  """
  channels = x.shape[-1]
  scale, shift = None, None
  if style is not None:
    style = ops.reshape(style, (-1, 2, 1, 1, channels))
    scale, shift = style[:, 0] + 1.0, style[:, 1]
  if normalize:
    mean, variance = _spatial_moments(x)
    inverse = ops.rsqrt(variance + epsilon)
    scale = inverse if scale is None else scale * inverse
    shift = -mean * scale if shift is None else shift - mean * scale
  return Styled(x, scale, shift)


def minibatch_deviation(x, group_size: int, features: int = 1, epsilon: float = EPSILON):
  """Appends how much the samples of a group differ (PGGAN paper, section 3).

  The samples of a group are interleaved in the batch: with 8 samples and groups of 4, one group is
  the samples 0, 2, 4, 6.

  Args:
    x: [N, H, W, C], N at most `group_size` or a multiple of it.
    group_size: samples in a group.
    features: channels to append, each from its share of the C channels.
    epsilon: added to the biased variance.

  Returns:
    [N, H, W, C + features].
  """
  height, width, channels = x.shape[1:]
  count = ops.shape(x)[0]
  static = isinstance(count, int)
  group = min(group_size, count) if static else ops.minimum(group_size, count)
  y = ops.reshape(x, (group, -1, height, width, features, channels // features))
  variance = ops.mean(ops.square(y - ops.mean(y, axis=0, keepdims=True)), axis=0)
  deviation = ops.mean(ops.sqrt(variance + epsilon), axis=(1, 2, 4))[:, None, None, :]
  return ops.concatenate([x, ops.tile(deviation, (group, height, width, 1))], axis=-1)
