"""Pictures of every kind arrive as the same upright 8-bit sRGB pixels."""

import io
import logging
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from privai_tf.errors import ConfigurationError
from privai_tf.faces import FaceSpec, decode_image, find_faces, load_image
from privai_tf.faces.loading import center_square, resized

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def corners(pixels):
  return [tuple(int(v) for v in pixels[y, x]) for y in (0, -1) for x in (0, -1)]


@pytest.fixture
def quarters():
  """A picture whose corners tell how it is turned: red, green / blue, white."""
  pixels = np.zeros((40, 60, 3), np.uint8)
  pixels[:20, :30], pixels[:20, 30:], pixels[20:, :30], pixels[20:, 30:] = RED, GREEN, BLUE, WHITE
  return Image.fromarray(pixels)


@pytest.mark.parametrize("extension", ["png", "bmp", "tif", "ppm", "webp", "gif"])
def test_lossless_formats(tmp_path, quarters, extension):
  path = tmp_path / f"picture.{extension}"
  quarters.save(path, **({"lossless": True} if extension == "webp" else {}))
  np.testing.assert_array_equal(load_image(path), np.asarray(quarters))


def test_extension_does_not_matter(tmp_path, quarters):
  quarters.save(tmp_path / "picture.jpg", format="PNG")
  np.testing.assert_array_equal(load_image(tmp_path / "picture.jpg"), np.asarray(quarters))


# EXIF 274: what has to be done to the stored pixels (TIFF 6.0, "Orientation").
ORIENTATIONS = {
  1: lambda a: a,
  2: lambda a: a[:, ::-1],
  3: lambda a: a[::-1, ::-1],
  4: lambda a: a[::-1],
  5: lambda a: a.transpose(1, 0, 2),
  6: lambda a: np.rot90(a, -1),
  7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
  8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", sorted(ORIENTATIONS))
@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_orientation(tmp_path, quarters, orientation, extension):
  exif = Image.Exif()
  exif[0x0112] = orientation
  path = tmp_path / f"turned.{extension}"
  quarters.save(path, exif=exif, **({"quality": 100} if extension == "jpg" else {}))
  expected = ORIENTATIONS[orientation](np.asarray(quarters))
  found = load_image(path)
  assert found.shape == expected.shape
  np.testing.assert_allclose(
    np.array(corners(found), float), np.array(corners(expected), float), atol=6
  )


def test_damaged_exif_is_a_note_not_an_error(tmp_path, quarters, caplog):
  quarters.save(tmp_path / "a.png", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff broken")
  with caplog.at_level(logging.WARNING):
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), np.asarray(quarters))


def test_transparency_on_white(tmp_path):
  pixels = np.zeros((20, 20, 4), np.uint8)
  pixels[..., 0] = 200
  pixels[:10, :, 3], pixels[10:, :, 3] = 255, 0
  pixels[0, 0, 3] = 128
  Image.fromarray(pixels).save(tmp_path / "a.png")
  found = load_image(tmp_path / "a.png")
  assert tuple(found[5, 5]) == (200, 0, 0)
  assert tuple(found[15, 5]) == WHITE
  np.testing.assert_allclose(found[0, 0].astype(int), [227, 127, 127], atol=1)


def test_grey_with_alpha(tmp_path):
  pixels = np.zeros((20, 20, 2), np.uint8)
  pixels[:10] = (70, 255)
  Image.fromarray(pixels, "LA").save(tmp_path / "a.png")
  found = load_image(tmp_path / "a.png")
  assert tuple(found[0, 0]) == (70, 70, 70)
  assert tuple(found[19, 0]) == WHITE


def test_palette_with_transparent_color(tmp_path):
  image = Image.new("P", (20, 20), 0)
  image.putpalette([10, 20, 30, 200, 100, 50])
  image.paste(1, (0, 10, 20, 20))
  image.save(tmp_path / "a.png", transparency=0)
  found = load_image(tmp_path / "a.png")
  assert tuple(found[0, 0]) == WHITE
  assert tuple(found[19, 0]) == (200, 100, 50)


def test_one_bit(tmp_path):
  image = Image.new("1", (20, 20))
  image.paste(1, (0, 0, 20, 10))
  image.save(tmp_path / "a.png")
  assert corners(load_image(tmp_path / "a.png")) == [WHITE, WHITE, (0, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_sixteen_bit_grey(tmp_path, extension):
  levels = np.linspace(0, 65535, 400).round().astype(np.uint16).reshape(20, 20)
  Image.fromarray(levels).save(tmp_path / f"a.{extension}")
  found = load_image(tmp_path / f"a.{extension}")
  np.testing.assert_array_equal(found[..., 0], np.rint(levels / 257).astype(np.uint8))
  np.testing.assert_array_equal(found[..., 0], found[..., 2])


def chunk(name: bytes, body: bytes) -> bytes:
  return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize(("channels", "color_type"), [(3, 2), (4, 6)])
def test_sixteen_bit_color(tmp_path, channels, color_type):
  """Pillow reads such files but does not write them."""
  levels = np.linspace(0, 65535, 20 * 20 * channels).round().astype(">u2").reshape(20, 20, channels)
  levels[..., 3:] = 65535
  data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in levels))
  header = struct.pack(">IIBBBBB", 20, 20, 16, color_type, 0, 0, 0)
  file = chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
  (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + file)
  found = load_image(tmp_path / "a.png").astype(int)
  np.testing.assert_allclose(found, levels[..., :3] / 257, atol=1)


def test_bytes_are_read_as_files_are(tmp_path, quarters):
  exif = Image.Exif()
  exif[0x0112] = 6
  quarters.save(tmp_path / "a.png", exif=exif, icc_profile=linear_profile())
  found = decode_image((tmp_path / "a.png").read_bytes(), "upload 3")
  np.testing.assert_array_equal(found, load_image(tmp_path / "a.png"))
  assert found.shape == (60, 40, 3)


def test_cmyk(tmp_path):
  image = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
  image.save(tmp_path / "a.jpg", quality=100)
  red, green, blue = load_image(tmp_path / "a.jpg")[10, 10].astype(int)
  assert red > 200
  assert max(green, blue) < 60


def test_lab(tmp_path):
  srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
  image = Image.new("RGB", (20, 20), (180, 90, 40))
  ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB").save(tmp_path / "a.tif")
  np.testing.assert_allclose(load_image(tmp_path / "a.tif")[3, 3], [180, 90, 40], atol=4)


def linear_profile() -> bytes:
  """A profile with the primaries of sRGB and no gamma, made by hand: Pillow has only sRGB's."""
  profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
  count = int.from_bytes(profile[128:132], "big")
  for i in range(count):
    entry = profile[132 + 12 * i : 144 + 12 * i]
    if entry[:4] in (b"rTRC", b"gTRC", b"bTRC"):
      offset = int.from_bytes(entry[4:8], "big")
      profile[offset : offset + 12] = b"curv" + bytes(8)  # No entries: the identity.
  return bytes(profile)


def test_color_profile_is_applied(tmp_path):
  image = Image.new("RGB", (20, 20), (55, 55, 55))
  image.save(tmp_path / "a.png", icc_profile=linear_profile())
  # Linear 55 / 255 = 0.2157 is sRGB 1.055 * 0.2157^(1/2.4) - 0.055 = 0.502.
  np.testing.assert_allclose(load_image(tmp_path / "a.png")[0, 0], 128, atol=2)


def test_color_profile_keeps_alpha(tmp_path):
  image = Image.new("RGBA", (20, 20), (55, 55, 55, 0))
  image.paste((55, 55, 55, 255), (0, 0, 20, 10))
  image.save(tmp_path / "a.png", icc_profile=linear_profile())
  found = load_image(tmp_path / "a.png")
  np.testing.assert_allclose(found[0, 0], 128, atol=2)
  assert tuple(found[19, 19]) == WHITE


def test_broken_color_profile_is_ignored_with_a_note(tmp_path, quarters, caplog):
  quarters.save(tmp_path / "a.png", icc_profile=b"not a profile" * 20)
  with caplog.at_level(logging.WARNING):
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), np.asarray(quarters))
  assert "a.png" in caplog.text


@pytest.mark.parametrize("extension", ["gif", "png", "webp"])
def test_animation_gives_its_first_picture_with_a_note(tmp_path, caplog, extension):
  frames = [Image.new("RGB", (20, 20), color) for color in (RED, BLUE)]
  path = tmp_path / f"moving.{extension}"
  options = {"lossless": True} if extension == "webp" else {}
  frames[0].save(path, save_all=True, append_images=frames[1:], **options)
  with caplog.at_level(logging.WARNING):
    assert tuple(load_image(path)[0, 0]) == RED
  assert "moving" in caplog.text
  assert "first" in caplog.text


def test_phone_photo_with_a_second_picture_needs_no_note(tmp_path, quarters, caplog):
  quarters.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[quarters])
  with caplog.at_level(logging.WARNING):
    assert load_image(tmp_path / "a.jpg").shape == (40, 60, 3)
  assert not caplog.text


def test_metadata_goes_no_further(tmp_path, quarters):
  exif = Image.Exif()
  exif[0x010E] = "a secret description"
  quarters.save(tmp_path / "a.jpg", exif=exif)
  pixels = load_image(tmp_path / "a.jpg")
  (face,) = find_faces(pixels, 32, FaceSpec(align="none"), name="a", source="a.jpg")
  saved = io.BytesIO()
  Image.fromarray(((face.image + 1) * 127.5).astype(np.uint8)).save(saved, "PNG")
  assert b"secret" not in saved.getvalue()


def test_middle_square_of_a_picture(quarters):
  spec = FaceSpec(align="none")
  (face,) = find_faces(np.asarray(quarters), 32, spec, name="a", source="a.png")
  assert face.image.shape == (32, 32, 3)
  assert face.image.dtype == np.float32
  assert face.image.min() >= -1
  assert face.image.max() <= 1
  np.testing.assert_allclose(face.image[0, 0], [1, -1, -1], atol=0.01)
  np.testing.assert_allclose(face.image[31, 31], [1, 1, 1], atol=0.01)


def test_square_is_centered():
  wide = np.arange(4 * 7 * 3).reshape(4, 7, 3)
  np.testing.assert_array_equal(center_square(wide), wide[:, 1:5])
  np.testing.assert_array_equal(
    center_square(wide.transpose(1, 0, 2)), wide.transpose(1, 0, 2)[1:5]
  )


def test_shrinking_does_not_alias():
  """A checkerboard of single pixels is grey from afar; nearest or bilinear sampling shows it."""
  board = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
  small = resized(np.repeat(board[..., None], 3, axis=2), 32)
  np.testing.assert_allclose(small[2:-2, 2:-2], 127.5, atol=1.5)


def test_same_size_is_untouched():
  pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
  np.testing.assert_array_equal(resized(pixels, 32), pixels)


def test_impossible_resolution():
  with pytest.raises(ConfigurationError):
    resized(np.zeros((4, 4, 3), np.uint8), 0)
