"""What is built on a store's requests: several objects, conditions that are kept, files put in place."""

import contextlib
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.runtime import stores
from privai_tf.runtime.stores import StorePath

_TOGETHER = 256


def require_conditions(folder: StorePath) -> None:
  """Refuses a store that does not keep to `If-None-Match`: two writers could both win there.

  Raises:
    ConfigurationError: then.
    OutputError: if it cannot be written.
  """
  stores.require_writable(folder)
  probe = folder / f".probe-{secrets.token_hex(8)}"
  try:
    if not stores.create(probe, b"first") or stores.create(probe, b"second"):
      raise ConfigurationError(
        f"{folder}: this store lets two writers create one object (no If-None-Match), so that a job could "
        "publish two draws; use one that has conditional writes, or mount it and name the folder"
      )
  finally:
    probe.unlink()


def matching(pattern: StorePath) -> list[StorePath]:
  """The objects whose names are like a glob's pattern, sorted."""
  protocol = pattern.url.partition("://")[0]
  with stores.told(pattern):
    found = stores.system_of(pattern.url).glob(pattern.url, detail=True)
  names = (name for name, facts in found.items() if facts["type"] == "file")
  return sorted(StorePath(f"{protocol}://{name.lstrip('/')}") for name in names)


def remove_below(folder: StorePath) -> None:
  """Removes all objects below."""
  with stores.told(folder), contextlib.suppress(FileNotFoundError):
    stores.system_of(folder.url).rm(folder.url, recursive=True)


def read_many(paths: Iterable[StorePath]) -> Iterator[bytes | Exception]:
  """Whole objects, some hundred requests at a time; what went wrong with one is given in its place."""
  waiting = list(paths)
  for start in range(0, len(waiting), _TOGETHER):
    some = [path.url for path in waiting[start : start + _TOGETHER]]
    with stores.told(waiting[start]):
      system = stores.system_of(some[0])
      found = system.cat(some, on_error="return")
      yield from (found[system._strip_protocol(url)] for url in some)


@contextlib.contextmanager
def uploaded(path: StorePath) -> Iterator[Path]:
  """A temporary file whose bytes are put in place when the block ends well."""
  with tempfile.TemporaryDirectory(prefix="privai-") as folder:
    temporary = Path(folder) / "object"
    temporary.touch(mode=0o600)
    yield temporary
    stores.put(path, temporary.read_bytes())


def put_once(path: StorePath, data: bytes) -> None:
  """Creates an object; one that is there is never exchanged for other bytes.

  Raises:
    OutputError: it holds other bytes.
  """
  if not stores.create(path, data):
    raise OutputError(f"{path}: holds something else; move it away, or choose another place.")
