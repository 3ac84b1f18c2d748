"""Shows, grants and exports the budgets of a privacy ledger.

    python -m privai_tf.ledger show   --ledger=ledger.db [--subject_id=ada]
    python -m privai_tf.ledger grant  --ledger=ledger.db --subject_id=ada --budget_epsilon=2
    python -m privai_tf.ledger export --ledger=ledger.db [--subject_id=ada] [--output=charges.json]

`accept_clock` accepts the present time after entries that were made under a clock set too far ahead.
"""

import contextlib
import dataclasses
import json
import math
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from absl import flags

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.privacy.ledger import Ledger
from privai_tf.runtime import command

_LEDGER = flags.DEFINE_string("ledger", None, "The ledger's file.")
_SUBJECT = flags.DEFINE_string("subject_id", None, "The subject; left out: all subjects.")
_EPSILON = flags.DEFINE_string("budget_epsilon", None, "grant: epsilon of all releases together.")
_DELTA = flags.DEFINE_string("budget_delta", "0", "grant: delta of all releases together.")
_COMPOSITION = flags.DEFINE_enum(
  "composition", "basic", ["basic", "adaptive", "planned"], "grant: how releases add up."
)
_OUTPUT = flags.DEFINE_string("output", None, "export: the JSON file; left out: standard output.")


def main(arguments: list[str]) -> None:
  (name,) = arguments
  if name not in _RUN:
    raise ConfigurationError(
      f"command '{name}': must be one of {', '.join(_RUN)}, for example "
      "python -m privai_tf.ledger show --ledger=ledger.db"
    )
  if not _LEDGER.value:
    raise ConfigurationError("--ledger is missing: name the ledger's file")
  with Ledger.open(_LEDGER.value, create=name == "grant") as ledger:
    _RUN[name](ledger)


def _show(ledger: Ledger) -> None:
  subjects = [_SUBJECT.value] if _SUBJECT.value else ledger.subjects()
  print(
    f"{'subject':<24} {'left':>10} {'spent':>10} {'budget':>10} {'delta':>8} {'releases':>8}  rule"
  )
  for subject in subjects:
    left = ledger.remaining(subject)
    name = subject if len(subject) <= 24 else f"{subject[:21]}..."
    print(
      f"{name:<24} {left.epsilon:>10.6g} {left.spent_epsilon:>10.6g} {left.budget_epsilon:>10.6g}"
      f" {left.budget_delta:>8.2g} {left.releases:>8}  {left.composition}"
    )


def _grant(ledger: Ledger) -> None:
  if not _SUBJECT.value or not _EPSILON.value:
    raise ConfigurationError("grant needs --subject_id and --budget_epsilon, for example 1.0")
  left = ledger.grant(_SUBJECT.value, _EPSILON.value, _DELTA.value, composition=_COMPOSITION.value)
  print(
    f"{left.subject}: budget epsilon {left.budget_epsilon:g}, delta {left.budget_delta:g}; "
    f"epsilon {left.epsilon:g} left"
  )


def _export(ledger: Ledger) -> None:
  subjects = [_SUBJECT.value] if _SUBJECT.value else ledger.subjects()
  budgets = [dataclasses.asdict(ledger.remaining(subject)) for subject in subjects]
  for budget in budgets:
    # JSON has no infinity; null says that no finite epsilon holds at the budget's delta.
    if math.isinf(budget["spent_epsilon"]):
      budget["spent_epsilon"] = None
  content = {"subjects": budgets, "releases": ledger.releases(_SUBJECT.value)}
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
    with open(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as stream:
      yield stream
  except OSError as error:
    raise OutputError(f"{path}: cannot be written ({error.strerror}); name another file") from error


def _accept_clock(ledger: Ledger) -> None:
  ledger.accept_clock()
  print("the present time is accepted as the last entry's")


_RUN = {"show": _show, "grant": _grant, "export": _export, "accept_clock": _accept_clock}


if __name__ == "__main__":
  command.run(main, ("show|grant|export|accept_clock",))
