"""The flags of an inversion, made from the fields of `InversionSpec`. Imports nothing heavy."""

import dataclasses
import inspect
import re
import textwrap
from typing import Any

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.inversion import spec as specification
from privai_tf.inversion.spec import InversionSpec
from privai_tf.runtime import command_help
from privai_tf.runtime.devices import STRATEGIES
from privai_tf.runtime.jit import JIT_MODES
from privai_tf.runtime.precision import PRECISIONS

# A command that calls `define` is the one whose --help shows the flags.
flags.disclaim_key_flags()

_CHOICES = {
  "latent_space": specification.LATENT_SPACES,
  "optimizer": specification.OPTIMIZERS,
  "perceptual": specification.PERCEPTUAL_MODES,
  "colour_goal": specification.COLOUR_GOALS,
  "noise": ("fixed", "none"),
  "recompute": specification.RECOMPUTE_MODES,
  "precision": PRECISIONS,
  "strategy": STRATEGIES,
  "jit": JIT_MODES,
}
_DEFINERS = {
  "int": flags.DEFINE_integer,
  "float": flags.DEFINE_float,
  "bool": flags.DEFINE_bool,
  "str": flags.DEFINE_string,
}
_defined: dict[str, flags.FlagHolder] = {}


def define(*, without: tuple[str, ...] = ()) -> None:
  """Defines a flag for each field of `InversionSpec`; a command calls it at module level.

  Args:
    without: fields that the command has no flag for, or one of another meaning.
  """
  described = _descriptions()
  for field in dataclasses.fields(InversionSpec):
    if field.name not in without:
      _defined[field.name] = _define(field, described[field.name])
  command_help.group("How codes are found in photos", _defined)


def spec_from_flags(**given: Any) -> InversionSpec:
  """The specification that the defined flags ask for.

  Args:
    **given: fields that no flag decides.

  Raises:
    ConfigurationError: if a value is out of range, or values contradict one another.
  """
  values = {name: holder.value for name, holder in _defined.items()}
  if "layer_weights" in values:
    values["layer_weights"] = _numbers("layer_weights", values["layer_weights"])
  return InversionSpec(**values | given)


def _define(field: dataclasses.Field, words: str) -> flags.FlagHolder:
  if field.name in _CHOICES:
    return flags.DEFINE_enum(field.name, field.default, list(_CHOICES[field.name]), words)
  kind = str(getattr(field.type, "__name__", field.type)).split(" | ")[0]
  if kind in _DEFINERS:
    return _DEFINERS[kind](field.name, field.default, words)
  return flags.DEFINE_list(field.name, [f"{value:g}" for value in field.default], words)


def _descriptions() -> dict[str, str]:
  """What the docstring says of each field, a sentence's beginning in capitals."""
  text = inspect.cleandoc(InversionSpec.__doc__).split("Attributes:\n")[1]
  entries = re.split(r"^(\w+): ", textwrap.dedent(text), flags=re.MULTILINE)
  texts = (" ".join(entry.split()).replace("`", "") for entry in entries[2::2])
  return {
    name: words[:1].upper() + words[1:] for name, words in zip(entries[1::2], texts, strict=True)
  }


def _numbers(name: str, texts: list[str]) -> tuple[float, ...]:
  try:
    return tuple(float(text) for text in texts)
  except ValueError:
    raise ConfigurationError(
      f"--{name}={','.join(texts)}: give numbers separated by commas."
    ) from None
