"""Gets the bytes of one address into a partial file, going on where an earlier try stopped."""

import http.client
import importlib
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from privai_tf.converters.zoo import Address
from privai_tf.errors import PrivaiError
from privai_tf.runtime.files import output_error, shown

Progress = Callable[[int, int], None]
MAX_BYTES = 1 << 30  # official files: up to 330 MB
_CHUNK = 1 << 18
_TIMEOUT = 60
_TRIES = 3
_WEB_PAGE = (
  "sent a web page in place of the file (a download quota, a virus scan or a sign-in); open {url} "
  "in a browser to see which, wait a day, or download it there"
)


class FetchError(PrivaiError):
  """An address that gave no file: a message without the file's name, which the caller knows."""


def fetch(address: Address, partial: Path, progress: Progress | None = None) -> None:
  """Downloads one address.

  Args:
    address: of the zoo.
    partial: where the bytes go; what an earlier try left there is kept and continued.
    progress: called with (bytes so far, bytes in all).

  Raises:
    FetchError: if it cannot be had now; what came is kept for the next try.
    OutputError: if it cannot be written.
  """
  if address.is_drive:
    fetch_from_drive(address.url, partial)
  else:
    fetch_over_http(address.url, partial, progress)


def fetch_from_drive(url: str, partial: Path, download: Callable[..., Any] | None = None) -> None:
  """Downloads from Google Drive, which asks back before it gives large files.

  Args:
    url: `https://drive.google.com/uc?id=...`.
    partial: where the file goes; gdown keeps its own partial files beside it and continues them.
    download: `gdown.download`, or what a test puts in its place.

  Raises:
    FetchError: if gdown is not installed or Google does not give the file.
  """
  download = download or _gdown()
  identifier = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["id"][0]
  try:
    result = download(
      id=identifier, output=str(partial), quiet=not sys.stderr.isatty(), resume=True
    )
  except _drive_errors() as error:
    reason = " ".join(str(error).split())[:200]
    raise FetchError(f"Google Drive gave no file ({reason})") from error
  if result is None or not partial.is_file():
    raise FetchError(f"Google Drive gave no file; open {url} in a browser to see why")


def _gdown() -> Callable[..., Any]:
  try:
    return importlib.import_module("gdown").download
  except ImportError as error:
    raise FetchError(
      "it lies on Google Drive, which needs gdown: pip install 'privai-tf[download]'"
    ) from error


def _drive_errors() -> tuple[type[Exception], ...]:
  """What gdown raises for a file that it cannot get; the names differ between its versions."""
  try:
    module = importlib.import_module("gdown.exceptions")
  except ImportError:
    return (OSError, RuntimeError)
  names = ("DownloadError", "FileURLRetrievalError")
  # OSError: whatever the network does (requests' errors are OSErrors).
  return (OSError, RuntimeError, *(getattr(module, n) for n in names if hasattr(module, n)))


def fetch_over_http(
  url: str, partial: Path, progress: Progress | None = None, *, tries: int = _TRIES
) -> None:
  """Downloads over HTTP, asking for the missing rest only.

  The rest is asked for on the condition that the file is still the one that the first part is from
  (its ETag or date, kept beside the partial file); else it starts anew.

  Args:
    url: `https://...` or `http://...`.
    partial: where the bytes go.
    progress: called with (bytes so far, bytes in all).
    tries: how often a broken transfer is taken up again at once.

  Raises:
    FetchError: if it cannot be had, or broke off `tries` times; what came is kept.
    OutputError: if it cannot be written.
  """
  if not url.startswith(("https://", "http://")):
    raise FetchError(f"{shown(url)} is not an address on the web")
  reason = ""
  for _ in range(tries):
    try:
      reason = _transfer(url, partial, progress)
    except urllib.error.HTTPError as error:
      if error.code == 416:  # More is here than there is there: the part is of another file.
        _forget(partial)
        reason = "the file there has changed"
        continue
      raise FetchError(f"{url} answers {error.code} ({error.reason})") from error
    except urllib.error.URLError as error:
      raise FetchError(f"{url} cannot be reached ({error.reason})") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
      reason = str(error) or type(error).__name__
    if not reason:
      _validator(partial).unlink(missing_ok=True)
      return
  kept = partial.stat().st_size if partial.is_file() else 0
  raise FetchError(
    f"the transfer broke off ({reason}); {kept:,} bytes are kept and the same command goes on"
  )


class StaysEncrypted(urllib.request.HTTPRedirectHandler):
  """Follows redirections, but from HTTPS to nothing else, at any hop."""

  def redirect_request(self, req, fp, code, msg, headers, newurl):
    if req.full_url.startswith("https://") and not newurl.startswith("https://"):
      raise FetchError(f"{req.full_url} leads to an address that is not encrypted")
    return super().redirect_request(req, fp, code, msg, headers, newurl)


def _transfer(url: str, partial: Path, progress: Progress | None) -> str:
  """One request; returns what is wrong with what came, "" if nothing."""
  offset, validator = _state(partial)
  # Transparent compression would make lengths meaningless.
  headers = {"User-Agent": "privai-tf", "Accept-Encoding": "identity"}
  if offset:
    headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
  request = urllib.request.Request(url, headers=headers)
  with urllib.request.build_opener(StaysEncrypted).open(request, timeout=_TIMEOUT) as answer:
    if answer.headers.get_content_type() == "text/html":
      raise FetchError(_WEB_PAGE.format(url=url))
    if answer.status != 206 or not answer.headers.get("Content-Range", "").startswith(
      f"bytes {offset}-"
    ):
      offset = 0
    length = answer.headers.get("Content-Length")
    total = offset + int(length) if length and length.isdecimal() else None
    try:
      with open(partial, "ab" if offset else "wb") as file:
        _remember(partial, answer.headers)
        offset = _copy(answer, file, offset, total, progress)
    except FetchError:
      raise
    except (http.client.HTTPException, ConnectionError, TimeoutError):
      raise
    except OSError as error:
      raise output_error(partial, error) from error
  if total is not None and offset != total:
    return f"{offset:,} of {total:,} bytes came"
  return ""


def _copy(answer: Any, file: Any, done: int, total: int | None, progress: Progress | None) -> int:
  while chunk := answer.read(_CHUNK):
    file.write(chunk)
    done += len(chunk)
    if done > MAX_BYTES:
      raise FetchError(f"more than {MAX_BYTES:,} bytes came, more than any published file has")
    if progress is not None:
      progress(done, total or done)
  file.flush()
  os.fsync(file.fileno())
  return done


def _validator(partial: Path) -> Path:
  return partial.with_name(partial.name + ".version")


def _state(partial: Path) -> tuple[int, str]:
  """How many bytes can be continued, and of which version of the file they are."""
  try:
    version = _validator(partial).read_text(encoding="latin-1")
    return (partial.stat().st_size, version) if version else (0, "")
  except OSError:
    return 0, ""


def _remember(partial: Path, headers: Any) -> None:
  etag = headers.get("ETag") or ""
  # A weak ETag does not promise equal bytes.
  version = headers.get("Last-Modified", "") if not etag or etag.startswith("W/") else etag
  _validator(partial).write_text(version or "", encoding="latin-1")


def _forget(partial: Path) -> None:
  for path in (partial, _validator(partial)):
    path.unlink(missing_ok=True)
