"""Any picture file as upright 8-bit sRGB pixels, or one line that says why not."""

import errno
import functools
import io
import logging
import os
import stat
import struct
import warnings
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from privai_tf.errors import InputError
from privai_tf.faces.color import to_srgb
from privai_tf.faces.signatures import HEAD_BYTES, kind_of
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown
from privai_tf.runtime.stores import StorePath

_FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "PPM")
_ADDED_FORMATS = ("HEIF",)  # with the package pillow-heif
_OWN_KINDS = ("PNG", "JPEG", "WebP", "GIF", "TIFF", "BMP", "AVIF")
MAX_PIXELS = 128_000_000  # The largest phone cameras stay below; 128 million are 512 MB decoded.
# What Pillow's decoders raise for damaged files; the type says nothing to a user.
_DAMAGE = (
  OSError,
  SyntaxError,
  ValueError,
  EOFError,
  LookupError,
  TypeError,
  OverflowError,
  RuntimeError,
  struct.error,
  zlib.error,
)
_REMEDIES = {
  errno.EACCES: "permission denied; ask its owner, or change its permissions",
  errno.EPERM: "permission denied; ask its owner, or change its permissions",
  errno.ELOOP: "it is a loop of symbolic links; mend the link",
  errno.ENOTDIR: "a part of the path is a file, not a folder; check the path",
}
_log = logging.getLogger(__name__)


def load_image(path: str | os.PathLike | StorePath) -> np.ndarray:
  """Reads a picture as people see it: upright, in sRGB, on white where it is transparent.

  Of an animation, the first picture is used, with a note in the log. Only the pixels are returned:
  no metadata of the file goes further.

  Args:
    path: a file, or object of a store, in one of the formats PNG, JPEG, WebP, BMP, TIFF, GIF, AVIF, PPM.

  Returns:
    uint8 [H, W, 3], RGB.

  Raises:
    InputError: one line with the file, what is wrong with it and what to do.
  """
  if isinstance(path, StorePath):
    with outside.opened(path, remedy="check the URL") as file:
      return _read(file, shown(path))
  path = Path(path)
  _require_file(path)
  label = shown(path)
  try:
    with open(path, "rb") as file:
      return _read(file, label)
  except OSError as error:
    raise _unreadable(label, error) from error


def decode_image(data: bytes, label: str) -> np.ndarray:
  """Decodes a picture file's content, for uploads and records, exactly as `load_image` does.

  Args:
    data: the file's bytes.
    label: what messages call it, such as "upload 3".

  Returns:
    uint8 [H, W, 3], RGB.

  Raises:
    InputError: one line with the label, what is wrong and what to do.
  """
  if not data:
    raise InputError(f"{shown(label)} is empty (0 bytes); get a fresh copy.")
  return _read(io.BytesIO(data), shown(label))


def _read(file: IO[bytes], label: str) -> np.ndarray:
  """Decodes an open picture; what Pillow raises becomes one line."""
  try:
    added = _added_formats() if _kind(file) == "HEIC" else ()
    # Pillow's own size warning comes before our limit and is none of the user's business.
    with warnings.catch_warnings():
      warnings.simplefilter("ignore")
      with Image.open(file, formats=_formats() + added) as image:
        return _decode(image, label)
  except InputError:
    raise
  except UnidentifiedImageError as error:
    file.seek(0)
    head = file.read(64)
    install = "pip install pillow-heif, or " if kind_of(head) == "HEIC" and not added else ""
    raise InputError(
      f"{label} is no picture in a known format ({_looks_like(head)}); "
      f"{install}save it as PNG or JPEG."
    ) from error
  except Image.DecompressionBombError as error:
    raise _too_large(label, None) from error
  except MemoryError as error:
    raise InputError(f"{label} does not fit into memory; make it smaller.") from error
  except _DAMAGE as error:
    reason = " ".join(str(error).split())[:100] or type(error).__name__
    raise InputError(
      f"{label} is damaged or incomplete ({reason}); get a fresh copy or save it as PNG."
    ) from error


def _decode(image: Image.Image, label: str) -> np.ndarray:
  width, height = image.size
  if width * height > MAX_PIXELS:
    raise _too_large(label, (width, height))
  # Phones store a preview or depth map beside the photo (MPO): nothing worth a note.
  if getattr(image, "is_animated", False) and image.format != "MPO":
    _log.warning("%s holds several pictures; the first is used.", label)
    image.seek(0)
  image.load()
  try:
    ImageOps.exif_transpose(image, in_place=True)
  except _DAMAGE:
    _log.warning("%s has damaged EXIF data; it may be turned the wrong way.", label)
  return np.array(to_srgb(image, label), np.uint8)


def _too_large(label: str, size: tuple[int, int] | None) -> InputError:
  found = f" has {size[0]} x {size[1]} pixels" if size else " has far too many pixels"
  return InputError(
    f"{label}{found}; at most {MAX_PIXELS // 10**6} million are read (a small file can unfold "
    "to fill the memory): make it smaller."
  )


@functools.cache
def _formats() -> tuple[str, ...]:
  """Our formats as far as this Pillow was built with them; no others, such as those that run
  programs (EPS)."""
  Image.init()
  return tuple(name for name in _FORMATS if name in Image.OPEN)


@functools.cache
def _added_formats() -> tuple[str, ...]:
  """Formats of packages that are installed beside Pillow; asked only when such a file comes."""
  try:
    import pillow_heif
  except ImportError:
    return ()
  pillow_heif.register_heif_opener()
  return tuple(name for name in _ADDED_FORMATS if name in Image.OPEN)


def _kind(file: IO[bytes]) -> str | None:
  head = file.read(HEAD_BYTES)
  file.seek(0)
  return kind_of(head)


def _require_file(path: Path) -> None:
  """Refuses what is no regular file before opening it: a pipe or device would block for ever."""
  try:
    mode = os.stat(path).st_mode
  except FileNotFoundError as error:
    reason = "is a symbolic link to nothing" if path.is_symlink() else "does not exist"
    raise InputError(f"{shown(path)} {reason}; check the path.") from error
  except OSError as error:
    raise _unreadable(shown(path), error) from error
  except ValueError as error:  # A zero byte.
    raise InputError(f"{shown(path)} is no path ({error}); check it.") from error
  if stat.S_ISDIR(mode):
    raise InputError(f"{shown(path)} is a folder, not a picture; name a file in it.")
  if not stat.S_ISREG(mode):
    raise InputError(f"{shown(path)} is a pipe or device, not a picture; name a file.")
  if os.stat(path).st_size == 0:
    raise InputError(f"{shown(path)} is empty (0 bytes); get a fresh copy.")


def _unreadable(label: str, error: OSError) -> InputError:
  reason = _REMEDIES.get(error.errno, f"{error.strerror or error}; get a fresh copy")
  return InputError(f"Cannot read {label}: {reason}.")


def _looks_like(head: bytes) -> str:
  """A guess from the first bytes, for the message only."""
  kind = kind_of(head)
  if kind in _OWN_KINDS:
    return f"it begins as {kind}, but what follows is damaged"
  if kind is not None:
    return f"it looks like {kind}"
  if head.lstrip()[:5].lower() in (b"<?xml", b"<svg ") or head.lstrip()[:4].lower() == b"<svg":
    return "it looks like SVG"
  if head.lstrip()[:5].lower() in (b"<!doc", b"<html"):
    return "it looks like a web page"
  if head[:4] == b"%PDF":
    return "it looks like PDF"
  text = all(byte in b"\t\n\r" or byte >= 32 for byte in head)
  return "it looks like text" if text else "its first bytes are unknown"
