"""The table itself: what is expected of each cell, and why where it does not work."""

from benchmarks.conformance.cells import CELLS
from benchmarks.conformance.families import NETWORKS

YES = "yes"
# (row, column): the reason; its first words are those of the refusal that a user gets.
REASONS: dict[tuple[str, str], str] = {}


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
