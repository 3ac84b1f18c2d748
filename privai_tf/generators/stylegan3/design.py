"""The paper's own networks (sections 3.2 and C): which sampling rate, size and width each layer has.

Files state all of that; this is for networks without a file, which tests and benchmarks make.
"""

from typing import Any

import numpy as np

from privai_tf.generators.stylegan3.config import StyleGAN3Config
from privai_tf.generators.stylegan3.geometry import LayerGeometry

_FIRST_CUTOFF, _FIRST_STOPBAND, _LAST_STOPBAND = 2.0, 2.0**2.1, 2.0**0.3
_MARGIN, _TAPS, _NONLINEAR_UP = 10, 6, 2


def designed(
  resolution: int,
  *,
  radial: bool = False,
  num_layers: int = 14,
  num_critical: int = 2,
  channel_base: int | None = None,
  channel_max: int | None = None,
  num_channels: int = 3,
  **settings: Any,
) -> StyleGAN3Config:
  """A configuration as the paper designs it.

  Args:
    resolution: R.
    radial: StyleGAN3-R, whose features may turn as well: 1 x 1 kernels and radial filters.
    num_layers: synthesis layers before the one that makes colours.
    num_critical: of these, the last ones that keep all frequencies their sampling rate can hold.
    channel_base, channel_max: a layer has `channel_base / 2` channels over its highest frequency, at most
      `channel_max`; None: 32768 and 512, twice that with `radial`.
    num_channels: colour channels.
    **settings: further fields of the configuration.
  """
  base = channel_base or (65536 if radial else 32768)
  most = channel_max or (1024 if radial else 512)
  steps = np.minimum(np.arange(num_layers + 1) / (num_layers - num_critical), 1)
  # Cutoffs and stopbands grow geometrically, up to the first critical layer (section 3.2).
  cutoffs = _FIRST_CUTOFF * (resolution / 2 / _FIRST_CUTOFF) ** steps
  last_stopband = resolution / 2 * _LAST_STOPBAND
  stopbands = _FIRST_STOPBAND * (last_stopband / _FIRST_STOPBAND) ** steps
  # The least power of two that holds the stopband, at most the resolution.
  rates = np.exp2(np.ceil(np.log2(np.minimum(2 * stopbands, resolution)))).astype(int)
  sizes = rates + 2 * _MARGIN
  sizes[-2:] = resolution
  channels = np.rint(np.minimum(base / 2 / cutoffs, most)).astype(int)
  channels[-1] = num_channels
  layers = []
  for index in range(num_layers):
    before, critical = max(index - 1, 0), index >= num_layers - num_critical
    middle = int(max(rates[before], rates[index])) * _NONLINEAR_UP
    layers.append(
      _layer(
        int(channels[index]),
        int(sizes[before]),
        int(sizes[index]),
        kernel=1 if radial else 3,
        up=middle // int(rates[before]),
        down=middle // int(rates[index]),
        radial=radial and not critical,
      )
    )
  layers.append(LayerGeometry(outputs=num_channels, size=resolution))
  return StyleGAN3Config(
    resolution=resolution,
    num_channels=num_channels,
    layers=tuple(layers),
    input_channels=int(channels[0]),
    input_size=int(sizes[0]),
    sampling_rate=float(rates[0]),
    bandwidth=float(cutoffs[0]),
    **settings,
  )


def _layer(
  outputs: int, before: int, size: int, *, kernel: int, up: int, down: int, radial: bool
) -> LayerGeometry:
  """A layer whose result lies in the middle of what it could be."""
  up_taps, down_taps = (_TAPS * factor if factor > 1 else 0 for factor in (up, down))
  needed = (size - 1) * down + 1 + max(up_taps - 1, 0) + max(down_taps - 1, 0)
  total = needed - (before + kernel - 1) * up
  first = (total + up) // 2
  return LayerGeometry(
    outputs=outputs,
    size=size,
    kernel=kernel,
    up=up,
    down=down,
    up_taps=up_taps,
    down_taps=down_taps,
    radial=radial,
    padding=(first, total - first),
  )
