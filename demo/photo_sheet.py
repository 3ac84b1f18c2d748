r"""A small sheet of what `make demo-photo` searched and released: docs/pictures/photo_sheet.jpg.

    python -m demo.photo --likeness=6 && python -m demo.photo_sheet

All faces are made up by the generator; who drew them and under which terms is told in docs/networks.md.
"""

from pathlib import Path

import numpy as np
from absl import app, flags

from privai_tf.demo.sheets import photo_sheet

_PRIVATE_DIR = flags.DEFINE_string("private_dir", "demo_photo_private-likeness", "Of the demo.")
_RELEASED_DIR = flags.DEFINE_string("released_dir", "demo_photo_output-likeness", "Of the demo.")
_OUTPUT = flags.DEFINE_string("output", "docs/pictures/photo_sheet.jpg", "The picture.")
_FACES = flags.DEFINE_integer("faces", 6, "How many.", lower_bound=1)
_SIDE = flags.DEFINE_integer("side", 224, "Of a face, in pixels.", lower_bound=16)
_QUALITY = 88


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
