"""Files that others wrote: their readers are named here, so that networks know nothing of the originals.

`privai_tf/__init__.py` names them; one is imported when the first such file comes.
"""

import importlib
from collections.abc import Callable
from typing import Any

_PLACES: dict[str, str] = {}


def name_readers(module: str, *kinds: str) -> None:
  """Says who reads a kind of file.

  Args:
    module: where the reader is defined, as a function of the kind's own name.
    *kinds: what files hold, e.g. "network".
  """
  _PLACES.update(dict.fromkeys(kinds, module))


def foreign_reader(kind: str) -> Callable[..., Any]:
  """The function that reads files of a kind, see `privai_tf.converters.loading`."""
  return getattr(importlib.import_module(_PLACES[kind]), kind)
