"""Advised settings by use, `--preset`: chosen by measurement, see docs/evidence.md.

| preset | for | sets |
|---|---|---|
| `attribute` | a face that stays the person's, one attribute hidden | scope attribute, `extremal`, decode sample |
| `stand-in` | one picture in place of another, nobody's face | scope image, `subset_selection`, all directions alike |
| `data-set` | many pictures whose age and gender are used | scope image, `subset_selection`, age and gender count three times |

A flag that was given wins over its preset. Nothing here is private: a preset is a public choice.
"""

import dataclasses

from privai_tf.errors import ConfigurationError


@dataclasses.dataclass(frozen=True)
class Preset:
  """Flags' values where they were not given.

  Attributes:
    scope: what is protected; a preset is for one scope only.
    mechanism: how.
    decode: what is published of a noisy coordinate; None: the mechanism's default.
    resemble: weights of a stand-in's resemblance, as the flag takes them.
  """

  scope: str
  mechanism: str
  decode: str | None = None
  resemble: tuple[str, ...] = ()


PRESETS = {
  "attribute": Preset("attribute", "extremal", "sample"),
  "stand-in": Preset("image", "subset_selection"),
  "data-set": Preset("image", "subset_selection", resemble=("age:3", "gender:3")),
}


def check_preset(name: str, scope: str | None, mechanism: str | None, resemble: bool) -> None:
  """Refuses flags that contradict a preset.

  Args:
    name: of the preset.
    scope, mechanism: as given by flags; None: not given.
    resemble: whether weights were given.

  Raises:
    ConfigurationError: naming both.
  """
  preset = PRESETS[name]
  if scope is not None and scope != preset.scope:
    raise ConfigurationError(
      f"--preset={name} is for scope {preset.scope}, and --scope={scope} is given; leave one of them out"
    )
  if mechanism not in (None, preset.mechanism) and preset.resemble and not resemble:
    raise ConfigurationError(
      f"--preset={name} weighs what a stand-in of {preset.mechanism} resembles, and "
      f"--mechanism={mechanism} is given; leave one of them out"
    )
