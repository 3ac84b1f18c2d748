"""python -m privai_tf.audit."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def run(repository):
  def run(*arguments):
    command = [sys.executable, "-m", "privai_tf.audit", *map(str, arguments)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr

  return run


def test_broken_claims_end_with_code_1_and_are_drawn(run, tmp_path):
  folder = tmp_path / "audit"
  arguments = "--mechanism=laplace,reference_postclip", "--epsilon=1", "--samples=5000"
  code, output, error = run(*arguments, f"--output={folder}")
  assert code == 1, error
  assert "CLAIM BROKEN: reference_postclip (4 audits" in output
  rows = json.loads((folder / "audit.json").read_text())["audits"]
  assert [row["violated"] for row in rows] == [False, False, True, True]
  # What the mechanism has of the claim: a fiftieth is the rest's.
  assert [row["exact"] for row in rows[:2]] == pytest.approx([0.98, 0.98])
  assert (folder / "audit.png").read_bytes().startswith(b"\x89PNG")


def test_right_claims_end_with_code_0(run):
  code, output, _ = run("--mechanism=laplace", "--samples=2000", "--target=coordinate")
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
