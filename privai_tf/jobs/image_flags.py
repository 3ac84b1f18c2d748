"""The main job's flags for scope "image". Imports nothing heavy."""

from collections.abc import Sequence
from typing import Any

from absl import flags

from privai_tf.runtime import command_help
from privai_tf.runtime.shared_flags import shared_flag

_COMPONENTS = shared_flag(
  "components",
  "Directions that scopes image and metric release or compare; default: 99% of the variance.",
)
_CODEBOOK_SIZE = shared_flag("codebook_size")
_SUBSET_SIZE = flags.DEFINE_integer(
  "subset_size",
  None,
  "How many of them, those that resemble the photo most, are likelier; default: what resembles best "
  "on generated faces.",
)
_RESEMBLE = flags.DEFINE_list(
  "resemble",
  [],
  "What subset_selection calls resemblance: weights of attributes and of the rest, such as "
  "age:3,gender:3,pose:1,rest:1; default: all directions alike.",
)

command_help.group("Scope image", ("components", "codebook_size", "subset_size", "resemble"))


def image_settings(advised: Sequence[str] = ()) -> dict[str, Any]:
  """Fields of a `PrivacySpec`.

  Args:
    advised: weights of resemblance where none were given, from a preset.
  """
  from privai_tf.privacy.resemblance import parse_weights

  resemble = _RESEMBLE.value if flags.FLAGS["resemble"].present else advised

  return {
    "components": _COMPONENTS.value,
    "codebook_size": _CODEBOOK_SIZE.value,
    "subset_size": _SUBSET_SIZE.value,
    "resemble": parse_weights(resemble),
  }
