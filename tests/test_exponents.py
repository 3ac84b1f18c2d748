"""The exponents of `benchmarks.growth`, and what its processes are asked to do."""

import sys

import numpy as np
import pytest

from benchmarks import exponents, growth_worker


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("start", [0.0, 12.0])
def test_the_start_does_not_change_the_exponent(exponent, start):
  counts = np.array([1, 8, 64, 512])
  seconds = start + 0.03 * counts**exponent
  seconds[0] += 5  # Nor does what the smallest run alone does.
  assert exponents.growth_above_start(counts, seconds) == pytest.approx(exponent)


def test_a_time_that_falls_has_no_exponent():
  assert np.isnan(exponents.growth_above_start([1, 8, 64], [3.0, 2.0, 4.0]))


def test_counts_grow_by_equal_factors():
  with pytest.raises(ValueError, match="equal factors"):
    exponents.growth_above_start([1, 2, 64], [1.0, 2.0, 3.0])


def test_slopes():
  sides = [64, 128, 256, 512]
  assert exponents.slope(sides, 7 * np.square(sides)) == pytest.approx(2)
  assert exponents.slope(sides, [900.0] * 4) == pytest.approx(0, abs=1e-9)


def test_commands_are_measured_and_what_fails_is_told():
  clock, processor, peak = exponents.measured([sys.executable, "-c", "sum(range(10**6))"], {})
  assert clock > 0
  assert processor > 0
  assert peak > 1
  with pytest.raises(SystemExit, match="no such thing"):
    exponents.measured([sys.executable, "-c", "raise RuntimeError('no such thing')"], {})


def test_portraits_are_written_and_differ(tmp_path):
  growth_worker.portraits(tmp_path / "photos", "3")
  assert len({path.read_bytes() for path in (tmp_path / "photos").iterdir()}) == 3


def test_synthesis_tells_seconds_and_peaks(tiny_checkpoint, capsys):
  growth_worker.synthesis(tiny_checkpoint)
  seconds, before, after = map(float, capsys.readouterr().out.split())
  assert seconds > 0
  assert 0 < before <= after
