"""What kind of picture a file is, by its first bytes or its name: read or not, none is passed over."""

import os
from pathlib import Path

HEAD_BYTES = 16
# (place, bytes, kind)
_SIGNATURES = (
  (0, b"\x89PNG", "PNG"),
  (0, b"\xff\xd8\xff", "JPEG"),
  (8, b"WEBP", "WebP"),
  (0, b"GIF8", "GIF"),
  (0, b"II*\0", "TIFF"),
  (0, b"MM\0*", "TIFF"),
  (0, b"8BPS", "Photoshop's"),
  (4, b"jP  \r\n", "JPEG 2000"),
  (4, b"JXL \r\n", "JPEG XL"),
  (0, b"\xff\x0a", "JPEG XL"),
  (0, b"FUJIFILMCCD-RAW", "a camera's raw format"),
)
_BRANDS = {
  b"avif": "AVIF",
  b"avis": "AVIF",
  b"crx ": "a camera's raw format",
  **dict.fromkeys([b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"], "HEIC"),
}
_READ = "png apng jpg jpeg jpe jfif webp bmp dib tif tiff gif avif ppm pgm pbm pnm"
_NAMED = "heic heif hif jxl jp2 j2k psd dng cr2 cr3 nef arw orf raf rw2 pef srw"
EXTENSIONS = frozenset(f".{name}" for name in f"{_READ} {_NAMED}".split())


def kind_of(head: bytes) -> str | None:
  """The kind of picture that begins with `head`; None if it looks like none."""
  if head[4:8] == b"ftyp":
    return _BRANDS.get(head[8:12])
  if head[:2] == b"BM" and head[6:10] == bytes(4):
    return "BMP"
  for place, signature, kind in _SIGNATURES:
    if head[place : place + len(signature)] == signature:
      return kind
  return None


def is_picture(path: str | os.PathLike) -> bool:
  """Whether a file calls itself a picture, or begins like one; it is opened for that only if need be.

  A link to nothing, or a file that may not be read, is one if its name says so.
  """
  path = Path(path)
  if path.suffix.lower() in EXTENSIONS:
    return True
  try:
    if not path.is_file():  # A pipe would block for ever.
      return False
    with open(path, "rb") as file:
      return kind_of(file.read(HEAD_BYTES)) is not None
  except OSError:
    return False
