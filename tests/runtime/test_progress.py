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


def test_a_log_gets_a_line_a_minute_with_rate_and_time_left(monkeypatch):
  stream, now = io.StringIO(), [0.0]
  monkeypatch.setattr(sys, "stderr", stream)
  with progress_bar("Privatizing", unit="face") as report:
    report._clock = lambda: now[0]
    report._last = (0.0, 0.0)
    report(3000, 5000)  # An earlier run's, at once.
    for minute in range(1, 4):
      now[0] = 60.0 * minute
      report(3000 + 240 * minute, 5000)
  lines = stream.getvalue().splitlines()
  assert len(lines) == 3
  assert lines[-1] == "Privatizing: 3720 of 5000 (74%), 4 faces a second, about 5 min 20 s left"


def test_nobody_knows_the_end(monkeypatch):
  stream = io.StringIO()
  monkeypatch.setattr(sys, "stderr", stream)
  with progress_bar("Privatizing", unit="face") as report:
    report._last = (report._clock() - 100, 0.0)
    report(50, None)
  assert "50 done, 0.5 faces a second" in stream.getvalue()


def test_a_second_kind_of_work_counts_anew(monkeypatch):
  """Public codes are made before the first face is drawn: 1024 of those, then 1 of these."""
  stream, now = io.StringIO(), [0.0]
  monkeypatch.setattr(sys, "stderr", stream)
  with progress_bar("Privatizing", unit="face") as report:
    report._clock = lambda: now[0]
    report._last = (0.0, 0.0)
    now[0] = 61.0
    report(1024, 1024)
    now[0] = 70.0
    report(0, 4)
    now[0] = 140.0
    report(2, 4)
  assert stream.getvalue().splitlines()[-1] == (
    "Privatizing: 2 of 4 (50%), 0.0286 faces a second, about 1 min 10 s left"
  )
