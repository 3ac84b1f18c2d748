"""Packages whose public names are imported on first use, so that importing them stays cheap."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(
  package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
  """The `__getattr__` and `__dir__` of a package (PEP 562).

  Args:
    package: the package's `__name__`.
    places: by public name, the module that defines it.

  Returns:
    The two functions; a name is kept in the package once it was imported.
  """

  def get(name: str) -> Any:
    if name not in places:
      raise AttributeError(f"module '{package}' has no attribute '{name}'")
    value = getattr(importlib.import_module(places[name]), name)
    setattr(sys.modules[package], name, value)
    return value

  def names() -> list[str]:
    return sorted({*places, *vars(sys.modules[package])})

  return get, names
