"""The mechanisms, one a file: a module here that defines a `Mechanism` is all it takes to add one."""

import functools
import importlib
import inspect
import pkgutil

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.mechanisms.base import Mechanism, Parameters

__all__ = [
  "Mechanism",
  "Parameters",
  "default_decode",
  "default_mechanism",
  "make_mechanism",
  "mechanism_class",
  "mechanism_names",
]

# Of each scope, the one that leaves most of the picture.
_DEFAULTS = {"attribute": "extremal", "image": "subset_selection", "metric": "metric_laplace"}


@functools.cache
def _registry() -> dict[str, type[Mechanism]]:
  found = {}
  for module_info in pkgutil.iter_modules(__path__):
    module = importlib.import_module(f"{__name__}.{module_info.name}")
    for _, member in inspect.getmembers(module, inspect.isclass):
      ours = issubclass(member, Mechanism) and member.__module__ == module.__name__
      if ours and not inspect.isabstract(member):
        found[member.name] = member
  return dict(sorted(found.items()))


def mechanism_names() -> tuple[str, ...]:
  """Names of all mechanisms, sorted."""
  return tuple(_registry())


def default_mechanism(scope: str) -> str:
  """The mechanism of a command that names none."""
  return _DEFAULTS[scope]


def default_decode(mechanism: str) -> str:
  """What is made of its outputs where nothing is said: faces as they are, not the average ones."""
  return "sample" if mechanism_class(mechanism).needs_samples else "raw"


def mechanism_class(name: str) -> type[Mechanism]:
  """The class of a mechanism.

  Raises:
    ConfigurationError: for an unknown name.
  """
  try:
    return _registry()[name]
  except (KeyError, TypeError):
    raise ConfigurationError(
      f"Unknown mechanism {name!r}: use one of {', '.join(mechanism_names())}."
    ) from None


def make_mechanism(name: str, **parameters) -> Mechanism:
  """A calibrated mechanism.

  Args:
    name: one of `mechanism_names()`.
    **parameters: those of `Parameters`.

  Raises:
    ConfigurationError: if the mechanism cannot do what is asked.
  """
  return mechanism_class(name)(Parameters(**parameters))
