"""Packages that only some commands need: told in one line before anything slow is done."""

import importlib.util

from privai_tf.errors import ConfigurationError


def require_packages(what: str, extra: str, *modules: str) -> None:
  """Refuses to go on without an extra's packages.

  Args:
    what: needs them, as the message calls it.
    extra: of this package's, for pip.
    modules: names under which the packages are imported; nothing is imported here.

  Raises:
    ConfigurationError: if one is missing.
  """
  missing = [module for module in modules if not _is_installed(module)]
  if missing:
    raise ConfigurationError(
      f"{what} needs {', '.join(missing)}, not installed here: pip install 'privai-tf[{extra}]'"
    )


def _is_installed(module: str) -> bool:
  try:
    return importlib.util.find_spec(module) is not None
  except ValueError:  # In `sys.modules` as something that cannot be imported.
    return False
