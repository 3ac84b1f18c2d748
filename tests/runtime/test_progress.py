"""The bar is there for people only."""

import io
import sys

import pytest

from privai_tf.runtime.progress import progress_bar


class Terminal(io.StringIO):
  def isatty(self):
    return True


@pytest.mark.parametrize(
  ("stream", "quiet", "visible"),
  [(Terminal(), False, True), (Terminal(), True, False), (io.StringIO(), False, False)],
)
def test_visibility(monkeypatch, stream, quiet, visible):
  monkeypatch.setattr(sys, "stderr", stream)
  with progress_bar("Inverting", quiet=quiet) as report:
    report(5, 10)
    report(10, 10)
  assert ("Inverting" in stream.getvalue()) is visible
  assert ("10/10" in stream.getvalue()) is visible


def test_it_closes_when_the_work_fails(monkeypatch):
  stream = Terminal()
  monkeypatch.setattr(sys, "stderr", stream)

  def interrupted():
    with progress_bar("Inverting") as report:
      report(1, 2)
      raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    interrupted()
  assert stream.getvalue().endswith("\n")
