"""python -m privai_tf.audit.

The command calls a right claim broken in up to 5% of runs, as it says. So where its verdict is looked at
it draws pinned words in place of the system's: the same in every run, and no false alarms.
"""

import json
import subprocess
import sys

import pytest

_PINNED = (
  "import os; import numpy as np; os.urandom = np.random.Generator(np.random.PCG64(1)).bytes;"
  "from privai_tf.commands import audit; from privai_tf.runtime import command; command.run(audit.main)"
)


def _run(repository, *command):
  command = [sys.executable, *map(str, command)]
  done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
  return done.returncode, done.stdout, done.stderr


@pytest.fixture
def run(repository):
  """The command as it is."""
  return lambda *arguments: _run(repository, "-m", "privai_tf.audit", *arguments)


@pytest.fixture
def run_pinned(repository):
  """The command on pinned words."""
  return lambda *arguments: _run(repository, "-c", _PINNED, *arguments)


def test_broken_claims_end_with_code_1_and_are_drawn(run_pinned, tmp_path):
  folder = tmp_path / "audit"
  arguments = "--mechanism=laplace,reference_postclip", "--epsilon=1", "--samples=5000"
  code, output, error = run_pinned(*arguments, f"--output_dir={folder}")
  assert code == 1, error
  assert "CLAIM BROKEN: reference_postclip (4 audits" in output
  rows = json.loads((folder / "audit.json").read_text())["audits"]
  assert [row["violated"] for row in rows] == [False, False, True, True]
  # What the mechanism has of the claim: a fiftieth is the rest's.
  assert [row["exact"] for row in rows[:2]] == pytest.approx([0.98, 0.98])
  assert (folder / "audit.png").read_bytes().startswith(b"\x89PNG")


def test_right_claims_end_with_code_0(run_pinned):
  code, output, _ = run_pinned("--mechanism=laplace", "--samples=2000", "--target=coordinate")
  assert code == 0
  assert "no claim is broken" in output


@pytest.mark.parametrize(
  ("argument", "message"),
  [
    ("--mechanism=laplac", "Unknown mechanism"),
    ("--epsilon=one", "must be a number"),
    ("--checkpoint=avatars", "needs --attribute"),
    ("--rest", "needs --checkpoint"),
  ],
)
def test_errors_are_one_line(run, argument, message):
  code, _, error = run(argument)
  assert code == 2
  assert message in error
  assert error.count("\n") == 1


def test_finite_outputs_are_counted_and_the_gap_is_told(run_pinned, tmp_path):
  names = ("extremal", "randomized_response", "subset_selection", "laplace")
  arguments = f"--mechanism={','.join(names)}", "--samples=2000", "--target=coordinate"
  code, output, error = run_pinned(*arguments, f"--output={tmp_path}")
  assert code == 0, error
  assert "of the counted frequencies 1e-06" in output
  rows = {
    row["mechanism"]: row for row in json.loads((tmp_path / "audit.json").read_text())["audits"]
  }
  assert tuple(rows) == names
  assert rows["laplace"]["frequencies"] is None
  for name in names[:3]:
    counted = rows[name]["frequencies"]
    assert counted["false_alarm"] == pytest.approx(1e-6 / 4)
    assert counted["p_value"] >= counted["false_alarm"]
  assert [name for name in names if rows[name]["duality_gap"] is not None] == ["extremal"]
  assert 0 <= rows["extremal"]["duality_gap"] <= 1e-6
  assert "chi2 p" in output.splitlines()[0]


def test_wrong_frequencies_end_with_code_1(tmp_path, repository):
  """The command with a coin that keeps the side too often to be what it says, and breaks no claim."""
  program = (
    "import sys; from privai_tf.privacy.mechanisms import randomized_response as r;"
    "right = r.keep_side; r.keep_side = lambda epsilon, *a: right(epsilon / 2, *a);"
    "from privai_tf.commands import audit; from privai_tf.runtime import command;"
    "sys.argv[1:] = ['--mechanism=randomized_response', '--samples=20000', '--target=coordinate'];"
    "command.run(audit.main)"
  )
  done = subprocess.run(
    [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False
  )
  assert done.returncode == 1, done.stderr
  assert "FREQUENCIES WRONG: randomized_response (1 audits" in done.stdout
  assert "CLAIM BROKEN" not in done.stdout
