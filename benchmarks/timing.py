"""Whether the time of a release tells the coordinate: two inputs, many releases, one test.

  python -m benchmarks.timing --samples=20000

For each private mechanism, single-row releases of a = 0 and of a = R alternate in random order in one
process. The two samples of times go through a two-sample Kolmogorov-Smirnov test. Timings depend on
the machine and its load, so no test of the suite does this; the test that words and calls are equal is
`tests/privacy/test_constant_work.py`.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import app, flags
from scipy import stats

from privai_tf.privacy.grid import CELLS
from privai_tf.privacy.mechanisms import (
  Mechanism,
  make_mechanism,
  mechanism_class,
  mechanism_names,
)

_SAMPLES = flags.DEFINE_integer("samples", 20_000, "Releases of each input.", lower_bound=100)
_EPSILONS = flags.DEFINE_list("epsilon", ["1", "8"], "Of one release; gaussian_classic takes 1.")
_DIMENSIONS = flags.DEFINE_list("dimensions", ["1", "8"], "Numbers in one release.")
_SEED = flags.DEFINE_integer("seed", 0, "Of the order.")

_FALSE_ALARM = 1e-3
_RADIUS = 3.0
_WARM_UP = 500


def main(_: list[str]) -> None:
  print(f"{'mechanism':<20} {'epsilon':>7} {'k':>2} {'a = 0':>18} {'a = R':>18} {'KS':>7} {'p':>8}")
  told = 0
  for mechanism in _mechanisms():
    times = _times(mechanism, _SAMPLES.value, np.random.Generator(np.random.PCG64(_SEED.value)))
    test = stats.ks_2samp(*times, method="asymp")
    told += test.pvalue < _FALSE_ALARM
    medians = [
      f"{np.median(side) / 1e3:.1f} ({np.quantile(side, 0.9) / 1e3:.1f})" for side in times
    ]
    print(
      f"{mechanism.name:<20} {mechanism.epsilon:>7g} {mechanism.dimensions:>2} {medians[0]:>18} "
      f"{medians[1]:>18} {test.statistic:>7.4f} {test.pvalue:>8.3g}"
      f"{'   TOLD APART' if test.pvalue < _FALSE_ALARM else ''}",
      flush=True,
    )
  print(
    f"Median (90% quantile) in microseconds; {_SAMPLES.value} releases of each input; {told} told "
    f"apart at a false-alarm rate of {_FALSE_ALARM} each."
  )


def _mechanisms() -> Iterator[Mechanism]:
  for name in mechanism_names():
    kind = mechanism_class(name)
    epsilons = [float(value) for value in _EPSILONS.value] if kind.private else []
    for epsilon in epsilons if name != "gaussian_classic" else [1.0]:
      for dimensions in map(int, _DIMENSIONS.value):
        if kind.largest_dimensions is None or dimensions <= kind.largest_dimensions:
          yield make_mechanism(
            name,
            epsilon=epsilon,
            delta=0.0 if kind.pure else 1e-5,
            clip_radius=_RADIUS,
            dimensions=dimensions,
            side_distance=1.0,
            samples=stats.norm.ppf((np.arange(1000) + 0.5) / 1000),
          )


def _times(mechanism: Mechanism, samples: int, order: Any) -> tuple[np.ndarray, np.ndarray]:
  """Nanoseconds of each release, of a = 0 and of a = R: two arrays [samples]."""
  inputs = np.zeros((2, 1, mechanism.dimensions), np.int64)
  inputs[1, 0, 0] = int(_RADIUS * CELLS)
  for index in range(_WARM_UP):
    mechanism.release(inputs[index % 2])
  sides = order.permutation(np.repeat([0, 1], samples))
  times = np.empty(len(sides))
  for index, side in enumerate(sides.tolist()):
    row = inputs[side].copy()  # Neither lies warmer in the cache than the other.
    start = time.perf_counter_ns()
    mechanism.release(row)
    times[index] = time.perf_counter_ns() - start
  return times[sides == 0], times[sides == 1]


if __name__ == "__main__":
  app.run(main)
