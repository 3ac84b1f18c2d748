"""`run.json`: what the files of codes beside it are, which their shapes do not tell.

`{"checkpoint": {"sha256": ...}, "codes": {FILE: SPACE}}`, and whatever its writer adds. Z and W codes
have one shape, and codes mean nothing to another network than their own.
"""

import os
from pathlib import Path
from typing import Any

from privai_tf.errors import InputError, LatentSpaceError
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown

RECORD = "run.json"
ANY_CODES = "*.npy"  # In place of a file's name: every file of codes there.


def read_record(folder: str | os.PathLike) -> dict[str, Any] | None:
  """The record of a folder; None if there is none, or it is another command's."""
  path = Path(folder) / RECORD
  if not outside.exists(path):
    return None
  record = outside.read_json(path, InputError, "restore it, or move the codes")
  known = isinstance(record, dict) and isinstance(record.get("codes"), dict)
  return record if known else None


def require_stated_space(path: str | os.PathLike, latent_space: str, generator: Any = None) -> bool:
  """Refuses a file of codes whose folder says that it is for something else.

  Z and W codes have one shape: only the record beside them can tell them apart.

  Args:
    path: an `.npy` file of codes.
    latent_space: what they are to be used as.
    generator: what they are to be used with; None checks the space alone.

  Returns:
    Whether the record says anything of the file; then it is what it is used as.

  Raises:
    LatentSpaceError: naming the spaces, or that the checkpoint is another.
  """
  path = Path(path)
  record = read_record(path.parent)
  codes = record["codes"] if record else {}
  stated = codes.get(path.name, codes.get(ANY_CODES))
  if stated is None:
    return False
  if stated != latent_space:
    raise LatentSpaceError(
      f"{shown(path)} holds {stated} codes ({RECORD} beside it says so), not {latent_space}; use "
      f"--latent_space={stated} and what belongs to it."
    )
  made_by = record.get("checkpoint", {}).get("sha256")
  if generator is not None and made_by not in (None, generator.fingerprint):
    raise LatentSpaceError(
      f"{shown(path)} was made with another checkpoint ({RECORD} beside it says so); use that one: "
      "codes mean nothing to any other network."
    )
  return True
