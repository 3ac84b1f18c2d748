"""What must start fast: the package and the commands' help, without TensorFlow."""

import subprocess
import sys
import time

import pytest

_HEAVY = ("tensorflow", "keras", "tensorflow_probability", "sklearn", "scipy")


def _run(repository, *arguments):
  began = time.perf_counter()
  result = subprocess.run(
    [sys.executable, *arguments], cwd=repository, capture_output=True, text=True, check=False
  )
  return result, time.perf_counter() - began


def test_importing_the_package_takes_under_a_second_and_no_tensorflow(repository):
  code = f"import sys, privai_tf; print([m for m in {_HEAVY!r} if m in sys.modules])"
  runs = [_run(repository, "-c", code) for _ in range(3)]
  assert all(result.stdout.strip() == "[]" for result, _ in runs)
  # The least of three: other processes on the machine must not fail the test.
  assert min(seconds for _, seconds in runs) < 1.0


@pytest.mark.parametrize(
  "command",
  [
    ["run_privatize.py"],
    ["-m", "converters"],
    ["-m", "privai_tf.ledger"],
    ["-m", "privai_tf.audit"],
  ],
)
def test_help_takes_under_a_second(repository, command):
  runs = [_run(repository, *command, "--help") for _ in range(3)]
  assert all("--" in result.stdout for result, _ in runs)
  assert min(seconds for _, seconds in runs) < 1.0


def test_every_public_name_resolves():
  import privai_tf

  for name in privai_tf.__all__:
    assert getattr(privai_tf, name) is not None
  with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
    _ = privai_tf.nonsense
