"""What people and programs read of a privacy ledger: accounts, exports, how far jobs saw it."""

import contextlib
import dataclasses
import json
import math
import os
import pathlib
import stat
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.privacy.ledger import Head, Ledger

_COLUMNS = ("subject", "left", "spent", "budget", "delta", "releases", "rule")
_AMOUNTS = ("epsilon", "spent_epsilon", "budget_epsilon", "budget_delta")
_OF_RELEASES = ("time", "release_id", "epsilon", "delta", "mechanism", "scope")
_LEFT = {"epsilon": "left_epsilon", "delta": "left_delta", "releases": "release_count"}


def account_lines(ledger: Ledger, subject: str | None) -> list[str]:
  """A table of what subjects have left and, of a single one, of its releases; nothing is cut.

  Args:
    ledger: an open one.
    subject: whose account; None: all, without their releases.
  """
  subjects = [subject] if subject else ledger.subjects()
  rows = [ledger.remaining(one) for one in subjects]
  accounts = [
    (
      row.subject,
      *(_number(getattr(row, name)) for name in _AMOUNTS),
      str(row.releases),
      row.composition,
    )
    for row in rows
  ]
  lines = _table(_COLUMNS, accounts)
  if releases := ledger.releases(subject) if subject else []:
    cells = [tuple(str(release[name]) for name in _OF_RELEASES) for release in releases]
    lines += ["", *_table(_OF_RELEASES, cells)]
  return lines


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
  """Columns as wide as what is in them: what is cut off could not be given to another command."""
  widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
  return [
    "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
    for row in (head, *rows)
  ]


def _number(value: float) -> str:
  """All digits: rounded, what is left might be more than there is."""
  return repr(int(value)) if value == int(value) else repr(value)


def grant_line(before: Any | None, left: Any) -> str:
  """What a grant made of a budget.

  Args:
    before: what `Ledger.remaining` said; None: the subject was unknown.
    left: what `Ledger.grant` said.
  """
  old = ""
  if before is not None and (
    (left.budget_epsilon, left.budget_delta) != (before.budget_epsilon, before.budget_delta)
  ):
    old = f" (before: {_number(before.budget_epsilon)}, {_number(before.budget_delta)})"
  return (
    f"{left.subject}: budget epsilon {_number(left.budget_epsilon)}, "
    f"delta {_number(left.budget_delta)}; epsilon {_number(left.epsilon)} left{old}"
  )


def exported(ledger: Ledger, subject: str | None) -> dict[str, Any]:
  """Budgets and releases as JSON values; of all subjects, with what says that they are all.

  Args:
    ledger: an open one.
    subject: whose; None: all.
  """
  with ledger.together():  # As of one moment: charges and what says that they are all.
    subjects = [subject] if subject else ledger.subjects()
    budgets = [dataclasses.asdict(ledger.remaining(one)) for one in subjects]
    content = {"subjects": budgets, "releases": ledger.releases(subject)}
    if not subject:
      content |= ledger.history()
  for budget in budgets:
    # In a release, `epsilon` is what it cost, and `releases` are all of them.
    for ambiguous, name in _LEFT.items():
      budget[name] = budget.pop(ambiguous)
    # JSON has no infinity; null says that no finite epsilon holds at the budget's delta.
    if math.isinf(budget["spent_epsilon"]):
      budget["spent_epsilon"] = None
  return content


def write_export(content: dict[str, Any], path: str | None) -> None:
  """Writes an export, to standard output or a file that only its owner can read.

  Raises:
    OutputError: the file cannot be written.
  """
  with _destination(path) as stream:
    json.dump(content, stream, indent=1)
    stream.write("\n")


@contextlib.contextmanager
def _destination(path: str | None) -> Iterator[TextIO]:
  """Standard output, or a file that only the owner can read: the export names subjects."""
  if path is None:
    yield sys.stdout
    return
  try:
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
      if stat.S_ISREG(os.fstat(descriptor).st_mode) and hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)  # A file that was there keeps its mode else.
      yield stream
  except OSError as error:
    raise OutputError(f"{path}: cannot be written ({error.strerror}); name another file") from error


def seen_heads(state_dirs: Sequence[str]) -> list[Head]:
  """How far jobs saw the ledger, as the manifests in their state folders say.

  Raises:
    ConfigurationError: a folder holds no manifest.
  """
  from privai_tf.jobs.settlement import LEDGER_NOTE
  from privai_tf.runtime.manifest_files import read_note

  heads = []
  for folder in map(pathlib.Path, state_dirs):
    manifests = sorted(folder.glob("manifest*.db"))
    if not manifests:
      raise ConfigurationError(f"--state_dir={folder}: holds no manifest; name a job's --state_dir")
    notes = (read_note(path, LEDGER_NOTE) for path in manifests)
    heads += [Head.from_json(note) for note in notes if note is not None]
  return heads
