"""What each entry of a configuration must be.

Files come from anywhere: an impossible entry is to be named, not met as a crash later.
"""

import math
from collections.abc import Callable
from typing import Any


def is_integer(value: Any, least: int) -> bool:
  """Whether a value is an integer of at least `least`, and not a flag."""
  return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any, least: float = -math.inf) -> bool:
  number = isinstance(value, int | float) and not isinstance(value, bool)
  return number and math.isfinite(value) and value >= least


def _is_filter(value: Any) -> bool:
  return value is None or (
    isinstance(value, tuple) and len(value) % 2 == 1 and all(_is_number(tap) for tap in value)
  )


def _are_widths(value: Any) -> bool:
  return isinstance(value, tuple) and all(
    is_integer(width, 1) and width <= 65536 for width in value
  )


_POSITIVE = ("a positive integer", lambda value: is_integer(value, 1))
_WIDTH = ("an integer from 1 to 65536", lambda value: is_integer(value, 1) and value <= 65536)
_LAYERS = ("an integer from 1 to 64", lambda value: is_integer(value, 1) and value <= 64)
_COUNT = ("0 or a positive integer", lambda value: is_integer(value, 0))
_SIZE = (
  "a power of two from 4 to 4096",
  lambda value: is_integer(value, 4) and value <= 4096 and not value & (value - 1),
)
_FLAG = ("true or false", lambda value: isinstance(value, bool))
_NOT_NEGATIVE = ("a number, 0 or more", lambda value: _is_number(value, 0))
_NONLINEARITY = ('"lrelu" or "relu"', lambda value: value in ("lrelu", "relu"))
# Of each entry: what it must be, in words, and the test.
RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
  "resolution": _SIZE,
  "num_channels": _WIDTH,
  "label_size": _COUNT,
  "fmap_base": _POSITIVE,
  "fmap_decay": ("a number from 0 to 10", lambda value: _is_number(value, 0) and value <= 10),
  "fmap_max": _WIDTH,
  "fmaps": ("a list of integers from 1 to 65536", _are_widths),
  "use_wscale": _FLAG,
  "fused_scale": ('true, false or "auto"', lambda value: value in (True, False, "auto")),
  "lod": ("a number from 0 to 16", lambda value: _is_number(value, 0) and value <= 16),
  "latent_size": _WIDTH,
  "dlatent_size": _WIDTH,
  "mapping_layers": _LAYERS,
  "mapping_fmaps": _WIDTH,
  "mapping_lrmul": ("a positive number", lambda value: _is_number(value, 0) and value > 0),
  "mapping_nonlinearity": _NONLINEARITY,
  "nonlinearity": _NONLINEARITY,
  "normalize_latents": _FLAG,
  "use_styles": _FLAG,
  "use_noise": _FLAG,
  "use_instance_norm": _FLAG,
  "use_pixel_norm": _FLAG,
  "use_pixelnorm": _FLAG,
  "use_leakyrelu": _FLAG,
  "pixelnorm_epsilon": _NOT_NEGATIVE,
  "blur_filter": ("an odd number of filter taps, or null", _is_filter),
  "truncation_psi": ("a number or null", lambda value: value is None or _is_number(value)),
  "truncation_cutoff": (
    "an integer or null",
    lambda value: value is None or is_integer(value, -1),
  ),
  "mbstd_group_size": _COUNT,
  "mbstd_num_features": _POSITIVE,
}
