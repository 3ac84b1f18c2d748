"""Arrays with a companion: the file of numbers, and a `.json` of the same stem for all the rest."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from privai_tf.errors import InputError
from privai_tf.runtime.files import shown, write_bytes, write_json


def write_with_companion(
  path: str | os.PathLike,
  kind: str,
  suffix: str,
  save: Callable[[BinaryIO], None],
  companion: dict[str, Any],
) -> Path:
  """Writes both files, each whole or not at all.

  Args:
    path: of the array.
    kind: what messages call such files.
    suffix: what `path` must end in.
    save: writes the array.
    companion: JSON values.

  Returns:
    The path.

  Raises:
    InputError: if `path` ends otherwise.
    OutputError: if a file cannot be written.
  """
  path = Path(path)
  if path.suffix != suffix:
    raise InputError(f"{shown(path)} does not end in {suffix}: {kind} are {suffix} files.")
  buffer = io.BytesIO()
  save(buffer)
  write_bytes(path, buffer.getvalue())
  write_json(path.with_suffix(".json"), companion)
  return path
