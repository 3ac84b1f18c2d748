"""Advised settings by use, `--preset`: chosen by measurement, see docs/evidence.md.

| preset | for | sets |
|---|---|---|
| `attribute` | a face that stays the person's, one attribute hidden | scope attribute, `extremal`, decode sample |
| `likeness` | the same for photographs, searched until the person is found | scope attribute, `gaussian`, delta 1e-6, W+ |
| `stand-in` | one picture in place of another, nobody's face | scope image, `subset_selection`, all directions alike |
| `data-set` | many pictures whose age and gender are used | scope image, `subset_selection`, age and gender count three times |

`likeness` splits codes by the generator's own samples (`--public_codes=0`): a search of such length has no
codes of its own in less than a day. Its noise on the rest is Gaussian, for what `extremal` would take in
pure noise over the thousands of numbers of a W+ code is as large as the code: a face of coarse grain.

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
    delta: that the mechanism needs.
    latent_space: in which codes are searched; None: the checkpoint's own.
    public_codes: see `Job`; None: what there is.
  """

  scope: str
  mechanism: str
  decode: str | None = None
  resemble: tuple[str, ...] = ()
  delta: float = 0.0
  latent_space: str | None = None
  public_codes: int | None = None


PRESETS = {
  "attribute": Preset("attribute", "extremal", "sample"),
  "likeness": Preset(
    "attribute", "gaussian", "sample", delta=1e-6, latent_space="W+", public_codes=0
  ),
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
