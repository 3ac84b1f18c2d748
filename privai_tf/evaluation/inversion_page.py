"""`inversions.html`: each photo beside what the generator makes of its code. For the owner only."""

import pathlib

import numpy as np
from PIL import Image

from privai_tf.errors import OutputError
from privai_tf.evaluation import page
from privai_tf.runtime import outside

PAGE = "inversions.html"
_MOST_ROWS = 200
_REMEDY = "remove it, or restore it: the page is made of the folder's files"
_WARNING = (
  "For the owner's eyes only: this page shows the originals, and a code is the photo in another "
  "form. Nothing here is covered by a guarantee."
)


def inversion_page(folder: pathlib.Path) -> str:
  """The page of every face whose `NAME.quality.json` is in a folder, the worst fit first.

  Args:
    folder: holds `NAME.quality.json`, `NAME.original.png` and `NAME.inversion.png`.

  Returns:
    The text of `inversions.html`.
  """
  records = [
    (path.name.removesuffix(".quality.json"), outside.read_json(path, OutputError, _REMEDY))
    for path in sorted(folder.glob("*.quality.json"))
  ]
  records.sort(key=lambda record: -record[1]["unexplained"])
  warned = sum(record["warning"] is not None for _, record in records)
  parts = [
    page.statement(_WARNING, private=False),
    f"<p>{len(records)} faces, {warned} of them with a warning. The worst fit comes first.</p>",
    *(_row(name, record, folder) for name, record in records[:_MOST_ROWS]),
  ]
  if len(records) > _MOST_ROWS:
    parts.append(f"<p>{len(records) - _MOST_ROWS} more are in the folder.</p>")
  return page.page("Photos and their inversions (private)", "\n".join(parts))


def _row(name: str, record: dict, folder: pathlib.Path) -> str:
  cells = []
  for caption in ("original", "inversion"):
    path = folder / f"{name}.{caption}.png"
    if path.exists():
      with Image.open(path) as image:
        cells.append(page.picture(np.asarray(image.convert("RGB")), caption=f"{name}: {caption}"))
  warning = record["warning"]
  told = page.statement(f"{name}: {warning}", private=False) if warning else ""
  hidden = ("warning", "face_sha256", "source")
  figures = [
    (key.replace("_", " "), value)
    for key, value in record.items()
    if key not in hidden and value is not None
  ]
  details = f"<details><summary>figures</summary>{page.table(figures)}</details>"
  return f'<div class="row">{"".join(cells)}</div>{told}{details}'
