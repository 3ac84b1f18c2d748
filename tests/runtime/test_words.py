"""Text is broken for people, and left whole for programs."""

import io
import sys

from privai_tf.runtime.words import wrapped

_TEXT = "one two-three " * 20 + "\n\nTo publish:      " + "x" * 120


class _Terminal(io.StringIO):
  def isatty(self):
    return True


def test_a_program_gets_it_as_it_is(monkeypatch):
  monkeypatch.setattr(sys, "stdout", io.StringIO())
  assert wrapped(_TEXT) == _TEXT


def test_a_terminal_gets_its_width_and_whole_words(monkeypatch):
  monkeypatch.setattr(sys, "stdout", _Terminal())
  monkeypatch.setenv("COLUMNS", "40")
  lines = wrapped(_TEXT).split("\n")
  assert max(len(line) for line in lines[:-2]) <= 40
  assert "x" * 120 in lines  # A path can be copied.
  assert " ".join(" ".join(lines).split()) == " ".join(_TEXT.split())


def test_no_wider_than_can_be_read(monkeypatch):
  monkeypatch.setattr(sys, "stdout", _Terminal())
  monkeypatch.setenv("COLUMNS", "400")
  assert max(map(len, wrapped("word " * 200).split("\n"))) <= 100
