"""`comparison.html`: the owner's page, with original, inversion and privatized image side by side.

It shows the photos themselves, so it lives in the private folder and nowhere else.
"""

import json
import pathlib

import numpy as np
from PIL import Image

from privai_tf.artifacts import Guarantee
from privai_tf.evaluation import page

_MOST_ROWS = 200
_WARNING = (
  "For the owner's eyes only: this page shows the originals and figures computed from them. Publishing "
  "it voids every guarantee. So does choosing: who releases a photo several times, looks at the "
  "original and publishes the result that suits best gives away more than any sum of epsilons says. "
  "Decide by the original, the inversion and the settings, before the noise is drawn; not by the "
  "privatized picture."
)


def comparison_page(
  private_dir: pathlib.Path, output_dir: pathlib.Path, guarantee: Guarantee | None = None
) -> str:
  """The comparison of every input whose private record is in the folder.

  Args:
    private_dir: holds `NAME.quality.json` and, for photos, `NAME.original.png` and
      `NAME.inversion.png`.
    output_dir: holds the privatized `NAME.png`.
    guarantee: of the releases; its statement says what the rest of these codes tells.

  Returns:
    The text of `comparison.html`.
  """
  records = sorted(private_dir.glob("*.quality.json"))
  parts = [page.statement(_WARNING, private=False)]
  if guarantee is not None:
    parts.append(page.statement(guarantee.statement, guarantee.private))
  for path in records[:_MOST_ROWS]:
    name = path.name.removesuffix(".quality.json")
    quality = json.loads(path.read_text(encoding="utf-8"))
    parts.append(_row(name, quality, private_dir, output_dir))
  if len(records) > _MOST_ROWS:
    parts.append(f"<p>{len(records) - _MOST_ROWS} more are in the folder.</p>")
  if not records:
    parts.append("<p>No input was finished in this run.</p>")
  return page.page("Originals and privatized faces (private)", "\n".join(parts))


def _row(name: str, quality: dict, private_dir: pathlib.Path, output_dir: pathlib.Path) -> str:
  cells = []
  for caption, path in (
    ("original", private_dir / f"{name}.original.png"),
    ("inversion", private_dir / f"{name}.inversion.png"),
    ("privatized", output_dir / f"{name}.png"),
  ):
    if path.exists():
      with Image.open(path) as image:
        cells.append(page.picture(np.asarray(image.convert("RGB")), caption=f"{name}: {caption}"))
  known = {key: value for key, value in quality.items() if key != "warning" and value is not None}
  figures = [(key.replace("_", " "), value) for key, value in known.items()]
  warning = quality.get("warning")
  told = page.statement(f"{name}: {warning}", private=False) if warning else ""
  return f'<div class="row">{"".join(cells)}</div>{told}{page.table(figures)}'
