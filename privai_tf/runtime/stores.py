"""Objects of stores, by URL (s3://, gs://, az://): read whole, written whole, created once. The door to fsspec.

An object store has no folders, renames or locks, but keeps an object whole or not at all, and can
create one only if there is none (`If-None-Match: *`, Google's `ifGenerationMatch=0`). What files get from renames and locks, objects
get from these two. fsspec and a protocol's package are imported when a URL is used, and not before.
"""

import contextlib
import dataclasses
import errno
import fnmatch
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.runtime.extras import require_packages

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
# Stores that put a new object in place in one go; elsewhere a killed writer could leave half of one.
_WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
_GOOGLE = ("gs", "gcs")
_ONE_PUT = 5 << 30  # Bytes that S3 takes in one request, so that no upload is left in parts.
# How a client is told to take one request: in an upload of parts not every server keeps to the condition
# (fake-gcs-server). gcsfs ends each object where its bytes hold a line of its own: checksums tell.
_IN_ONE = {
  **{protocol: {"chunksize": _ONE_PUT} for protocol in ("s3", "s3a")},
  **{protocol: {"chunksize": _ONE_PUT, "consistency": "md5"} for protocol in _GOOGLE},
}


def is_url(text: object) -> bool:
  """Whether something is the URL of a store's object, and no path."""
  return isinstance(text, str) and _URL.match(text) is not None


@dataclasses.dataclass(frozen=True, order=True)
class StorePath:
  """An object, or what the names of several begin with; used as a `pathlib.Path` is.

  It is no `os.PathLike`: what only knows files must not take it for one.

  Attributes:
    url: without a slash at its end.
  """

  url: str

  def __str__(self) -> str:
    return self.url

  def __truediv__(self, name: str) -> "StorePath":
    return StorePath(f"{self.url}/{name}")

  @property
  def name(self) -> str:
    """What follows the last slash."""
    return self.url.rpartition("/")[2]

  @property
  def stem(self) -> str:
    """The name without its extension."""
    return PurePosixPath(self.name).stem

  @property
  def suffix(self) -> str:
    """The name's extension."""
    return PurePosixPath(self.name).suffix

  @property
  def parent(self) -> "StorePath":
    """What comes before the last slash."""
    return StorePath(self.url.rpartition("/")[0])

  def resolve(self) -> "StorePath":
    """Itself: stores have no links."""
    return self

  def is_file(self) -> bool:
    """Whether there is such an object."""
    return _asked(self, "isfile")

  def is_dir(self) -> bool:
    """Whether any object's name begins with this and a slash."""
    return _asked(self, "isdir")

  def exists(self) -> bool:
    """Whether it is either."""
    return _asked(self, "exists")

  def iterdir(self) -> Iterator["StorePath"]:
    """What is directly below, sorted; nothing where there is nothing."""
    return (self / name.rstrip("/") for name in names_in(self))

  def glob(self, pattern: str) -> Iterator["StorePath"]:
    """What is directly below and is called like the pattern, sorted."""
    return (path for path in self.iterdir() if fnmatch.fnmatchcase(path.name, pattern))

  def read_bytes(self) -> bytes:
    """The whole object."""
    return read(self)

  def read_text(self, encoding: str = "utf-8") -> str:
    """The whole object as text."""
    return read(self).decode(encoding)

  def unlink(self, missing_ok: bool = True) -> None:
    """Removes the object; that there is none is no error."""
    with told(self), contextlib.suppress(FileNotFoundError):
      system_of(self.url).rm_file(self.url)


def place(text: str) -> Path | StorePath:
  """What a flag names: a file's path, or an object's URL.

  Raises:
    ConfigurationError: the URL holds a password, chains or letters that no name has.
  """
  if not is_url(text):
    return Path(text)
  rest = text.partition("://")[2]
  if "@" in rest.partition("/")[0]:
    raise ConfigurationError(
      f"{text.partition('://')[0]}://***: holds a name and password, which would be recorded; give them by "
      "the environment (AWS_ACCESS_KEY_ID and so on; an Azure account by AZURE_STORAGE_ACCOUNT_NAME, the "
      "container alone as az://CONTAINER/FOLDER)"
    )
  if "::" in text or not text.isprintable() or not rest.strip("/") or text.startswith("file:"):
    raise ConfigurationError(f"{text!r} is no URL of a store, such as s3://BUCKET/FOLDER; mend it")
  return StorePath(text.rstrip("/"))


def system_of(url: str) -> Any:
  """fsspec's file system of a URL; without its cache of listings, since others write there too.

  Raises:
    ConfigurationError: if fsspec or the protocol's package is missing, or there is no such protocol.
  """
  protocol = _protocol(url)
  require_packages(f"{protocol}://", "cloud", "fsspec")
  import fsspec

  try:
    kind = fsspec.get_filesystem_class(protocol)
    if protocol in _GOOGLE:
      # What gcsfs extends it by writes to zonal buckets in pieces that others see, and over what is there.
      from gcsfs.core import GCSFileSystem as kind
    return kind(use_listings_cache=False)
  except ImportError as error:
    raise ConfigurationError(
      f"{url}: {' '.join(str(error).split())}: pip install 'privai-tf[cloud]' for s3://, the named package "
      "for others"
    ) from error
  except ValueError as error:
    raise ConfigurationError(
      f"{url}: {protocol}:// is no protocol that fsspec knows; use s3:// or gs://, or mount it"
    ) from error


def _protocol(url: str) -> str:
  return _URL.match(url)[1].lower()


@contextlib.contextmanager
def told(path: StorePath) -> Iterator[None]:
  """A store's and its client's errors in one line each; that there is, or is not, an object passes.

  Raises:
    OutputError: naming the object.
  """
  try:
    yield
  except (FileNotFoundError, FileExistsError, ConfigurationError, OutputError):
    raise
  except Exception as error:  # Each protocol's client has its own kinds.
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    raise OutputError(
      f"{path}: the store cannot be used ({reason}); check its address, the credentials and what they "
      "allow, then run again."
    ) from error


def _asked(path: StorePath, question: str) -> bool:
  with told(path):
    return getattr(system_of(path.url), question)(path.url)


def require_writable(path: StorePath) -> None:
  """Refuses a store that a killed writer could leave half an object in.

  Raises:
    ConfigurationError: then.
  """
  protocol = _protocol(path.url)
  if protocol not in _WHOLE:
    raise ConfigurationError(
      f"{path}: only read by URL, since {protocol}:// does not put whole objects in place; write to "
      "s3://, gs:// or az://, or to a disk, and copy the folder when the job is complete"
    )


def names_in(folder: StorePath) -> list[str]:
  """Of what is directly below, sorted; those of folders end with a slash."""
  with told(folder):
    system = system_of(folder.url)
    own = system._strip_protocol(folder.url).rstrip("/")
    try:
      found = system.ls(folder.url, detail=True)
    except FileNotFoundError:
      return []
  return sorted(
    entry["name"].rstrip("/").rpartition("/")[2] + "/" * (entry["type"] == "directory")
    for entry in found
    if entry["name"].rstrip("/") != own
  )


def files_below(folder: StorePath) -> dict[str, dict]:
  """All objects below, by what follows the folder's name: what the store says of each."""
  with told(folder):
    system = system_of(folder.url)
    found = system.find(folder.url, detail=True)
    root = system._strip_protocol(folder.url).rstrip("/") + "/"
  return {name.removeprefix(root): facts for name, facts in sorted(found.items())}


def facts_of(path: StorePath) -> dict:
  """What the store says of an object: "size", and its own words; raises FileNotFoundError."""
  with told(path):
    return system_of(path.url).info(path.url)


def stamp_of(facts: dict) -> str:
  """What changes whenever an object's bytes do; "" where the store tells nothing such."""
  tag = facts.get("ETag") or facts.get("etag") or facts.get("md5Hash") or ""
  return f"{facts.get('size')}-{str(tag).strip(chr(34))}" if tag else ""


def read(path: StorePath) -> bytes:
  """A whole object; raises FileNotFoundError."""
  with told(path):
    return system_of(path.url).cat_file(path.url)


@contextlib.contextmanager
def downloaded(path: StorePath) -> Iterator[IO[bytes]]:
  """A private temporary file of an object's bytes; raises FileNotFoundError."""
  with tempfile.TemporaryDirectory(prefix="privai-") as folder:
    local = Path(folder) / "object"
    with told(path):
      system_of(path.url).get_file(path.url, str(local))
    with open(local, "rb") as file:
      yield file


def put(path: StorePath, data: bytes) -> None:
  """Puts an object in place, in one request; what was there before is replaced."""
  _put(path, data, "overwrite")


def create(path: StorePath, data: bytes) -> bool:
  """Puts an object in place if there is none.

  A request is sent again where its answer was lost, and finds its own object then: equal bytes count
  as created. Who must be the only one puts something of his own into them.

  Returns:
    False if there is one of other bytes.
  """
  try:
    _put(path, data, "create")
  except FileExistsError:
    return read(path) == data
  return True


def _put(path: StorePath, data: bytes, mode: str) -> None:
  require_writable(path)
  if len(data) > _ONE_PUT:
    raise OutputError(
      f"{path}: {len(data):,} bytes, more than a store takes at once ({_ONE_PUT:,})."
    )
  in_one = _IN_ONE.get(_protocol(path.url), {})
  for last in (False, False, True):
    with told(path):
      try:
        system_of(path.url).pipe_file(path.url, data, mode=mode, **in_one)
        return
      except Exception as error:
        # Azure's client has its own word for what the others' call a file that is not found.
        if isinstance(error, FileNotFoundError) or type(error).__name__ == "ResourceNotFoundError":
          raise OutputError(f"{path}: there is no such bucket; create it first.") from error
        # S3's answer to two who create one object at the same time: try again.
        if last or getattr(error, "errno", None) != errno.EBUSY:
          raise
