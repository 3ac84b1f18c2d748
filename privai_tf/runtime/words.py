"""Long lines for people: as wide as their terminal, whole where a program reads."""

import shutil
import sys
import textwrap

_WIDEST = 100  # Longer lines are hard to read.


def wrapped(text: str) -> str:
  """Text for standard output: broken between words on a terminal, as it is elsewhere.

  Args:
    text: lines; each is broken on its own, and no word is.
  """
  if not sys.stdout.isatty():
    return text
  width = min(shutil.get_terminal_size().columns, _WIDEST)
  return "\n".join(
    textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
    for line in text.split("\n")
  )
