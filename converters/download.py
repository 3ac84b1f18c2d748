"""Downloads a published file: whole or absent, checked, and the same one ever after.

Nobody publishes hashes of these files. So the first download is trusted ("trust on first use"): its
SHA-256 is written beside it, and from then on every use is compared with that.
"""

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from privai_tf.converters import identify
from privai_tf.converters.errors import NetworkFileError
from privai_tf.converters.fetching import FetchError, Progress, fetch
from privai_tf.converters.zoo import Address, ZooFile
from privai_tf.errors import CheckpointError
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, output_error, shown, write_json, write_text

Fetch = Callable[[Address, Path, Progress | None], None]
_NUMPY = b"\x93NUMPY"


def download(
  file: ZooFile,
  folder: str | os.PathLike,
  *,
  fetch: Fetch = fetch,
  report: Callable[[str], None] = print,
  progress: Progress | None = None,
) -> Path:
  """Downloads a file of the zoo, or checks the one that is there.

  Args:
    file: which.
    folder: created; the file gets its own name in it, beside NAME.sha256.
    fetch: gets an address into a partial file.
    report: gets lines for people.
    progress: called with (bytes so far, bytes in all).

  Returns:
    The path.

  Raises:
    CheckpointError: if no address gives it, what came is another thing (a web page), or its SHA-256
      is not the recorded one.
    OutputError: if it cannot be written.
  """
  target = make_folder(folder) / file.name
  if target.is_file():
    report(f"{shown(target)} is there already. {recorded_or_checked(target)}")
    return target
  problems = []
  for number, address in enumerate(file.addresses):
    partial = target.with_name(f".{file.name}.{number}.part")
    report(f"Downloading {file.name} from {address.url} ({file.licence})")
    try:
      fetch(address, partial, progress)
      _require_kind(partial, file.kind)
    except FetchError as error:
      problems.append(str(error))
      report(f"  {error}.")
      continue
    _take(partial, target, report)
    if file.kind == "boundary":
      _write_companion(file, address, target)
    return target
  # The last line alone must say it all.
  raise CheckpointError(f"{file.name} was not downloaded: {'; '.join(problems)}.")


def _take(partial: Path, target: Path, report: Callable[[str], None]) -> None:
  """Puts a complete file in its place, if it is the one that was there before."""
  digest, recorded = file_digest(partial), recorded_digest(target)
  if recorded not in (None, digest):
    partial.unlink()
    raise CheckpointError(
      f"{target.name} at its address is not the file that was downloaded before (SHA-256 {digest}, "
      f"recorded {recorded}); if you trust the new one, delete {shown(_record(target))} first."
    )
  try:
    os.replace(partial, target)
  except OSError as error:
    raise output_error(target, error) from error
  report(f"{shown(target)}: {target.stat().st_size:,} bytes. {recorded_or_checked(target)}")


def recorded_or_checked(path: str | os.PathLike) -> str:
  """Compares a file with its recorded SHA-256, or records it if there is none.

  Args:
    path: of the file; its record is NAME.sha256 beside it, as `sha256sum --check` reads it.

  Returns:
    A sentence that says which of both happened.

  Raises:
    CheckpointError: if the file is not the recorded one.
  """
  path = Path(path)
  if recorded_digest(path) is not None:
    check_recorded(path)
    return "Its SHA-256 is the recorded one."
  digest = file_digest(path)
  write_text(_record(path), f"{digest}  {path.name}\n")
  return f"SHA-256 {digest}, recorded now: this first file is trusted, later ones are compared."


def check_recorded(path: str | os.PathLike, digest: str | None = None) -> None:
  """Refuses a file that is not the one whose SHA-256 is recorded beside it; no record, no check.

  Args:
    path: of the file.
    digest: its SHA-256 (hex), where the caller has it already.

  Raises:
    CheckpointError: naming both hashes.
  """
  path = Path(path)
  recorded = recorded_digest(path)
  if recorded is None:
    return
  digest = digest or file_digest(path)
  if digest != recorded:
    raise CheckpointError(
      f"{shown(path)} has changed since it was first used (SHA-256 {digest}, recorded {recorded}); "
      f"delete it and download it again, or, if you trust it, delete {shown(_record(path))}."
    )


def recorded_digest(path: Path) -> str | None:
  """The SHA-256 (hex) recorded beside a file; None if there is no record.

  Raises:
    CheckpointError: the record cannot be read, or holds no SHA-256.
  """
  try:
    text = _record(path).read_text(encoding="utf-8", errors="replace")
  except FileNotFoundError:
    return None
  except OSError as error:
    raise CheckpointError(f"Cannot read {shown(_record(path))}: {error.strerror}.") from error
  match = re.match(r"([0-9a-f]{64})\s", text + "\n")
  if match is None:
    raise CheckpointError(f"{shown(_record(path))} holds no SHA-256; delete it to record it anew.")
  return match.group(1)


def file_digest(path: Path) -> str:
  """SHA-256 (hex) of a file's bytes."""
  with outside.opened(path, CheckpointError) as file:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _record(path: Path) -> Path:
  return path.with_name(path.name + ".sha256")


def _require_kind(partial: Path, kind: str) -> None:
  """Refuses what cannot be the file, by its right name, and throws it away."""
  with open(partial, "rb") as file:
    head = file.read(identify.HEAD_BYTES)
  array = head.startswith(_NUMPY)
  if array and kind == "boundary":
    return
  try:
    identify.refuse_other_formats(head, partial.stat().st_size)
    if kind == "boundary":
      raise FetchError("a pickle came in place of an array (.npy)")
  except (NetworkFileError, FetchError) as error:
    partial.unlink()
    raise FetchError(str(error).rstrip(".")) from error


def _write_companion(file: ZooFile, address: Address, target: Path) -> None:
  """Says beside a boundary which space it is for: the names of those for Z do not."""
  path = target.with_suffix(".json")
  if path.exists():
    return
  provenance = {
    "source": address.url,
    "sha256": recorded_digest(target),
    "licence": file.licence,
    "family": file.family,
    "dataset": file.dataset,
  }
  companion = {
    "name": file.attribute,
    "latent_space": file.space,
    "intercept": 0.0,
    "provenance": provenance,
    "calibration": None,
  }
  write_json(path, companion)
