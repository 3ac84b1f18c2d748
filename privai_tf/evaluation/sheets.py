"""Many pictures in one: contact sheets, strips, and pictures that move."""

import importlib.util
import math
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from privai_tf.errors import ConfigurationError
from privai_tf.generators.pixels import to_uint8
from privai_tf.runtime.files import atomic_file, output_error

_GAP = 2
_BACKGROUND = (255, 255, 255)


def contact_sheet(
  pictures: Sequence[Image.Image], *, columns: int | None = None, cell: int = 128
) -> Image.Image:
  """Pictures in rows, from left to right and top to bottom.

  Args:
    pictures: at least one, of one size.
    columns: pictures a row; None: as many as make it about square.
    cell: the longest side of each, in pixels; smaller pictures keep their size.

  Returns:
    The sheet, in RGB.
  """
  columns = columns or math.ceil(math.sqrt(len(pictures)))
  columns = min(columns, len(pictures))
  cells = [_shrunk(picture, cell) for picture in pictures]
  width, height = cells[0].size
  rows = math.ceil(len(cells) / columns)
  size = (columns * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP)
  sheet = Image.new("RGB", size, _BACKGROUND)
  for index, picture in enumerate(cells):
    row, column = divmod(index, columns)
    sheet.paste(picture, (column * (width + _GAP), row * (height + _GAP)))
  return sheet


def sheet(rows: Sequence[np.ndarray], *, family: str = "stylegan", cell: int = 128) -> Image.Image:
  """Images in rows, as a generator gives them: originals above, releases below.

  Args:
    rows: float [N, R, R, C] in [-1, 1] each, at least one, of one shape.
    family: the generator's, for the rounding of its pixels.
    cell: the longest side of each picture, in pixels; smaller ones keep their size.

  Returns:
    The sheet, in RGB.

  Raises:
    ConfigurationError: if the rows do not match.
  """
  if not rows or any(np.shape(row) != np.shape(rows[0]) for row in rows):
    raise ConfigurationError("sheet needs one row of images or more, all of one shape.")
  pictures = [picture(one[..., :3]) for row in rows for one in to_uint8(row, family=family)]
  return contact_sheet(pictures, columns=len(rows[0]), cell=cell)


def strip(pictures: Sequence[Image.Image], *, cell: int = 256) -> Image.Image:
  """Pictures side by side; see `contact_sheet`.

  Args:
    pictures: at least one, of equal size.
    cell: the longest side of each, in pixels; smaller ones keep their size.
  """
  return contact_sheet(pictures, columns=len(pictures), cell=cell)


def picture(pixels: np.ndarray) -> Image.Image:
  """The picture of pixels uint8 [H, W, 3] or, in grey, [H, W, 1].

  Args:
    pixels: RGB or grey.
  """
  return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def save_png(path: str | os.PathLike, image: Image.Image) -> None:
  """Writes a PNG that is whole or absent.

  Raises:
    OutputError: if it cannot be written.
  """
  with atomic_file(path) as file:
    image.save(file, format="PNG")


def save_gif(
  path: str | os.PathLike, pictures: Sequence[Image.Image], *, milliseconds: int = 120
) -> None:
  """Writes an endless animation of 256 colours, there and back again.

  Args:
    path: ends in `.gif`.
    pictures: at least one, of one size.
    milliseconds: how long each is shown.

  Raises:
    OutputError: if it cannot be written.
  """
  frames = [frame.convert("RGB") for frame in _there_and_back(pictures)]
  with atomic_file(path) as file:
    frames[0].save(
      file, format="GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0
    )


def require_mp4() -> None:
  """Refuses films where the encoder is missing.

  Raises:
    ConfigurationError: saying what to install.
  """
  if importlib.util.find_spec("imageio_ffmpeg") is None:
    raise ConfigurationError(
      "MP4 needs the package imageio-ffmpeg, which is not installed: pip install imageio-ffmpeg, or "
      "ask for a GIF."
    )


def save_mp4(
  path: str | os.PathLike, pictures: Sequence[Image.Image], *, milliseconds: int = 120
) -> None:
  """Writes a film (H.264), there and back again; odd sides lose their last row or column.

  Args:
    path: ends in `.mp4`.
    pictures: at least one, of one size.
    milliseconds: how long each is shown.

  Raises:
    ConfigurationError: if the encoder is missing.
    OutputError: if it cannot be written.
  """
  require_mp4()
  import imageio_ffmpeg

  path = Path(path)
  frames = [np.asarray(frame.convert("RGB")) for frame in _there_and_back(pictures)]
  height, width = (side // 2 * 2 for side in frames[0].shape[:2])
  # The encoder opens the file itself, so the rename is ours to do.
  temporary = path.parent / f".tmp-{secrets.token_hex(8)}.mp4"
  try:
    writer = imageio_ffmpeg.write_frames(
      str(temporary), (width, height), fps=1000 / milliseconds, macro_block_size=2
    )
    writer.send(None)
    for frame in frames:
      writer.send(np.ascontiguousarray(frame[:height, :width]))
    writer.close()
    os.replace(temporary, path)
  except OSError as error:
    raise output_error(path, error) from error
  finally:
    temporary.unlink(missing_ok=True)


def _there_and_back(pictures: Sequence[Image.Image]) -> list[Image.Image]:
  return [*pictures, *pictures[-2:0:-1]]


def _shrunk(image: Image.Image, cell: int) -> Image.Image:
  image = image.convert("RGB")
  image.thumbnail((cell, cell), Image.Resampling.LANCZOS)
  return image
