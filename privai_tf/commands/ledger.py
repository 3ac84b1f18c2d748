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

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger import Ledger, reconciling
from privai_tf.privacy.ledger.database_url import Location, location
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag
from privai_tf.toolkit import ledger_pages

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
  heads = ledger_pages.seen_heads(_STATE_DIR.value)
  if _CLOSE.value:
    count = reconciling.close(_LEDGER.value, heads)
    print(f"{_place()}: accepted; {count} subjects were charged all that they had left")
  else:
    count = reconciling.replay(_LEDGER.value, _CHARGES.value, heads)
    print(f"{_place()}: accepted; {count} charges were added")


def _show(ledger: Ledger) -> None:
  print("\n".join(ledger_pages.account_lines(ledger, _SUBJECT.value or None)))


def _grant(ledger: Ledger) -> None:
  if not _SUBJECT.value or not _EPSILON.value:
    raise ConfigurationError("grant needs --subject_id and --budget_epsilon, for example 1.0")
  before = ledger.remaining(_SUBJECT.value) if _SUBJECT.value in ledger.subjects() else None
  left = ledger.grant(
    _SUBJECT.value,
    _EPSILON.value,
    _DELTA.value,
    composition=_COMPOSITION.value,
    lower=_LOWER.value,
  )
  print(ledger_pages.grant_line(before, left))


def _export(ledger: Ledger) -> None:
  ledger_pages.write_export(ledger_pages.exported(ledger, _SUBJECT.value or None), _OUTPUT.value)


def _accept_clock(ledger: Ledger) -> None:
  ledger.accept_clock()
  print("the present time is accepted as the last entry's")


_RUN = {"create": _create, "adopt": _adopt, "reconcile": _reconcile}
_RUN_OPEN = {"show": _show, "grant": _grant, "export": _export, "accept_clock": _accept_clock}


if __name__ == "__main__":
  command.run(main, ("|".join((*_RUN, *_RUN_OPEN)),))
