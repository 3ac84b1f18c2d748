"""Every command starts TensorFlow in the one place that keeps its messages from the user."""

import importlib
import io
import re
import subprocess
import sys

import pytest

from privai_tf.runtime import startup

# Never load it.
_WITHOUT = {
  "privai_tf/commands/completion.py",
  "privai_tf/commands/ledger.py",
  "converters/perceptual.py",
}


def _commands(repository):
  paths = [
    *(repository / "privai_tf" / "commands").glob("*.py"),
    *(repository / "converters").glob("*.py"),
  ]
  texts = {path.relative_to(repository).as_posix(): path.read_text("utf-8") for path in paths}
  return {name: text for name, text in texts.items() if "command.run(" in text}


def test_all_commands_are_known(repository):
  assert {"privai_tf/commands/gateway.py", *_WITHOUT} < _commands(repository).keys()


def test_every_command_that_loads_tensorflow_starts_it_quietly(repository):
  for name, text in _commands(repository).items():
    assert ("start_tensorflow()" in text) == (name not in _WITHOUT), name


def test_no_command_imports_it_before(repository):
  """Imports at a module's top run before `main`, and so before the start."""
  heavy = r"^(?:import|from) (?:tensorflow|keras|privai_tf import pipeline|privai_tf\.pipeline)\b"
  for name, text in _commands(repository).items():
    assert not re.search(heavy, text, re.MULTILINE), name


def test_a_terminal_is_told_what_it_waits_for(monkeypatch):
  class Terminal(io.StringIO):
    def isatty(self):
      return True

  for stream, told in ((Terminal(), True), (io.StringIO(), False)):
    monkeypatch.setattr(sys, "stderr", stream)
    with startup._told():
      pass
    assert ("Starting TensorFlow" in stream.getvalue()) is told
    assert stream.getvalue() == "" or stream.getvalue().endswith("\r")


def test_packages_are_absent_for_a_while_only(monkeypatch):
  monkeypatch.delitem(sys.modules, "colorsys", raising=False)
  monkeypatch.setattr(startup.threading, "active_count", lambda: 1)
  with startup._taken_for_absent(("colorsys", "json")):
    with pytest.raises(ImportError):
      importlib.import_module("colorsys")
    import json

    assert json.loads("1") == 1
  assert "colorsys" not in sys.modules
  assert importlib.import_module("colorsys").rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_nothing_is_absent_where_other_threads_could_ask_for_it(monkeypatch):
  monkeypatch.delitem(sys.modules, "colorsys", raising=False)
  monkeypatch.setattr(startup.threading, "active_count", lambda: 2)
  with startup._taken_for_absent(("colorsys",)):
    assert importlib.import_module("colorsys").rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_tensorflow_starts_without_packages_that_no_command_needs():
  """Keras would import them all; afterwards they are there for those who ask."""
  program = (
    "import sys; from privai_tf.runtime import startup; startup.start_tensorflow();"
    "print(*(name for name in startup._NOT_NEEDED if name in sys.modules));"
    "import sklearn.linear_model, keras; print(sklearn.linear_model.Ridge().alpha, keras.__name__)"
  )
  told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
  assert told.stdout.splitlines() == ["", "1.0 keras"]


def test_who_ends_the_process_meanwhile_is_heard():
  """The page's model is loaded beside the thread that signals come to."""
  program = (
    "import os; from privai_tf.runtime import startup\n"
    "with startup._held_back_errors():\n"
    "  os.write(2, b'chatter ')\n"
    "  startup.show_errors_again()\n"
    "  os.write(2, b'the end ')\n"
    "startup.show_errors_again()\n"
    "os.write(2, b'after')"
  )
  told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
  assert told.stderr == b"the end after"
