"""What the pages show: commands for the shell, and Python."""

import ast
import dataclasses
import pathlib
import re
import shlex
from collections.abc import Iterator

from privai_tf.shell.commands import COMMANDS

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n+)+)")
_BARE = re.compile(r"^ *((?:python|privai) .*)", re.MULTILINE)  # In a docstring.
_SPAN = re.compile(r"`([^`]+)`")
_SHELL = ("", "sh", "bash", "console")
_BEFORE = re.compile(r"time|exec|nice|sudo|\w+=.*")  # What may stand before a command.


@dataclasses.dataclass(frozen=True)
class Command:
  """One of our commands, as a page shows it.

  Attributes:
    page: the page's path from the repository's root.
    module: as `python -m` takes it; a path where a file is run.
    arguments: all that follows. "..." stands for what the page leaves out, which a sentence may.
  """

  page: str
  module: str
  arguments: tuple[str, ...]

  def __str__(self) -> str:
    return f"{self.page}: {' '.join((self.module, *self.arguments))}"


def pages(repository: pathlib.Path) -> dict[str, str]:
  """The text of every page for users, by its path from the root."""
  files = [
    repository / "README.md",
    repository / "deploy" / "README.md",
    repository / "demo" / "README.md",
    *sorted((repository / "docs").rglob("*.md")),
  ]
  return {str(file.relative_to(repository)): file.read_text(encoding="utf-8") for file in files}


def docstrings(repository: pathlib.Path) -> dict[str, str]:
  """What every file that may be run says of itself, by its path from the root."""
  files = [repository / "run_privatize.py"]
  for folder in ("privai_tf", "converters", "demo", "benchmarks"):
    files += sorted((repository / folder).rglob("*.py"))
  texts = {str(file.relative_to(repository)): file.read_text(encoding="utf-8") for file in files}
  return {
    file: ast.get_docstring(ast.parse(text)) or ""
    for file, text in texts.items()
    if '__name__ == "__main__"' in text
  }


def python_blocks(text: str) -> list[str]:
  """Fenced and indented Python, without its indentation."""
  fenced = [block for language, block in _FENCE.findall(text) if language == "python"]
  indented = [
    re.sub(r"^ {4}", "", block, flags=re.MULTILINE)
    for block in _INDENTED.findall(_FENCE.sub("", text))
  ]
  return [*fenced, *(block for block in indented if re.match(r"from |import ", block))]


def spans(text: str) -> list[str]:
  """What stands between backquotes in sentences and tables, each in one line."""
  prose = _INDENTED.sub("\n", _FENCE.sub("", text))
  return [" ".join(span.replace("\\|", "|").split()) for span in _SPAN.findall(prose)]


def commands(page: str, text: str) -> Iterator[Command]:
  """Every command of ours on a page, or in a docstring: in blocks, tables and sentences.

  Args:
    page: its path.
    text: its text.
  """
  blocks = [block for language, block in _FENCE.findall(text) if language in _SHELL]
  blocks += _INDENTED.findall(_FENCE.sub("", text))
  if page.endswith(".py"):
    blocks = ["\n".join(_BARE.findall(text.replace("\\\n", " ")))]
  lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
  for line in [*lines, *(f"{span} ..." for span in spans(text))]:
    for words in _simple_commands(line):
      if (found := _ours(words)) is not None:
        yield Command(page, found[0], tuple(found[1:]))


def _simple_commands(line: str) -> Iterator[list[str]]:
  """The commands of a line, which `|`, `&&`, `;` and brackets part."""
  lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
  lexer.whitespace_split = True
  words = []
  try:
    for word in lexer:
      if set(word) <= set("();<>|&"):
        yield words
        words = []
      else:
        words.append(word)
  except ValueError:  # A sentence's apostrophe.
    if "--" in line:
      raise
  yield words


def _ours(words: list[str]) -> list[str] | None:
  """The module and the arguments, if this is a command of ours."""
  while words and _BEFORE.fullmatch(words[0]):
    words = words[1:]
  if not words:
    return None
  first, *rest = words
  if re.fullmatch(r"(.*/)?python3?", first):
    if rest[:1] == ["-m"]:
      return rest[1:]
    return rest if rest and rest[0].endswith(".py") else None
  if first == "privai":
    name = rest[0] if rest else "--help"
    if name == "..." or name.startswith("-") or name.isupper():
      return None
    return [COMMANDS.get(name.replace("_", "-"), f"privai {name}"), *rest[1:]]
  if first in ("make", "run_privatize.py"):
    return words
  if first.replace("_", "-") in COMMANDS and any(word.startswith("--") for word in rest):
    return [COMMANDS[first.replace("_", "-")], *rest]  # `ledger show --subject_id=ada`
  return None
