"""What each entry of a configuration must be.

Files come from anywhere: an impossible entry is to be named, not met as a crash later.
"""

import math
from collections.abc import Callable
from typing import Any


def is_integer(value: Any, least: int) -> bool:
  """Whether a value is an integer of at least `least`, and not a flag.

  Args:
    value: anything, as JSON holds it; 3.0 and True are no integers.
    least: the least that will do.
  """
  return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any, least: float = -math.inf) -> bool:
  number = isinstance(value, int | float) and not isinstance(value, bool)
  return number and math.isfinite(value) and value >= least


def _is_filter(value: Any) -> bool:
  return value is None or (
    isinstance(value, tuple) and len(value) % 2 == 1 and all(_is_number(tap) for tap in value)
  )


def _is_width(value: Any) -> bool:
  return is_integer(value, 1) and value <= 65536


def _are_widths(value: Any) -> bool:
  return isinstance(value, tuple) and len(value) <= 64 and all(map(_is_width, value))


def _are_taps(value: Any) -> bool:
  return (
    isinstance(value, tuple)
    and 1 <= len(value) <= 32
    and all(_is_number(tap) for tap in value)
    and sum(value) != 0
  )


_POSITIVE = ("a positive integer", lambda value: is_integer(value, 1))
_WIDTH = ("an integer from 1 to 65536", _is_width)
_WIDTH_OR_NONE = ("an integer from 1 to 65536, or null", lambda v: v is None or _is_width(v))
_LAYERS = ("an integer from 1 to 64", lambda value: is_integer(value, 1) and value <= 64)
_COUNT = ("0 or a positive integer", lambda value: is_integer(value, 0))
_SIZE = (
  "a power of two from 4 to 4096",
  lambda value: is_integer(value, 4) and value <= 4096 and not value & (value - 1),
)
_FLAG = ("true or false", lambda value: isinstance(value, bool))
_POSITIVE_NUMBER = ("a positive number", lambda value: _is_number(value, 0) and value > 0)
_NOT_NEGATIVE = ("a number, 0 or more", lambda value: _is_number(value, 0))
_NONLINEARITY = ('"lrelu" or "relu"', lambda value: value in ("lrelu", "relu"))
# Of each entry: what it must be, in words, and the test.
RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
  "resolution": _SIZE,
  "num_channels": _WIDTH,
  "label_size": _COUNT,
  "fmap_base": (
    "an integer from 1 to 2^40",
    lambda value: is_integer(value, 1) and value <= 1 << 40,
  ),
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
  "mapping_lrmul": _POSITIVE_NUMBER,
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
  # StyleGAN2.
  "channel_counts": ("a list of widths from 1 to 65536", _are_widths),
  "architecture": (
    '"orig", "skip", "resnet" or "progressive"',
    lambda value: value in ("orig", "skip", "resnet", "progressive"),
  ),
  "resample_filter": ("from 1 to 32 filter taps that do not sum to 0", _are_taps),
  "conv_clamp": (
    "a positive number or null",
    lambda value: value is None or (_is_number(value, 0) and value > 0),
  ),
  "normalize_labels": _FLAG,
  "label_fmaps": _WIDTH_OR_NONE,
  "const_size": _WIDTH_OR_NONE,
  "dense_size": _WIDTH_OR_NONE,
  "label_widths": ("a list of widths from 1 to 65536", _are_widths),
  "label_lrmul": _POSITIVE_NUMBER,
  # StyleGAN3.
  "layers": ("from 1 to 64 layers", lambda v: isinstance(v, tuple) and 1 <= len(v) <= 64),
  "input_channels": _WIDTH,
  "input_size": ("an integer from 1 to 8192", lambda v: is_integer(v, 1) and v <= 8192),
  "sampling_rate": _POSITIVE_NUMBER,
  "bandwidth": _NOT_NEGATIVE,
  "output_scale": ("a number", _is_number),
}
