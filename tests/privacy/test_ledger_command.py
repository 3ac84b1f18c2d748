"""python -m privai_tf.ledger."""

import json
import re
import stat
import subprocess
import sys

import pytest

from privai_tf.privacy import accounting
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()

everywhere = pytest.mark.parametrize("path", ["file", "postgres"], indirect=True)


@pytest.fixture
def run(repository):
  def run(*arguments):
    command = [sys.executable, "-m", "privai_tf.ledger", *map(str, arguments)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr

  return run


def test_grant_show_export(run, tmp_path):
  path = tmp_path / "ledger.db"
  code, output, error = run("create", f"--ledger={path}")
  assert (code, error) == (0, "")
  assert output == f"{path}: a new ledger, in which nobody has a budget\n"
  code, output, error = run("grant", f"--ledger={path}", "--subject_id=ada", "--budget_epsilon=0.3")
  assert code == 0, error
  assert output == "ada: budget epsilon 0.3, delta 0; epsilon 0.3 left\n"
  with Ledger.open(path) as ledger:
    for _ in range(3):
      ledger.charge(
        "ada", accounting.pure_event(0.1), 0.1, mechanism="randomized_response", relation=RELATION
      )
  code, output, _ = run("show", f"--ledger={path}")
  assert code == 0
  assert output.splitlines()[1].split() == ["ada", "0", "0.3", "0.3", "0", "3", "basic"]
  with Ledger.open(path) as ledger:
    ids = [release["release_id"] for release in ledger.releases("ada")]
  shown = run("show", f"--ledger={path}", "--subject_id=ada")[1].splitlines()
  assert [line.split()[1] for line in shown[-3:]] == ids
  target = tmp_path / "export.json"
  target.write_text("what others could read")
  target.chmod(0o644)
  code, _, _ = run("export", f"--ledger={path}", f"--output={target}")
  assert code == 0
  assert stat.S_IMODE(target.stat().st_mode) == 0o600
  exported = json.loads(target.read_text())
  assert [row["epsilon"] for row in exported["releases"]] == ["0.1"] * 3
  assert exported["subjects"] == [
    {
      "subject": "ada",
      "spent_epsilon": 0.3,
      "spent_delta": 0,
      "budget_epsilon": 0.3,
      "budget_delta": 0,
      "composition": "basic",
      "left_epsilon": 0,
      "left_delta": 0,
      "release_count": 3,
    }
  ]
  # No name means one thing of a subject and another of a release.
  assert {*exported["subjects"][0]} & {*exported["releases"][0]} == {"subject"}
  for row in exported["releases"]:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row["time"])
  assert exported["releases"][0]["relation"]["scope"] == "image"
  assert run("accept_clock", f"--ledger={path}")[0] == 0


def test_a_budget_is_lowered_only_where_that_is_said(run, path):
  grant = "grant", f"--ledger={path}", "--subject_id=ada"
  assert run(*grant, "--budget_epsilon=2", "--budget_delta=1e-5")[1].endswith("epsilon 2 left\n")
  for less in (["--budget_epsilon=1", "--budget_delta=1e-5"], ["--budget_epsilon=3"]):
    code, output, error = run(*grant, *less)
    assert (code, output) == (1, "")
    assert "epsilon 2, delta 0.00001, which" in error
    assert "nothing was changed" in error
    assert error.count("\n") == 1
  with Ledger.open(path) as ledger:
    assert ledger.remaining("ada").budget_epsilon == 2
  lowered = run(*grant, "--budget_epsilon=1", "--lower")[1]
  assert lowered.endswith("epsilon 1 left (before: 2, 1e-05)\n")


@everywhere
def test_show_cuts_nothing_off(run, path):
  """Whatever another command needs can be copied from it: long ids, and all digits."""
  subject = "pixels:" + "0123456789abcdef" * 4
  with Ledger.open(path) as ledger:
    ledger.grant(subject, 1.23456789012, 1.25e-5)
    ledger.grant("ada", 1)
  lines = run("show", f"--ledger={path}")[1].splitlines()
  assert [line.split()[0] for line in lines] == ["subject", "ada", subject]
  assert lines[2].split()[1:5] == ["1.23456789012", "0", "1.23456789012", "1.25e-05"]


@pytest.mark.parametrize(
  ("arguments", "code", "message"),
  [
    (["show"], 2, "--ledger is missing"),
    (["spend", "--ledger={}/x"], 2, "must be one of create, adopt, reconcile, show, grant"),
    (["show", "--ledger={}/missing.db"], 1, "there is no ledger"),
    (["create", "--ledger={}/a/b.db"], 1, "a folder that exists"),
    (["create", "--ledger={}/ledger.db"], 1, "exists, and nothing was changed"),
    (["adopt", "--ledger={}/missing.db"], 1, "ledger create"),
    (["reconcile", "--ledger={}/ledger.db"], 2, "reconcile needs --charges"),
    (["reconcile", "--ledger={}/ledger.db", "--close", "--charges=x"], 2, "reconcile needs"),
    (["reconcile", "--ledger={}/ledger.db", "--charges={}/x"], 2, "cannot be read"),
    (["reconcile", "--ledger={}/ledger.db", "--close", "--state_dir={}"], 2, "no manifest"),
    (
      ["grant", "--ledger={}/ledger.db", "--subject_id=a", "--budget_epsilon=nan"],
      2,
      "not a finite",
    ),
  ],
)
def test_errors_are_one_line(run, path, tmp_path, arguments, code, message):
  result, _, error = run(*[argument.format(tmp_path) for argument in arguments])
  assert result == code
  assert message in error
  assert error.count("\n") == 1
