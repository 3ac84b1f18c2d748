"""Checkpoints of a store, by URL: copied once into this user's cache, and looked at before each use.

A copy lies in `$PRIVAI_CACHE_DIR/fetched/HASH-OF-THE-URL/NAME`, private, beside a record of what the store
said of each file and of each file's SHA-256. It is used while the store says the same and the bytes
are still those; else it is fetched anew, and the old one removed: one copy a URL is kept.
"""

import contextlib
import functools
import hashlib
import json
import os
import shutil
from pathlib import Path, PurePosixPath

from privai_tf.errors import CheckpointError
from privai_tf.runtime import outside, stores
from privai_tf.runtime.cache import cache_base
from privai_tf.runtime.files import make_private_folder, write_json
from privai_tf.runtime.folders import alone_in, temporary_folder
from privai_tf.runtime.stores import StorePath

_RECORD = "record.json"
_MOST_FILES = 1000
_MOST_BYTES = 64 << 30


@functools.lru_cache(maxsize=16)
def fetched(url: str) -> Path:
  """The local copy of an object, or of all objects below a name; looked at once a process.

  Raises:
    CheckpointError: there is none, it is larger than any checkpoint, or changes while it is fetched.
    OutputError: the store or the cache cannot be used.
  """
  source = stores.place(url)
  listed = _listed(source)
  base = make_private_folder(cache_base() / "fetched")
  folder = base / hashlib.sha256(source.url.encode()).hexdigest()[:16]
  with alone_in(base):
    if not _is_current(folder, source.name, listed):
      with temporary_folder(base) as temporary:
        _fetch(source, listed, temporary)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
  return folder / source.name


def _listed(source: StorePath) -> dict[str, list]:
  """Size and stamp of every object, by its path under the URL; "" is the URL's own object."""
  facts = {"": stores.facts_of(source)} if source.is_file() else stores.files_below(source)
  if not facts:
    raise CheckpointError(f"Checkpoint {source} does not exist; check the URL.")
  sizes = sum(one.get("size") or 0 for one in facts.values())
  if len(facts) > _MOST_FILES or sizes > _MOST_BYTES:
    raise CheckpointError(
      f"Checkpoint {source}: {len(facts):,} objects of {sizes:,} bytes are more than any checkpoint "
      f"({_MOST_FILES:,}, {_MOST_BYTES:,}); name its own folder."
    )
  for name in facts:
    if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute() or "\\" in name:
      raise CheckpointError(f"Checkpoint {source}: holds {name!r}, no name of a file; rename it.")
  return {name: [one.get("size"), stores.stamp_of(one)] for name, one in facts.items()}


def _fetch(source: StorePath, listed: dict[str, list], folder: Path) -> None:
  digests = {}
  for name, (size, _) in listed.items():
    path = folder / source.name / name if name else folder / source.name
    path.parent.mkdir(parents=True, exist_ok=True)
    one = source / name if name else source
    with outside.opened(one, CheckpointError) as file, open(path, "wb") as copy:
      shutil.copyfileobj(file, copy)
    if path.stat().st_size != size:
      raise CheckpointError(f"{source}/{name}: has other bytes than were listed; try again.")
    digests[name] = _digest(path)
  if _listed(source) != listed:
    raise CheckpointError(f"Checkpoint {source} changed while it was fetched; try again.")
  write_json(folder / _RECORD, {"url": source.url, "listed": listed, "sha256": digests})


def _is_current(folder: Path, name: str, listed: dict[str, list]) -> bool:
  with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
    record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    # A store that tells nothing but sizes could have changed unseen.
    told = all(stamp for _, stamp in listed.values())
    return (
      told
      and record["listed"] == listed
      and all(
        _digest(folder / name / file if file else folder / name) == digest
        for file, digest in record["sha256"].items()
      )
    )
  return False


def _digest(path: Path) -> str:
  with open(path, "rb") as file:
    return hashlib.file_digest(file, "sha256").hexdigest()
