"""How far the accounting is from exact numbers and from tensorflow-privacy's.

    python -m benchmarks.accounting [--reference=FOLDER]

Prints a table: the largest deviations in both directions, beside the tolerance. Upper bounds
(epsilon, delta, noise) must not lie below the exact value by more than the doubles' own rounding.
"""

import argparse
import json
import math
import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import accounting_exact as exact
from benchmarks.accounting_exact import Deviation, compare
from privai_tf.privacy import accounting

REFERENCE = pathlib.Path(__file__).resolve().parents[1] / "tests" / "data" / "dp_reference"


def tensorflow_privacy(data: dict[str, Any]) -> Iterator[Deviation]:
  """Numbers that tensorflow-privacy 0.9.0 printed."""
  import dp_accounting

  source = "tensorflow-privacy"
  rows = data["gaussian_releases"]
  events = [
    [dp_accounting.GaussianDpEvent(row["noise_multiplier"])] * row["n_releases"] for row in rows
  ]
  deltas = [row["delta"] for row in rows]
  ours = [accounting.compose(*pair) for pair in zip(events, deltas, strict=True)]
  yield _column("Gaussian, GDP", source, ours, rows, "eps_gdp", below=5e-13, above=5e-13)
  yield _column("Gaussian, PLD", source, ours, rows, "eps_pld", below=4e-8, above=1e-9)
  ours = [accounting.compose_rdp(*pair) for pair in zip(events, deltas, strict=True)]
  yield _column("Gaussian, RDP", source, ours, rows, "eps_rdp", below=1e-12, above=1e-12)
  rows = data["laplace_releases"]
  ours = [
    accounting.compose(
      [dp_accounting.LaplaceDpEvent(row["scale"])] * row["n_releases"], row["delta"]
    )
    for row in rows
  ]
  yield _column("Laplace, PLD", source, ours, rows, "eps_pld", below=4e-8, above=5e-9)
  yield from _training(data["dp_sgd"], source)
  rows = data["delta_eps_mu"]
  ours = [accounting.gaussian_delta(row["eps"], 1 / row["mu"]) for row in rows]
  yield _column("delta(epsilon, mu)", source, ours, rows, "delta", below=1e-15, above=1e-14)
  rows = [row for row in data["compute_noise"] if "exact_sigma" in row]
  ours = [
    accounting.gaussian_multiplier(row["target_epsilon"], row["delta"], row["epochs"])
    for row in rows
  ]
  yield _column("sigma for n releases", source, ours, rows, "exact_sigma", below=4e-12, above=4e-12)
  rows = data["user_level_group_privacy"]
  ours = [
    _group_epsilon(row["noise_multiplier"], row["max_examples_per_user"], row["user_delta"])
    for row in rows
  ]
  yield _column("group privacy, RDP", source, ours, rows, "eps_user_rdp", below=1e-11, above=1e-11)


def _column(
  quantity: str, source: str, ours: list[float], rows: list[dict[str, Any]], key: str, **tolerances
) -> Deviation:
  pairs = zip(ours, [row[key] for row in rows], strict=True)
  return compare(quantity, source, pairs, **tolerances)


def _training(rows: list[dict[str, Any]], source: str) -> Iterator[Deviation]:
  """DP-SGD; its RDP conversion changed between dp-accounting 0.4.3 and 0.6.0 by up to 0.3%."""
  import dp_accounting

  ours, renyi = [], []
  for row in rows:
    steps = math.ceil(row["number_of_examples"] * row["num_epochs"] / row["batch_size"])
    step = dp_accounting.PoissonSampledDpEvent(
      row["batch_size"] / row["number_of_examples"],
      dp_accounting.GaussianDpEvent(row["noise_multiplier"]),
    )
    event = dp_accounting.SelfComposedDpEvent(step, steps)
    ours.append(accounting.compose([event], row["delta"]))
    renyi.append(accounting.compose_rdp([event], row["delta"]))
  yield _column("DP-SGD, PLD", source, ours, rows, "eps_pld", below=4e-8, above=1e-7)
  yield _column("DP-SGD, RDP", source, renyi, rows, "eps_rdp", below=2e-2, above=2e-2)


def _group_epsilon(multiplier: float, size: int, delta: float) -> float:
  """epsilon of a person with `size` examples: `k e` at `delta_1 (e^(k e) - 1) / (e^e - 1)`."""
  import dp_accounting
  from scipy import optimize

  event = dp_accounting.GaussianDpEvent(multiplier)

  def gap(log_delta: float) -> float:
    each = accounting.compose_rdp([event], math.exp(log_delta))
    return log_delta + math.log(math.expm1(size * each) / math.expm1(each)) - math.log(delta)

  log_delta = optimize.brentq(gap, -40.0, math.log(delta), xtol=1e-13)
  return size * accounting.compose_rdp([event], math.exp(log_delta))


def baseline(data: dict[str, Any]) -> Iterator[Deviation]:
  """The prototype's noise: what it would have cost with its coordinate clipped, and its atoms."""
  sigma = {(row["tau"], row["eps"]): row["sub"] for row in data["sigma"]}
  derived = data["derived_here"]
  costs = derived["eps_at_1e-5_if_noise_unclipped_and_coordinate_clipped_to_tau_ball_tau0.5"]
  pairs = [
    (accounting.gaussian_epsilon(1e-5, sigma[0.5, float(claim)] / (2 * 0.5)), cost)
    for claim, cost in costs.items()
  ]
  yield compare("epsilon, had it clipped", "3 digits", pairs, below=1e-3, above=1e-3)
  pairs = []
  for name, mass in derived["mass_on_two_atoms_after_clipping_noise"].items():
    if name.startswith("EC3_"):
      tau, claim = (float(part.lstrip("taueps")) for part in name.split("_")[1:])
      pairs.append((math.erfc(tau / sigma[tau, claim] / math.sqrt(2)), mass))
  yield compare("mass at +-tau after clipping", "4 digits", pairs, below=1e-4, above=1e-4)


PARTS: dict[str, Callable[[dict[str, Any]], Iterator[Deviation]]] = {
  "gaussian_analytic": exact.gaussian,
  "laplace_curve": exact.laplace,
  "composition_exact": exact.composition,
  "attribute_inference_bound": exact.attackers,
  "l2_mechanism": exact.l2_laplace,
  "tf_privacy_accounting": tensorflow_privacy,
  "baseline_latent_attribute_privacy": baseline,
}


def deviations(name: str, folder: pathlib.Path = REFERENCE) -> list[Deviation]:
  """Deviations from the reference file `name` in `folder`."""
  return list(PARTS[name](json.loads((folder / f"{name}.json").read_text())))


def main() -> int:
  """Prints the table as Markdown; returns 1 if a tolerance is broken."""
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--reference", type=pathlib.Path, default=REFERENCE, help="reference folder")
  folder = parser.parse_args().reference
  print("| reference | quantity | values | lowest | highest | kind | allowed | holds |")
  print("|---|---|---|---|---|---|---|---|")
  broken = 0
  for name in PARTS:
    for row in deviations(name, folder):
      broken += not row.holds
      kind = "relative" if row.relative else "absolute"
      print(
        f"| {name} | {row.quantity} ({row.source}) | {row.count} | {row.lowest:+.1e} |"
        f" {row.highest:+.1e} | {kind} | -{row.below:.1e} to +{row.above:.1e} |"
        f" {'yes' if row.holds else 'NO'} |"
      )
  return 1 if broken else 0


if __name__ == "__main__":
  sys.exit(main())
