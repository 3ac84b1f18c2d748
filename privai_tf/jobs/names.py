"""What outputs are called: a name that follows from the input alone, and one for where two meet."""

import hashlib
import os
import re
from pathlib import Path

from privai_tf.runtime.stores import StorePath

# Files of a run beside NAME.png and NAME.json; an input called so must not overwrite them.
_RESERVED = re.compile(r"run(-\d{5}-of-\d{5})?|report|comparison|readme")
_APART = re.compile(r".*~[0-9a-f]{8,64}")  # What `apart` gives.
_LONGEST = 180  # Bytes; file systems allow 255, what is appended included.


def plain_name(path: str | os.PathLike | StorePath, key: str) -> str:
  """What an input's outputs are called where no other's are: the file's stem.

  Args:
    path: the file, or what a record calls it; only its last part counts, for folders are private.
    key: the input's, see `inputs.Item`.

  Returns:
    Only what every file system, JSON and terminal takes; never empty, hidden, too long, or a name
    that `apart` could give to another input.
  """
  stem = Path(path.name if isinstance(path, StorePath) else path).stem
  safe = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in stem)
  safe = safe.lstrip(".").strip() or "unnamed"
  name = safe.encode()[:_LONGEST].decode(errors="ignore")
  if _RESERVED.fullmatch(name.casefold()):
    return f"{name}-picture"
  return apart(name, key) if _APART.fullmatch(name) else name


def apart(name: str, key: str, digits: int = 8) -> str:
  """A name that tells an input from others of the same plain name.

  Args:
    name: the plain name.
    key: the input's.
    digits: of the key's hash, 8 to 64.
  """
  digest = hashlib.sha256(key.encode()).hexdigest()[:digits]
  return f"{name}~{digest}"
