"""A network that draws at twice the size what a smaller one draws, as the start of its training.

Without instance norm a picture can pass through a new block unharmed: a number u travels as the
pair (u, -u), of which `u = (lrelu(u) - lrelu(-u)) / 1.2`. So the larger network starts with the
smaller one's picture, enlarged, instead of noise; its other channels are free to add to that.
"""

import numpy as np

_COLOURS, _SLOPE_SUM = 3, 1.2


def grown(small, large) -> dict[str, np.ndarray]:
  """Weights of the larger network.

  Args:
    small: a `SynthesisNetwork` without instance norm, trained.
    large: that of twice the resolution, with at least six channels there, as it was initialized.

  Returns:
    By name; the smaller network's own weights are among them.
  """
  weights = {n: np.asarray(v).copy() for n, v in large.named_variables().items()}
  weights |= {n: np.asarray(v) for n, v in small.named_variables().items()}
  resolution = large.config.resolution
  block = f"synthesis/{resolution}x{resolution}"
  first, second = large.convolutions[-2:]
  shown, last = small.to_rgb[str(resolution // 2)], large.to_rgb[str(resolution)]
  pair = np.concatenate([np.eye(_COLOURS), -np.eye(_COLOURS)], axis=1)  # [3, 6]
  join = pair.T / _SLOPE_SUM
  carried = pair.shape[1]

  kernel = np.asarray(shown.weight)[0, 0] * shown.factor
  weight = weights[f"{block}/conv0/weight"]
  weight[..., :carried] = 0
  weight[1, 1, :, :carried] = kernel @ pair / first.factor
  weights[f"{block}/conv0/bias"][:carried] = np.asarray(shown.bias) @ pair

  weight = weights[f"{block}/conv1/weight"]
  weight[..., :carried] = 0
  weight[1, 1, :carried, :carried] = join @ pair / second.factor
  weight = weights[f"{last.prefix}/weight"]
  weight[:] = 0
  weight[0, 0, :carried] = join / last.factor
  for name in ("conv0", "conv1"):
    style = weights[f"{block}/{name}/style/weight"]
    channels = style.shape[1] // 2
    style[:, :carried] = style[:, channels : channels + carried] = 0
  return weights
