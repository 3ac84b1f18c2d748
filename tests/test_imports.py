"""What must start fast: the package and the commands' help, without TensorFlow."""

import os
import subprocess
import sys

import pytest

_HEAVY = ("tensorflow", "keras", "tensorflow_probability", "sklearn", "scipy")


def _run(repository, *arguments):
  """Runs Python; returns the result and the processor seconds it took.

  Processor time, not the clock's: other processes on the machine must not fail the test.
  """
  before = os.times()
  result = subprocess.run(
    [sys.executable, *arguments], cwd=repository, capture_output=True, text=True, check=False
  )
  after = os.times()
  spent = after.children_user - before.children_user + after.children_system
  return result, spent - before.children_system


def test_importing_the_package_takes_under_a_second_and_no_tensorflow(repository):
  code = f"import sys, privai_tf; print([m for m in {_HEAVY!r} if m in sys.modules])"
  result, seconds = _run(repository, "-c", code)
  assert result.stdout.strip() == "[]"
  assert seconds < 1.0


@pytest.mark.parametrize(
  "command",
  [
    ["run_privatize.py"],
    ["-m", "converters"],
    ["-m", "privai_tf.ledger"],
    ["-m", "privai_tf.audit"],
    ["-m", "privai_tf.evaluate"],
    ["-m", "privai_tf.generate"],
    ["-m", "privai_tf.train_boundary"],
    ["-m", "privai_tf.edit"],
    ["-m", "privai_tf.invert"],
    ["-m", "privai_tf.public_codes"],
    ["-m", "privai_tf.train_encoder"],
    ["-m", "privai_tf.train_classifier"],
    ["-m", "privai_tf.score"],
    ["-m", "privai_tf.export"],
    ["-m", "privai_tf.gateway"],
    ["-m", "privai_tf.beam_privatize"],
  ],
)
def test_help_takes_under_a_second(repository, command):
  result, seconds = _run(repository, *command, "--help")
  assert result.returncode == 0
  assert "--" in result.stdout
  assert seconds < 1.0


def test_every_public_name_resolves():
  import privai_tf

  for name in privai_tf.__all__:
    assert getattr(privai_tf, name) is not None
  with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
    _ = privai_tf.nonsense
