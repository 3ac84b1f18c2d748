"""`python -m privai_tf.ledger` where it must not go on: each in one line, and nothing was charged."""

import shutil
import subprocess
import sys

import pytest

from privai_tf.privacy.ledger import BudgetExceededError, Ledger, accounts
from privai_tf.privacy.ledger.records import Budget
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()

everywhere = pytest.mark.parametrize("path", ["file", "postgres"], indirect=True)


@pytest.fixture
def run(repository):
  def run(*arguments):
    command = [sys.executable, "-m", "privai_tf.ledger", *map(str, arguments)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)

  return run


def refused(done, message):
  assert done.returncode == 1, done
  assert done.stdout == ""
  assert done.stderr.count("\n") == 1
  assert "nothing was charged" in done.stderr
  assert message in done.stderr


def test_a_restored_copy(run, state, path, tmp_path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.25, relation=RELATION)
  shutil.copy(path, tmp_path / "backup.db")
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.75, relation=RELATION)
  charges = tmp_path / "charges.json"
  assert run("export", f"--ledger={path}", f"--output={charges}").returncode == 0
  shutil.copy(tmp_path / "backup.db", path)
  remedy = f"python -m privai_tf.ledger reconcile --ledger={path}"
  refused(run("show", f"--ledger={path}"), remedy)
  refused(run("grant", f"--ledger={path}", "--subject_id=ada", "--budget_epsilon=9"), remedy)
  refused(run("adopt", f"--ledger={path}"), remedy)
  done = run("reconcile", f"--ledger={path}", f"--charges={charges}")
  assert (done.returncode, done.stderr) == (0, "")
  assert "1 charges were added" in done.stdout
  assert run("show", f"--ledger={path}").stdout.splitlines()[1].split()[:3] == ["ada", "0", "1"]


def test_a_restored_copy_whose_charges_nobody_knows(run, state, path, tmp_path):
  with Ledger.open(path) as ledger:
    ledger.grant("ada", 1)
  shutil.copy(path, tmp_path / "backup.db")
  with Ledger.open(path) as ledger:
    ledger.charge("ada", None, 0.75, relation=RELATION)
  shutil.copy(tmp_path / "backup.db", path)
  done = run("reconcile", f"--ledger={path}", "--close")
  assert (done.returncode, done.stderr) == (0, "")
  assert "1 subjects were charged all that they had left" in done.stdout
  assert run("show", f"--ledger={path}").stdout.splitlines()[1].split()[:3] == ["ada", "0", "1"]


def test_a_mistyped_path(run, path, tmp_path):
  wrong = tmp_path / "ledgre.db"
  remedy = f"python -m privai_tf.ledger create --ledger={wrong}"
  refused(run("show", f"--ledger={wrong}"), remedy)
  refused(run("grant", f"--ledger={wrong}", "--subject_id=ada", "--budget_epsilon=1"), remedy)
  assert not wrong.exists()


def test_an_old_file(run, state, old_ledger):
  remedy = f"python -m privai_tf.ledger adopt --ledger={old_ledger}"
  shutil.copy(old_ledger, old_ledger.with_name("backup.db"))
  refused(run("show", f"--ledger={old_ledger}"), remedy)
  assert run("adopt", f"--ledger={old_ledger}").returncode == 0
  assert run("show", f"--ledger={old_ledger}").stdout.count("\n") == 3
  with Ledger.open(old_ledger) as ledger:
    ledger.charge("ada", None, 0.25, relation=RELATION)
  # The old file put back is the same ledger, and an older copy of it.
  shutil.copy(old_ledger.with_name("backup.db"), old_ledger)
  refused(run("show", f"--ledger={old_ledger}"), "python -m privai_tf.ledger reconcile")


def test_two_old_copies_that_differ_are_not_taken_for_one(run, state, old_ledger):
  import sqlite3

  shutil.copy(old_ledger, old_ledger.with_name("backup.db"))
  connection = sqlite3.connect(old_ledger)
  connection.execute("UPDATE releases SET time = time + 1")
  connection.commit()
  connection.close()
  assert run("adopt", f"--ledger={old_ledger}").returncode == 0
  shutil.copy(old_ledger.with_name("backup.db"), old_ledger)
  refused(run("show", f"--ledger={old_ledger}"), "older copy")


@everywhere
@pytest.mark.parametrize(
  "names", [{"default": "basic", "own": "adaptive"}, {"default": "adaptive", "own": "basic"}]
)
def test_two_rules_of_which_the_stricter_holds(path, names):
  """Finding 7: 21 releases instead of 4, by an account's looser rule."""
  import dp_accounting

  from privai_tf.privacy import accounting

  event = dp_accounting.GaussianDpEvent(accounting.gaussian_multiplier(0.25, 1e-7))
  budget = {"default_epsilon": 1.0, "default_delta": 1e-5}
  with Ledger.open(path) as ledger:
    ledger.grant("ada", 1.0, 1e-5, composition=names["own"])
  with Ledger.open(path, **budget, composition=names["default"]) as ledger:
    for _ in range(4):
      ledger.charge("ada", event, 0.25, 1e-7, relation=RELATION)
    with pytest.raises(
      BudgetExceededError, match=r"after 4 releases \(basic composition\)"
    ) as error:
      ledger.charge("ada", event, 0.25, 1e-7, relation=RELATION)
    assert "\n" not in str(error.value)
    left = ledger.remaining("ada")
    assert (left.epsilon, left.composition) == (0, "basic")
  # The account's own rule is not changed by it.
  with Ledger.open(path) as ledger:
    assert ledger.remaining("ada").composition == names["own"]


@everywhere
def test_each_rule_holds_with_its_own_numbers(path):
  with Ledger.open(path) as ledger:
    ledger.grant("ada", 10, 1e-5)
  with Ledger.open(path, default_epsilon=1, default_delta=1e-3) as ledger:
    ledger.charge("ada", None, 0.5, 1e-5, relation=RELATION)
    with pytest.raises(BudgetExceededError):  # The account's delta.
      ledger.charge("ada", None, 0.25, 1e-6, relation=RELATION)
    with pytest.raises(BudgetExceededError):  # The run's epsilon.
      ledger.charge("ada", None, 0.75, relation=RELATION)
    left = ledger.remaining("ada")
    assert (left.budget_delta, left.delta) == (1e-5, 0)
    assert (left.budget_epsilon, left.epsilon) == (1, 0.5)


@everywhere
@pytest.mark.parametrize(("own", "default"), [(2e-5, 1e-5), (1e-5, 2e-5)])
def test_the_smaller_delta_holds_whoever_gave_it(path, own, default):
  with Ledger.open(path) as ledger:
    ledger.grant("ada", 10, own)
  with Ledger.open(path, default_epsilon=10, default_delta=default) as ledger:
    assert ledger.remaining("ada").budget_delta == 1e-5
    ledger.charge("ada", None, 1, 1e-5, relation=RELATION)
    with pytest.raises(BudgetExceededError):
      ledger.charge("ada", None, 1, 1e-6, relation=RELATION)


def test_a_run_adds_its_budget_once():
  budget = Budget(1, 0, "basic")
  account = accounts.tighten(None, budget, "ada")
  assert accounts.tighten(account, budget, "ada").budgets == (budget,)


@pytest.mark.parametrize("arguments", ["show --ledger='{}'", "export --ledger='{}'", "--help"])
def test_a_pipe_that_is_closed(repository, path, arguments):
  with Ledger.open(path, default_epsilon=2) as ledger, ledger.together():
    for number in range(2000):
      ledger.charge(f"subject {number:04d}", None, 0.5, relation=RELATION)
  script = f"{sys.executable} -m privai_tf.ledger {arguments.format(path)} | head -1"
  done = subprocess.run(
    ["bash", "-c", f"set -o pipefail; {script}"],
    cwd=repository,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.stderr == ""
  assert done.stdout.count("\n") == 1
  assert done.returncode in (0, 141)


@everywhere
def test_show_names_subjects_in_full(run, path):
  subject = f"pixels:{'0123456789abcdef' * 4}"
  with Ledger.open(path, default_epsilon=2) as ledger:
    ledger.charge(subject, None, 0.5, relation=RELATION)
    ledger.charge("ada", None, 0.5, relation=RELATION)
  lines = run("show", f"--ledger={path}").stdout.splitlines()
  assert [line.split()[0] for line in lines] == ["subject", "ada", subject]
  assert (
    len({line.index(" basic") if "basic" in line else line.index("rule") - 1 for line in lines})
    == 1
  )
