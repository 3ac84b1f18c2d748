"""Makes, shows, grants, exports and mends a privacy ledger.

    python -m privai_tf.ledger create --ledger=ledger.db
    python -m privai_tf.ledger grant  --ledger=ledger.db --subject_id=ada --budget_epsilon=2
    python -m privai_tf.ledger show   --ledger=ledger.db [--subject_id=ada]
    python -m privai_tf.ledger export --ledger=ledger.db [--subject_id=ada] [--output=charges.json]

`grant` sets the whole budget; to set less than before, add --lower. `show` of one subject lists its
releases too; amounts are printed in full, ids and subjects are never cut.

An export holds `subjects` (each with `budget_epsilon`, `budget_delta`, what is spent of them and what
is left, `composition`, `release_count`) and `releases` (each with its own `epsilon` and `delta`, exact
decimals, and `time`, ISO 8601 in UTC), oldest first.

--ledger takes a file, or postgresql://USER@HOST/DATABASE where several machines charge one ledger (see
docs/ledger_postgres.md); give the password in libpq's own ways, as ~/.pgpass or PGPASSFILE.

`adopt` makes a ledger known on this machine (moved from another one, or of an older version of this
program): from then on an older copy of it is refused here. PRIVAI_STATE_DIR names the folder where
that is remembered, by default privai_tf in the user's state folder (~/.local/state).

`reconcile` accepts an older copy that was put back, once it has charged what was released since:

    python -m privai_tf.ledger reconcile --ledger=ledger.db --charges=charges.json
    python -m privai_tf.ledger reconcile --ledger=ledger.db --close

--charges takes an export of the lost ledger that holds everything that was ever seen of it, here and
in the manifests under --state_dir; an older one is refused. --close is for when there is none: every
subject is charged all that it had left, as lost charges cannot have been more, and of unknown
directions, so that only scope image may follow after a new grant; and nobody that the copy does not
know is granted a budget by default. Grant budgets again to those of whom you know better.

`accept_clock` accepts the present time after entries that were made under a clock set too far ahead.
"""

import contextlib
import dataclasses
import json
import math
import os
import pathlib
import stat
import sys
from collections.abc import Iterator
from typing import TextIO

from absl import flags

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.privacy.ledger import Head, Ledger, reconciling
from privai_tf.privacy.ledger.database_url import Location, location
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

_LEDGER = shared_flag("ledger")
_SUBJECT = shared_flag("subject_id", "The subject; left out: all subjects.")
_EPSILON = shared_flag("budget_epsilon", "grant: epsilon of all releases together.", kind="string")
_DELTA = shared_flag(
  "budget_delta", "grant: delta of all releases together.", kind="string", default="0"
)
_COMPOSITION = shared_flag("composition", "grant: how releases add up.")
_LOWER = flags.DEFINE_bool("lower", False, "grant: set a budget that is less than before.")
_OUTPUT = shared_flag("output", "export: the JSON file; left out: standard output.")
_CHARGES = flags.DEFINE_string(
  "charges", None, "reconcile: the last export of the lost ledger; charges what the file lacks."
)
_CLOSE = flags.DEFINE_bool(
  "close", False, "reconcile: charge every subject all that it has left; nobody knows what is lost."
)
_STATE_DIR = flags.DEFINE_list(
  "state_dir", [], "reconcile: folders of jobs' manifests, which know how far the ledger was."
)
command_help.first("ledger", "subject_id", "budget_epsilon", "output")


def main(arguments: list[str]) -> None:
  """Does what the command asks, on a ledger that is opened for it where it needs one.

  Raises:
    ConfigurationError: there is no such command, or --ledger is missing.
  """
  (name,) = arguments
  if name not in (*_RUN, *_RUN_OPEN):
    raise ConfigurationError(
      f"command '{name}': must be one of {', '.join((*_RUN, *_RUN_OPEN))}, for example "
      "python -m privai_tf.ledger show --ledger=ledger.db"
    )
  if not _LEDGER.value:
    raise ConfigurationError("--ledger is missing: name the ledger's file or database")
  if name in _RUN:
    _RUN[name]()
    return
  with Ledger.open(_LEDGER.value) as ledger:
    _RUN_OPEN[name](ledger)


def _place() -> Location:
  """As it is shown: without a password."""
  return location(_LEDGER.value)


def _create() -> None:
  Ledger.create(_LEDGER.value).close()
  print(f"{_place()}: a new ledger, in which nobody has a budget")


def _adopt() -> None:
  head = reconciling.adopt(_LEDGER.value)
  print(f"{_place()}: known here from now on, at entry {head.sequence}")


def _reconcile() -> None:
  if (_CHARGES.value is None) == (not _CLOSE.value):
    raise ConfigurationError(
      "reconcile needs --charges=charges.json (the last export of the lost ledger), or --close if "
      "there is none: that charges every subject all that it has left"
    )
  heads = [head for folder in _STATE_DIR.value for head in _heads(pathlib.Path(folder))]
  if _CLOSE.value:
    count = reconciling.close(_LEDGER.value, heads)
    print(f"{_place()}: accepted; {count} subjects were charged all that they had left")
  else:
    count = reconciling.replay(_LEDGER.value, _CHARGES.value, heads)
    print(f"{_place()}: accepted; {count} charges were added")


def _heads(folder: pathlib.Path) -> Iterator[Head]:
  """How far jobs saw the ledger."""
  from privai_tf.jobs.settlement import LEDGER_NOTE
  from privai_tf.runtime.manifest_files import read_note

  manifests = sorted(folder.glob("manifest*.db"))
  if not manifests:
    raise ConfigurationError(f"--state_dir={folder}: holds no manifest; name a job's --state_dir")
  for path in manifests:
    note = read_note(path, LEDGER_NOTE)
    if note is not None:
      yield Head.from_json(note)


def _show(ledger: Ledger) -> None:
  subjects = [_SUBJECT.value] if _SUBJECT.value else ledger.subjects()
  rows = [ledger.remaining(subject) for subject in subjects]
  head = ("subject", "left", "spent", "budget", "delta", "releases", "rule")
  amounts = ("epsilon", "spent_epsilon", "budget_epsilon", "budget_delta")
  _print_table(
    head,
    [
      (
        row.subject,
        *(_number(getattr(row, name)) for name in amounts),
        str(row.releases),
        row.composition,
      )
      for row in rows
    ],
  )
  releases = ledger.releases(_SUBJECT.value) if _SUBJECT.value else []
  if releases:
    print()
    names = ("time", "release_id", "epsilon", "delta", "mechanism", "scope")
    _print_table(names, [tuple(str(release[name]) for name in names) for release in releases])


def _print_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
  """Columns as wide as what is in them: what is cut off could not be given to another command."""
  widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
  for row in (head, *rows):
    cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
    print("  ".join(cells).rstrip())


def _number(value: float) -> str:
  """All digits: rounded, what is left might be more than there is."""
  return repr(int(value)) if value == int(value) else repr(value)


def _grant(ledger: Ledger) -> None:
  if not _SUBJECT.value or not _EPSILON.value:
    raise ConfigurationError("grant needs --subject_id and --budget_epsilon, for example 1.0")
  subject = _SUBJECT.value
  before = ledger.remaining(subject) if subject in ledger.subjects() else None
  left = ledger.grant(
    subject,
    _EPSILON.value,
    _DELTA.value,
    composition=_COMPOSITION.value,
    lower=_LOWER.value,
  )
  changed = before is not None and (
    (left.budget_epsilon, left.budget_delta) != (before.budget_epsilon, before.budget_delta)
  )
  print(
    f"{subject}: budget epsilon {_number(left.budget_epsilon)}, delta {_number(left.budget_delta)}; "
    f"epsilon {_number(left.epsilon)} left"
    + (
      f" (before: {_number(before.budget_epsilon)}, {_number(before.budget_delta)})"
      if changed
      else ""
    )
  )


def _export(ledger: Ledger) -> None:
  with ledger.together():  # As of one moment: charges and what says that they are all.
    subjects = [_SUBJECT.value] if _SUBJECT.value else ledger.subjects()
    budgets = [dataclasses.asdict(ledger.remaining(subject)) for subject in subjects]
    content = {"subjects": budgets, "releases": ledger.releases(_SUBJECT.value)}
    if not _SUBJECT.value:
      content |= ledger.history()
  for budget in budgets:
    # In a release, `epsilon` is what it cost, and `releases` are all of them.
    for ambiguous, name in _LEFT.items():
      budget[name] = budget.pop(ambiguous)
    # JSON has no infinity; null says that no finite epsilon holds at the budget's delta.
    if math.isinf(budget["spent_epsilon"]):
      budget["spent_epsilon"] = None
  with _destination(_OUTPUT.value) as stream:
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


def _accept_clock(ledger: Ledger) -> None:
  ledger.accept_clock()
  print("the present time is accepted as the last entry's")


_LEFT = {"epsilon": "left_epsilon", "delta": "left_delta", "releases": "release_count"}
_RUN = {"create": _create, "adopt": _adopt, "reconcile": _reconcile}
_RUN_OPEN = {"show": _show, "grant": _grant, "export": _export, "accept_clock": _accept_clock}


if __name__ == "__main__":
  command.run(main, ("|".join((*_RUN, *_RUN_OPEN)),))
