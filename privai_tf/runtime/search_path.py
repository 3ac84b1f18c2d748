"""Where names are looked for: checkpoints, boundaries and classifiers lie in folders of three places.

What a user makes (`python -m privai_tf.converters`, `train_boundary`) lies in the current folder, what serves
all of their projects in their data folder, and what comes with the package in it, or beside it in a checkout.
"""

import os
from collections.abc import Callable
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def search_path(kind: str) -> tuple[Path, ...]:
  """The folders in which names are looked for, the first first.

  Args:
    kind: "checkpoints" or "boundaries".

  Returns:
    `kind` in the current folder, in `$PRIVAI_DATA_DIR` (else `privai_tf` in the user's data folder)
    and with the package; each once.
  """
  data = os.environ.get("PRIVAI_DATA_DIR")
  base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
  shipped = _PACKAGE if (_PACKAGE / kind).is_dir() else _PACKAGE.parent
  bases = (Path.cwd(), Path(data) if data else Path(base) / "privai_tf", shipped)
  return tuple(dict.fromkeys(base / kind for base in bases))


def found(kind: str, name: str, wanted: Callable[[Path], bool]) -> Path | None:
  """The first place of a name; None if there is none.

  Args:
    kind: see `search_path`.
    name: relative, such as "avatars" or "avatars/smile_w_boundary.npy".
    wanted: whether a path is what is looked for.
  """
  return next((base / name for base in search_path(kind) if wanted(base / name)), None)


def names(kind: str, pattern: str) -> list[Path]:
  """What there is in all the places, relative to them, sorted, each once.

  Args:
    kind: see `search_path`.
    pattern: as of `Path.glob`.
  """
  return sorted(
    {path.relative_to(base) for base in search_path(kind) for path in base.glob(pattern)}
  )


def where_looked(kind: str) -> str:
  """The places, for messages."""
  return ", ".join(map(str, search_path(kind)))
