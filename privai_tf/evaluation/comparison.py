"""`comparison.html`: the owner's page. What was released and how, what to look at first, every face.

It shows the photos themselves, so it lives in the private folder and nowhere else. It is made from the
folders alone, so that a resumed run, and the last of several processes, show everything.
"""

import heapq
import html
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from privai_tf.artifacts import Guarantee
from privai_tf.evaluation import owner_row, page
from privai_tf.evaluation.owner_faces import Face, read_faces, read_tables
from privai_tf.evaluation.owner_style import STYLE
from privai_tf.evaluation.owner_summary import summary

_MOST_ROWS = 200
_MOST_FAILURES = 200
_PRIVATE = (
  "For the owner's eyes only: this page shows the originals and figures computed from them. Publishing "
  "it voids every guarantee."
)
_HINT = (
  "What needs a look comes first. Each hidden attribute is shown before and after: the probability that "
  "it shows (by the checkpoint's classifier), else the code's distance from the boundary, positive where "
  "it is present. The hollow mark is before, the full one after."
)
_CHOOSING = (
  "Choosing voids the guarantee too: who releases a photo several times, looks at the original and "
  "publishes the result that suits best gives away more than any sum of epsilons says. Decide by the "
  "original, the inversion and the settings, before the noise is drawn; not by the privatized picture."
)


def comparison_page(
  private_dir: pathlib.Path,
  output_dir: pathlib.Path,
  guarantee: Guarantee | None = None,
  configuration: Mapping[str, Any] | None = None,
  notes: Sequence[str] = (),
) -> Iterator[str]:
  """The comparison of every input whose private record is in the folder, what needs a look first.

  Args:
    private_dir: what `PrivateFolder` writes.
    output_dir: the publishable folder.
    guarantee: of the releases.
    configuration: of the job, from `Stages.configuration`.
    notes: lines on how the releases were made.

  Yields:
    The text of `comparison.html`, in pieces.
  """
  title = "Originals and privatized faces (private)"
  lines = _lines(private_dir, output_dir, guarantee, configuration or {}, notes)
  yield from page.pieces(title, filter(None, lines), STYLE)


def _lines(
  private_dir: pathlib.Path,
  output_dir: pathlib.Path,
  guarantee: Guarantee | None,
  configuration: Mapping[str, Any],
  notes: Sequence[str],
) -> Iterator[str]:
  counts: dict[str, int] = {"faces": 0, "released": 0, "warned": 0}

  def counted():
    for face in read_faces(private_dir, output_dir):
      counts["faces"] += 1
      counts["released"] += face.released
      counts["warned"] += face.released and face.warning is not None
      yield face

  # There may be a million, of which the page holds a few hundred.
  shown = heapq.nsmallest(_MOST_ROWS, counted(), key=Face.urgency)
  failures = read_tables(private_dir, "failures")
  charges = read_tables(private_dir, "charges")
  reasons = {row["name"]: row["reason"] for row in failures}
  yield f'<p class="private">{html.escape(_PRIVATE)}</p>'
  yield summary(counts, failures, charges, guarantee, configuration)
  yield page.notes(notes)
  yield page.folded("Choosing among releases", f"<p>{html.escape(_CHOOSING)}</p>")
  if guarantee is not None:
    promise = page.statement(guarantee.statement, guarantee.private)
    yield page.folded("What is promised, word for word", promise)
  yield _failures(failures)
  hint = f'<h2>Faces</h2><p class="hint">{html.escape(_HINT)}</p>'
  yield hint if shown else "<p>No input was finished in this run.</p>"
  for face in shown:
    yield owner_row.row(face, reasons.get(face.output))
  if counts["faces"] > len(shown):
    yield f"<p>{counts['faces'] - len(shown)} more are in the folder.</p>"


def _failures(failures: list[dict[str, str]]) -> str:
  """The inputs that failed, in a folded table; "" if none did."""
  if not failures:
    return ""
  names = ("name", "stage", "published", "reason")
  head = "".join(f"<th>{name}</th>" for name in names)
  rows = [
    "<tr>" + "".join(f"<td>{html.escape(row.get(name, ''))}</td>" for name in names) + "</tr>"
    for row in failures[:_MOST_FAILURES]
  ]
  more = len(failures) - len(rows)
  text = f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'
  text += f"<p>{more} more are in failures.csv.</p>" if more else ""
  text += (
    "<p>Once the causes are mended, the same command with <code>--retry_failures</code> runs those "
  )
  text += "again of which nothing is published.</p>"
  inputs = "1 input" if len(failures) == 1 else f"{len(failures)} inputs"
  return page.folded(f"{inputs} failed", text)
