"""Who is at the page: each visit has its own photo and folder, and both go when it ends."""

import contextlib
import dataclasses
import math
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from privai_tf.errors import InputError
from privai_tf.runtime.cache import cache_base
from privai_tf.runtime.folders import temporary_folder
from privai_tf.serving.gateway.tokens import Caller
from privai_tf.web.inverted import Inverted
from privai_tf.web.photos import Photo

_LOST_SECONDS = 120.0  # After which an upload that nobody fetched goes.
SAMPLES = "samples"


@dataclasses.dataclass(eq=False)
class Session:
  """One visit.

  Attributes:
    id: a secret; names the folder, so that nobody else can ask for its files.
    folder: for what the browser has to fetch as a file.
    caller: who signed in; None where nobody has to.
    photo: the photo, once there is one.
    face: number of the chosen face.
    sample: number of the sample portrait that the photo is; None for an upload.
    inverted: the face's code, once it is found.
    search: what stands for the search under way; None, or another one, ends it.
    released: the choices that were released of this photo.
    seen: when it last did something, on the monotonic clock.
  """

  id: str
  folder: Path
  caller: Caller | None = None
  photo: Photo | None = None
  face: int = 0
  sample: int | None = None
  inverted: Inverted | None = None
  search: object | None = None
  released: list = dataclasses.field(default_factory=list)
  seen: float = 0.0

  def forget(self) -> None:
    """Forgets the photo and removes its files."""
    self.photo = self.inverted = self.sample = self.search = None
    self.face, self.released = 0, []
    for path in self.folder.glob("*"):
      path.unlink(missing_ok=True)


class Sessions:
  """The visits under way, by what the page's server calls them; for many threads."""

  def __init__(self, root: Path, minutes: float):
    """Args: the private folder that the server keeps uploads in; minutes until one counts as left."""
    self._root, self._seconds = root, 60 * minutes
    self._lock = threading.Lock()
    self._open: dict[str, Session] = {}

  def open(self, key: str, caller: Caller | None = None) -> Session:
    """The session of a key, a new one if there is none."""
    with self._lock:
      if key not in self._open:
        name = secrets.token_hex(16)
        folder = self._root / name
        folder.mkdir(mode=0o700)
        self._open[key] = Session(name, folder, caller)
      session = self._open[key]
      session.seen = time.monotonic()
      return session

  def touch(self, session: Session) -> None:
    """Notes that somebody is there.

    Raises:
      InputError: if the session has ended: what it would keep now, nobody would remove.
    """
    with self._lock:
      if session not in self._open.values():
        raise InputError("This visit has ended, and its photo is forgotten; reload the page.")
      session.seen = time.monotonic()

  def idle_seconds(self) -> float:
    """How long nobody has done anything."""
    with self._lock:
      latest = max((one.seen for one in self._open.values()), default=-math.inf)
    return time.monotonic() - latest

  def close(self, key: str) -> None:
    """Ends one: nothing of it is left in memory or on the disk."""
    with self._lock:
      session = self._open.pop(key, None)
    if session is not None:
      session.forget()
      shutil.rmtree(session.folder, ignore_errors=True)

  def sweep(self) -> None:
    """Ends those that nobody came back to, and removes uploads that nobody fetched."""
    now = time.monotonic()
    with self._lock:
      left = [key for key, one in self._open.items() if now - one.seen > self._seconds]
      known = {one.folder.name for one in self._open.values()} | {SAMPLES}
    for key in left:
      self.close(key)
    for path in self._root.iterdir():
      with contextlib.suppress(OSError):
        if path.name not in known and time.time() - path.stat().st_mtime > _LOST_SECONDS:
          shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
  """A folder for this process, in the user's cache, that only the user can read; empty at its end."""
  parent = cache_base() / "web"
  parent.mkdir(mode=0o700, parents=True, exist_ok=True)
  with temporary_folder(parent) as folder:
    os.chmod(folder, 0o700)
    yield folder
