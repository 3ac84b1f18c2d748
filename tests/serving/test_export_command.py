"""The export command: exit codes and one-line errors."""

import subprocess
import sys

import pytest


def _run(repository, *arguments):
  return subprocess.run(
    [sys.executable, "-m", "privai_tf.export", *arguments],
    cwd=repository,
    capture_output=True,
    text=True,
    check=False,
  )


def test_impossible_flags_end_with_2_before_tensorflow_starts(repository, tmp_path):
  result = _run(repository, f"--output_dir={tmp_path / 'tiny'}", "--mechanism=none")
  assert result.returncode == 2
  assert "Unknown mechanism 'none'" in result.stderr
  assert len(result.stderr.splitlines()) == 1
  assert _run(repository).returncode == 2


@pytest.mark.slow
def test_an_existing_version_ends_with_1_and_one_line(repository, tmp_path):
  (tmp_path / "tiny" / "3").mkdir(parents=True)
  result = _run(repository, f"--output_dir={tmp_path / 'tiny'}", "--version=3")
  assert result.returncode == 1
  assert result.stderr.splitlines() == [
    f"{tmp_path / 'tiny' / '3'} exists, and a served version never changes: give a higher "
    "--version, or remove the folder."
  ]
