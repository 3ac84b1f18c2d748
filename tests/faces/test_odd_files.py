"""Files that are no usable photo: one line each that names the file, the problem and the remedy."""

import io
import os
import struct
import sys
import types
import zlib

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import InputError
from privai_tf.faces import decode_image, decoding, load_image
from privai_tf.faces.decoding import MAX_PIXELS


def encoded(kind="PNG", size=(60, 40), mode="RGB", **options) -> bytes:
  noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
  stream = io.BytesIO()
  Image.fromarray(noise).convert(mode).save(stream, kind, **options)
  return stream.getvalue()


def png(width: int, height: int, data: bytes = b"", bits: int = 8, color: int = 2) -> bytes:
  """A PNG file with any header."""

  def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

  header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
  body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
  return b"\x89PNG\r\n\x1a\n" + body


def tiff_float() -> bytes:
  stream = io.BytesIO()
  Image.fromarray(np.zeros((20, 20), np.float32)).save(stream, "TIFF")
  return stream.getvalue()


def tiff_32_bit() -> bytes:
  stream = io.BytesIO()
  Image.fromarray(np.full((20, 20), 1_000_000, np.int32)).save(stream, "TIFF")
  return stream.getvalue()


def text_bomb() -> bytes:
  """A tiny picture with a comment that unfolds to 80 MB."""
  body = b"comment\0\0" + zlib.compress(b"a" * 80_000_000)
  chunk = struct.pack(">I", len(body)) + b"zTXt" + body
  chunk += struct.pack(">I", zlib.crc32(b"zTXt" + body))
  whole = encoded()
  return whole[:33] + chunk + whole[33:]


def flipped(data: bytes, position: int) -> bytes:
  return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


# name -> (content, what the message must say)
BROKEN = {
  "empty.png": (b"", "empty"),
  "one_byte.png": (b"\x89", "no picture"),
  "text.png": (b"This is a letter, not a picture.\n", "text"),
  "page.jpg": (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
  "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "SVG"),
  "paper.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
  "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40), "HEIC"),
  "script.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
  "archive.png": (b"PK\x03\x04" + bytes(range(200)), "no picture"),
  "noise.png": (
    bytes(np.random.default_rng(1).integers(0, 256, 4096, dtype=np.uint8)),
    "no picture",
  ),
  "zeros.jpg": (bytes(4096), "no picture"),
  "truncated.png": (encoded()[:2000], "damaged"),
  "truncated.jpg": (encoded("JPEG")[:900], "damaged"),
  "truncated.webp": (encoded("WEBP")[:500], ""),
  "truncated.gif": (encoded("GIF")[:1000], "damaged"),
  "truncated.tif": (encoded("TIFF")[:3000], ""),
  "truncated.bmp": (encoded("BMP")[:3000], "damaged"),
  "header_only.png": (encoded()[:33], "damaged"),
  "header_only.jpg": (encoded("JPEG")[:20], ""),
  "flipped.png": (flipped(encoded(), 60), "damaged"),
  "checksum.png": (flipped(encoded(), 30), ""),
  "no_width.png": (png(0, 10), ""),
  "short_data.png": (png(50, 50, b"\0" * 60), "damaged"),
  "wide.png": (png(400_000, 400), "million"),
  "bomb.png": (png(60_000, 60_000), "million"),
  "huge.png": (png(2**31 - 1, 2**31 - 1), "million"),
  "comment_bomb.png": (text_bomb(), "damaged"),
  "float.tif": (tiff_float(), "floating-point"),
  "deep.tif": (tiff_32_bit(), "32-bit"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_file(tmp_path, name):
  content, expected = BROKEN[name]
  path = tmp_path / name
  path.write_bytes(content)
  with pytest.raises(InputError) as caught:
    load_image(path)
  message = str(caught.value)
  assert name in message
  assert expected in message
  assert "\n" not in message
  assert len(message) < 300 + len(str(path))


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_bytes(tmp_path, name):
  """Uploads and records get the same line, with their own label."""
  content, _ = BROKEN[name]
  (tmp_path / name).write_bytes(content)
  with pytest.raises(InputError) as from_file:
    load_image(tmp_path / name)
  with pytest.raises(InputError) as from_bytes:
    decode_image(content, "upload 3")
  assert str(from_bytes.value) == str(from_file.value).replace(str(tmp_path / name), "upload 3")


def test_label_stays_one_line():
  with pytest.raises(InputError, match=r"^a\\nb is empty"):
    decode_image(b"", "a\nb")


def test_large_photo_below_the_limit_is_read(tmp_path):
  Image.new("L", (20_000, 40)).save(tmp_path / "wide.png")
  assert load_image(tmp_path / "wide.png").shape == (40, 20_000, 3)
  assert MAX_PIXELS > 108_000_000  # Today's largest phone cameras.


def one_line(path, expected):
  with pytest.raises(InputError, match=expected) as caught:
    load_image(path)
  assert "\n" not in str(caught.value)


def test_folder(tmp_path):
  (tmp_path / "a.png").mkdir()
  one_line(tmp_path / "a.png", "is a folder")


def test_absent(tmp_path):
  one_line(tmp_path / "a.png", "does not exist")


def test_absent_folder(tmp_path):
  one_line(tmp_path / "b" / "a.png", "does not exist")


def test_path_through_a_file(tmp_path):
  (tmp_path / "b").write_text("x")
  one_line(tmp_path / "b" / "a.png", "Cannot read")


def test_symbolic_link_to_nothing(tmp_path):
  (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
  one_line(tmp_path / "a.png", "symbolic link to nothing")


def test_symbolic_link_loop(tmp_path):
  (tmp_path / "a.png").symlink_to(tmp_path / "b.png")
  (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
  one_line(tmp_path / "a.png", "symbolic links")


def test_pipe_does_not_block(tmp_path):
  os.mkfifo(tmp_path / "a.png")
  one_line(tmp_path / "a.png", "pipe")


def test_device():
  one_line("/dev/zero", "pipe or device")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(tmp_path):
  (tmp_path / "a.png").write_bytes(encoded())
  (tmp_path / "a.png").chmod(0)
  one_line(tmp_path / "a.png", "permission denied")


def test_unreadable_simulated(tmp_path, monkeypatch):
  """Root ignores permissions, so that the refusal of `open` is simulated too."""
  (tmp_path / "a.png").write_bytes(encoded())

  def refuse(*_, **__):
    raise PermissionError(13, "Permission denied")

  monkeypatch.setattr("builtins.open", refuse)
  one_line(tmp_path / "a.png", "permission denied")


def test_out_of_memory(tmp_path, monkeypatch):
  (tmp_path / "a.png").write_bytes(encoded())

  def refuse(*_, **__):
    raise MemoryError

  monkeypatch.setattr(Image, "open", refuse)
  one_line(tmp_path / "a.png", "memory")


def test_name_with_line_breaks_stays_one_line(tmp_path):
  one_line(tmp_path / "a\nb\x1b[31m.png", r"a\\nb\\x1b")


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes exist on Linux only")
def test_undecodable_name(tmp_path):
  path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")
  with pytest.raises(InputError) as caught:
    load_image(path)
  str(caught.value).encode("utf-8")  # Must be printable on any terminal.


def test_random_damage_never_escapes(tmp_path):
  """Any exception but InputError would stop a whole folder."""
  random = np.random.default_rng(0)
  path = tmp_path / "a.png"
  kinds = [("PNG", "RGB"), ("PNG", "P"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("TIFF", "RGB")]
  outcomes, messages = set(), []
  for kind, mode in [*kinds, ("GIF", "P"), ("BMP", "RGB")]:
    original = encoded(kind, (24, 20), mode)
    for _ in range(40):
      data = bytearray(original)
      for position in random.integers(0, min(len(data), 400), 3):
        data[position] = random.integers(256)
      path.write_bytes(data)
      try:
        outcomes.add(load_image(path).dtype.name)
      except InputError as error:
        outcomes.add("refused")
        messages.append(str(error))
  assert outcomes == {"uint8", "refused"}
  assert not any("\n" in message for message in messages)


def test_heic_is_read_where_its_package_is_installed(tmp_path, monkeypatch):
  """The package registers its reader with Pillow; a stand-in does so here."""
  path = tmp_path / "phone.heic"
  path.write_bytes(BROKEN["phone.heic"][0])
  decoding._added_formats.cache_clear()
  monkeypatch.setitem(sys.modules, "pillow_heif", None)
  with pytest.raises(InputError, match="pip install pillow-heif, or save it as PNG or JPEG"):
    load_image(path)
  monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
  monkeypatch.setattr(Image, "ID", list(Image.ID))
  package = types.ModuleType("pillow_heif")
  package.register_heif_opener = lambda: Image.register_open(
    "HEIF", lambda file, name: Image.new("RGB", (3, 2), (255, 0, 0)), lambda head: True
  )
  monkeypatch.setitem(sys.modules, "pillow_heif", package)
  decoding._added_formats.cache_clear()
  try:
    assert (load_image(path) == [255, 0, 0]).all()
  finally:
    decoding._added_formats.cache_clear()
