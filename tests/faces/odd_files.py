"""Makes a folder of thirty files that people do hand in: some are photos, most are not.

python tests/faces/odd_files.py FOLDER
"""

import io
import os
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image

DONE = ""  # Expected of a file that is a photo with a face.


def make(folder: pathlib.Path, head: np.ndarray) -> dict[str, str]:
  """Writes the files.

  Args:
    folder: must exist and be empty.
    head: uint8 [S, S, 3], a picture of one head.

  Returns:
    By file name, what the line about it must say, or `DONE`.
  """
  expected = {}
  for name, (content, message) in {**_photos(head), **_others(head)}.items():
    (folder / name).write_bytes(content)
    expected[name] = message
  (folder / "dangling.png").symlink_to("gone.png")
  expected["dangling.png"] = "is a symbolic link to nothing"
  (folder / "loop.png").symlink_to("loop.png")
  expected["loop.png"] = "a loop of symbolic links"
  os.mkfifo(folder / "pipe.png")
  expected["pipe.png"] = "is a pipe or device"
  # Root reads it all the same; what is in it is no picture either, so that there is a line anyway.
  (folder / "unreadable.png").write_bytes(b"secret\n")
  (folder / "unreadable.png").chmod(0)
  expected["unreadable.png"] = "no picture" if os.geteuid() == 0 else "permission denied"
  return expected


def _photos(head: np.ndarray) -> dict[str, tuple[bytes, str]]:
  image = Image.fromarray(head)
  turned = Image.Exif()
  turned[0x0112] = 6  # To be turned by 90 degrees clockwise.
  with_alpha = image.convert("RGBA")
  with_alpha.putalpha(Image.new("L", image.size, 255))
  return {
    "plain.png": (_encoded(image), DONE),
    "cmyk.jpg": (_encoded(image.convert("CMYK"), "JPEG", quality=95), DONE),
    "turned.jpg": (_encoded(image.rotate(90), "JPEG", exif=turned, quality=95), DONE),
    "transparent.png": (_encoded(with_alpha), DONE),
    "moving.gif": (_animation(image, image.rotate(180)), DONE),
    "sixteen_bit.png": (_png(head.astype(">u2") * 257, bits=16), DONE),
    "grey_sixteen_bit.tif": (
      _encoded(Image.fromarray(head.mean(axis=2).astype(np.uint16) * 257), "TIFF"),
      DONE,
    ),
    "ten_faces.png": (_encoded(Image.fromarray(_ten(head))), DONE),
  }


def _others(head: np.ndarray) -> dict[str, tuple[bytes, str]]:
  random = np.random.default_rng(0)
  whole = _encoded(Image.fromarray(head))
  photo = _encoded(Image.fromarray(head), "JPEG")
  hills = np.sin(np.mgrid[:200, :300] / 30).sum(axis=0) * 50 + 128
  bomb = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
  comment = b"comment\0\0" + zlib.compress(b"a" * 80_000_000)
  return {
    "no_face.png": (_encoded(Image.fromarray(hills.astype(np.uint8))), "no face found"),
    "one_pixel.png": (_encoded(Image.new("RGB", (1, 1))), "has 1 x 1 pixels"),
    "wide.png": (_encoded(Image.new("L", (20_000, 40), 90)), "no face found"),
    "corrupt.png": (whole[:60] + bytes([whole[60] ^ 255]) + whole[61:], "is damaged"),
    "truncated.png": (whole[: len(whole) // 2], "is damaged"),
    "truncated.jpg": (photo[: len(photo) // 2], "is damaged"),
    "truncated.webp": (_encoded(Image.fromarray(head), "WEBP")[:500], "truncated.webp"),
    "empty.png": (b"", "is empty"),
    "text.png": (b"This is a letter.\n", "it looks like text"),
    "page.jpg": (b"<!DOCTYPE html><html>404</html>", "it looks like a web page"),
    "drawing.png": (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "it looks like SVG"),
    "paper.png": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "it looks like PDF"),
    "phone.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40), "it looks like HEIC"),
    "archive.png": (b"PK\x03\x04" + bytes(range(200)), "no picture"),
    "noise.png": (random.integers(0, 256, 4096, dtype=np.uint8).tobytes(), "no picture"),
    "bomb.png": (_file(_chunk(b"IHDR", bomb), _chunk(b"IDAT", b"")), "million are read"),
    "comment_bomb.png": (whole[:33] + _chunk(b"zTXt", comment) + whole[33:], "is damaged"),
    "float.tif": (
      _encoded(Image.fromarray(np.zeros((20, 20), np.float32)), "TIFF"),
      "floating-point",
    ),
  }


def _ten(head: np.ndarray) -> np.ndarray:
  """Two rows of five heads, the last one larger: uint8."""
  image, side = Image.fromarray(head), 100
  photo = Image.new("RGB", (6 * side, 3 * side), (180, 180, 180))
  for number in range(10):
    size = side + 40 * (number == 9)
    place = (int(1.15 * side * (number % 5)), int(1.3 * side * (number // 5)))
    photo.paste(image.resize((size, size)), place)
  return np.asarray(photo)


def _encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
  stream = io.BytesIO()
  image.save(stream, kind, **options)
  return stream.getvalue()


def _animation(*images: Image.Image) -> bytes:
  return _encoded(images[0], "GIF", save_all=True, append_images=images[1:])


def _png(pixels: np.ndarray, bits: int) -> bytes:
  """A PNG of RGB with 16 bits, which Pillow reads but does not write."""
  height, width, _ = pixels.shape
  header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
  rows = b"".join(b"\0" + row.tobytes() for row in pixels)
  return _file(_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)))


def _file(*chunks: bytes) -> bytes:
  return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
  return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


if __name__ == "__main__":
  import skimage.data

  target = pathlib.Path(sys.argv[1])
  target.mkdir()
  make(target, skimage.data.astronaut()[0:250, 100:350])
