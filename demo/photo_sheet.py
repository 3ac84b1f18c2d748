r"""A small sheet of what `make demo-photo` made: docs/pictures/photo_sheet.jpg.

    python -m demo.photo && python -m demo.photo_sheet

All faces are made up by the generator; who drew them and under which terms is told in docs/networks.md.
"""

from pathlib import Path

import numpy as np
from absl import app, flags

_PRIVATE_DIR = flags.DEFINE_string("private_dir", "demo_photo_private", "Of the demo.")
_RELEASED_DIR = flags.DEFINE_string("released_dir", "demo_photo_output", "Of the demo.")
_OUTPUT = flags.DEFINE_string("output", "docs/pictures/photo_sheet.jpg", "The picture.")
_FACES = flags.DEFINE_integer("faces", 6, "How many.", lower_bound=1)
_SIDE = flags.DEFINE_integer("side", 224, "Of a face, in pixels.", lower_bound=16)
_NAMES = ("sample", "read back", "released")
_MARGIN, _LABEL, _QUALITY = 4, 78, 88


def photo_sheet(private: Path, released: Path, faces: int, side: int):
  """Faces in columns: the sample, what its code draws, and the release.

  Args:
    private, released: the demo's folders.
    faces: the most columns.
    side: of a face.

  Returns:
    A `PIL.Image`.
  """
  from PIL import Image, ImageDraw, ImageFont

  originals = sorted(private.glob("*.original.png"))[:faces]
  step = side + _MARGIN
  sheet = Image.new("RGB", (_LABEL + step * len(originals), step * len(_NAMES)), "white")
  draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
  for row, name in enumerate(_NAMES):
    draw.text((_MARGIN, row * step + side // 2), name, fill="black", font=font, anchor="lm")
  for column, path in enumerate(originals):
    stem = path.name.removesuffix(".original.png")
    pictures = (path, private / f"{stem}.inversion.png", released / f"{stem}.png")
    for row, picture in enumerate(pictures):
      with Image.open(picture) as image:
        small = image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
      sheet.paste(small, (_LABEL + column * step, row * step))
  return sheet


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  sheet = photo_sheet(
    Path(_PRIVATE_DIR.value), Path(_RELEASED_DIR.value), _FACES.value, _SIDE.value
  )
  sheet.save(_OUTPUT.value, quality=_QUALITY, optimize=True)
  print(f"{_OUTPUT.value}: {np.asarray(sheet).shape}, {Path(_OUTPUT.value).stat().st_size} bytes.")


if __name__ == "__main__":
  app.run(main)
