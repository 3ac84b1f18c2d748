"""The table itself: what is expected of each cell, and why where it does not work."""

from benchmarks.conformance.cells import CELLS
from benchmarks.conformance.families import NETWORKS

YES = "yes"
_NEEDS_LABELS = "This network needs labels"
_NO_LABEL_TO_KNOW = "depends on its label too"
# (row, column): the reason, in words of the refusal that a user gets.
REASONS: dict[tuple[str, str], str] = {
  ("pggan, labels", "XLA"): _NEEDS_LABELS,
  ("pggan, labels", "invert"): _NEEDS_LABELS,
  ("pggan, labels", "encoder"): _NO_LABEL_TO_KNOW,
  ("pggan, labels", "release: attribute"): _NEEDS_LABELS,
  ("pggan, labels", "release: image"): _NEEDS_LABELS,
  ("pggan, labels", "release: metric"): _NEEDS_LABELS,
  ("pggan, labels", "SavedModel"): "Z codes need labels, which served requests do not have",
  ("pggan, labels", "Beam"): _NEEDS_LABELS,
  ("pggan, labels", "gateway"): _NEEDS_LABELS,
}


def expected(row: str, column: str) -> str:
  """`YES`, or why not."""
  return REASONS.get((row, column), YES)


def markdown() -> str:
  """The table for docs/networks.md, reasons as numbered notes below it."""
  notes: list[str] = []
  lines = [f"| | {' | '.join(CELLS)} |", f"|---|{'---|' * len(CELLS)}"]
  for row in NETWORKS:
    cells = []
    for column in CELLS:
      words = expected(row, column)
      if words != YES:
        if words not in notes:
          notes.append(words)
        words = f"no ({notes.index(words) + 1})"
      cells.append(words)
    lines.append(f"| {row} | {' | '.join(cells)} |")
  return "\n".join([*lines, "", *(f"{i}. {note}" for i, note in enumerate(notes, start=1))]).strip()
