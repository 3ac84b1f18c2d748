"""Deviations of the accounting from exact numbers, for the table of `benchmarks.accounting`."""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import Any

from privai_tf.privacy import accounting


@dataclasses.dataclass(frozen=True)
class Deviation:
  """Deviations of one quantity from its reference.

  Attributes:
    quantity: what is compared.
    source: reference file, and who made it.
    count: number of values.
    lowest, highest: most negative and most positive deviation.
    relative: whether deviations are relative.
    below, above: tolerances in the two directions.
  """

  quantity: str
  source: str
  count: int
  lowest: float
  highest: float
  relative: bool
  below: float
  above: float

  @property
  def holds(self) -> bool:
    """Whether all values are within the tolerances."""
    return -self.below <= self.lowest and self.highest <= self.above


def compare(
  quantity: str,
  source: str,
  pairs: Iterable[tuple[float, float]],
  *,
  below: float,
  above: float,
  relative: bool = False,
) -> Deviation:
  """Compares (ours, reference) pairs."""
  deviations = [
    (ours - exact) / exact if relative and exact else ours - exact for ours, exact in pairs
  ]
  low, high = min(deviations), max(deviations)
  return Deviation(quantity, source, len(deviations), low, high, relative, below, above)


def gaussian(data: dict[str, Any]) -> Iterator[Deviation]:
  """Analytic Gaussian calibration."""
  rows = [*data["rows"], *data["classical_formula_outside_its_range"]]
  pairs = [(accounting.gaussian_sigma(row["epsilon"], row["delta"]), row["sigma"]) for row in rows]
  yield compare("sigma(epsilon, delta)", "exact", pairs, below=1e-15, above=2e-13, relative=True)
  low = [row for row in rows if row["epsilon"] <= 1]
  pairs = [
    (
      accounting.classic_multiplier(row["epsilon"], row["delta"]),
      row["sigma_classical_formula"],
    )
    for row in low
  ]
  yield compare("textbook sigma", "exact", pairs, below=1e-15, above=1e-15, relative=True)
  pairs = [
    (
      accounting.gaussian_delta(row["epsilon"], row["sigma_classical_formula"]),
      row["delta_actually_met_by_classical_sigma"],
    )
    for row in rows
  ]
  yield compare("delta(epsilon, sigma)", "exact", pairs, below=1e-13, above=1e-11, relative=True)


def laplace(data: dict[str, Any]) -> Iterator[Deviation]:
  """The Laplace curve."""
  curve, inverse = [], []
  for row in data["rows"]:
    pure = row["sensitivity_over_scale"]
    curve += [
      (accounting.laplace_delta(point["epsilon"], pure), point["delta"]) for point in row["curve"]
    ]
    inverse += [
      (accounting.laplace_epsilon(point["delta"], pure), point["epsilon"])
      for point in row["inverse"]
    ]
  yield compare("Laplace delta(epsilon)", "exact", curve, below=1e-15, above=1e-15)
  yield compare("Laplace epsilon(delta)", "exact", inverse, below=4e-15, above=4e-15)


def composition(data: dict[str, Any]) -> Iterator[Deviation]:
  """Sequences of the same mechanism."""
  import dp_accounting

  pairs = [
    (
      accounting.compose([dp_accounting.GaussianDpEvent(row["sigma"])] * row["n"], row["delta"]),
      row["epsilon"],
    )
    for row in data["gaussian"]["rows"]
  ]
  yield compare("epsilon of 1-100 Gaussian", "exact", pairs, below=1e-14, above=3e-13)

  def laplaces(row: dict[str, Any]) -> list[Any]:
    return [dp_accounting.LaplaceDpEvent(1 / row["sensitivity_over_scale"])] * row["n"]

  pairs = [
    (accounting.compose(laplaces(row), row["delta"]), row["epsilon"])
    for row in data["laplace"]["rows"]
  ]
  yield compare("epsilon of 1-100 Laplace", "exact", pairs, below=1e-15, above=4.8e-8)
  pairs = [
    (accounting.compose_delta(laplaces(row), row["epsilon"]), row["delta"])
    for row in data["laplace"]["curve_a_0.5"]
  ]
  yield compare("delta of 1-10 Laplace", "exact", pairs, below=1e-15, above=3e-10)
  rows = data["pure_dp_worst_case"]["rows"]
  pairs = [
    (accounting.pure_delta(row["eps_total"], row["eps_each"], row["n"]), row["delta"])
    for row in rows
  ]
  yield compare("delta of n pure mechanisms", "exact", pairs, below=1e-15, above=2e-13)
  pairs = [
    (
      accounting.compose_delta(
        [accounting.pure_event(row["eps_each"])] * row["n"], row["eps_total"]
      ),
      row["delta"],
    )
    for row in rows
  ]
  yield compare("the same through events", "exact", pairs, below=1e-15, above=2e-13)
  # Advanced composition is a looser theorem: what we return must lie below it (and plain sums).
  pairs = [
    (
      accounting.compose([accounting.pure_event(row["eps_each"])] * row["n"], row["delta_slack"]),
      min(row["eps_advanced_DRV"], row["eps_basic"]),
    )
    for row in data["advanced_composition_bound"]
  ]
  yield compare("n pure, below looser theorems", "exact", pairs, below=math.inf, above=1e-12)


def attackers(data: dict[str, Any]) -> Iterator[Deviation]:
  """Bounds on, and best values of, attribute inference."""
  bounds = []
  for row in data["bounds"]:
    claim = row["epsilon"], row["delta"]
    bounds.append((accounting.attacker_bound(*claim), row["max_accuracy_balanced_binary"]))
    for classes in (3, 5, 10):
      accuracy = accounting.attacker_bound(*claim, classes=classes)
      bounds.append((accuracy, row[f"max_accuracy_uniform_{classes}_classes"]))
    for prior in (0.7, 0.9):
      accuracy = accounting.attacker_bound(*claim, prior=prior)
      bounds.append((accuracy, row[f"max_accuracy_prior_{prior}"]))
  yield compare("attacker's bound", "exact", bounds, below=4e-16, above=4e-16)
  best = []
  for row in data["mechanisms"]:
    epsilon = row["epsilon"]
    best += [
      (
        accounting.best_attacker("laplace", epsilon),
        row["laplace_best_accuracy_at_extremes"],
      ),
      (
        accounting.best_attacker("gaussian", epsilon, 1e-5),
        row["gaussian_best_accuracy_at_extremes"],
      ),
      (
        accounting.best_attacker("gaussian", epsilon, 1e-5, releases=10),
        row["gaussian_n10_best_accuracy"],
      ),
    ]
  yield compare("best attacker", "exact", best, below=1e-14, above=1e-14)


def l2_laplace(data: dict[str, Any]) -> Iterator[Deviation]:
  """The L2 mechanism in 1, 2, 5 and 512 dimensions."""
  one = data["approximate_dp_of_one_release"]
  pairs = [
    (accounting.l2_laplace_delta(row["epsilon"], row["eps_pure"], row["k"]), row["delta"] or 0.0)
    for row in one["curve"]
  ]
  yield compare("L2 Laplace delta(epsilon)", "quadrature", pairs, below=1e-13, above=1e-13)
  pairs = [
    (accounting.l2_laplace_epsilon(row["delta"], row["eps_pure"], row["k"]), row["epsilon"])
    for row in one["epsilon_at_delta"]
  ]
  yield compare("L2 Laplace epsilon(delta)", "quadrature", pairs, below=1e-8, above=1e-8)
