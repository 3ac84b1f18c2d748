"""`inversions.html`: each photo beside what the generator makes of its code. For the owner only."""

import heapq
import pathlib
from collections.abc import Iterator

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


def inversion_page(folder: pathlib.Path) -> Iterator[str]:
  """The page of every face whose `NAME.quality.json` is in a folder, the worst fit first.

  Args:
    folder: holds `NAME.quality.json`, `NAME.original.png` and `NAME.inversion.png`.

  Yields:
    The text of `inversions.html`, in pieces.
  """
  yield from page.pieces("Photos and their inversions (private)", _lines(folder))


def _lines(folder: pathlib.Path) -> Iterator[str]:
  count = warned = 0

  def records() -> Iterator[tuple[str, dict]]:
    nonlocal count, warned
    for path in sorted(folder.glob("*.quality.json")):
      record = outside.read_json(path, OutputError, _REMEDY)
      count += 1
      warned += record["warning"] is not None
      yield path.name.removesuffix(".quality.json"), record

  # There may be a million, of which the page holds a few hundred.
  shown = heapq.nsmallest(_MOST_ROWS, records(), key=lambda record: -record[1]["unexplained"])
  yield page.statement(_WARNING, private=False)
  yield f"<p>{count} faces, {warned} of them with a warning. The worst fit comes first.</p>"
  yield from (_row(name, record, folder) for name, record in shown)
  if count > len(shown):
    yield f"<p>{count - len(shown)} more are in the folder.</p>"


def _row(name: str, record: dict, folder: pathlib.Path) -> str:
  cells = []
  for caption in ("original", "inversion"):
    path = folder / f"{name}.{caption}.png"
    if path.exists():
      cells.append(page.picture_of(path, caption=f"{name}: {caption}"))
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
