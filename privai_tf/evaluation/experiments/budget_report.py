"""The tables and sentences of `budget`; its pictures are in `budget_plots`."""

from collections.abc import Sequence

from privai_tf.evaluation.experiments import budget_plots
from privai_tf.evaluation.experiments.budget_plots import BASELINE, kind_of
from privai_tf.evaluation.experiments.cost import KEPT, RESEMBLANCE
from privai_tf.evaluation.experiments.experiment import Report, Row

# All who guess from what is published; `bayes` and the ceiling see more than that.
READERS = (
  *("fixed", "fixed_network", "linear", "boosting", "network", "reinverting", "averaging"),
  "two_sided",
)


def report(rows: Sequence[Row]) -> Report:
  """All that `budget` shows."""
  best = strongest(rows)
  pictures = {
    "frontier": budget_plots.frontier(rows, best),
    "attackers": budget_plots.attackers(rows, best),
  }
  captions = {
    "frontier": "Each curve is one way to release, numbers are epsilons; further right more of the "
    "face is left, lower is more private. Undecoded releases, and the advised one.",
    "attackers": "The strongest attacker on codes against each mechanism, undecoded; bars are 99% "
    "intervals, the thick line is what the promise allows at most. In vermilion the prototype's "
    "mechanism, which clips the noise.",
  }
  if any(row["measure"] == "network" for row in rows):
    pictures["who"] = budget_plots.who(rows)
    captions["who"] = "Every attacker, one kind of release a panel; thick line: the promise."
  return Report(_findings(best), pictures, captions, {"strongest": best, "cost": _costs(rows)})


def strongest(rows: Sequence[Row]) -> list[Row]:
  """Of each release and attribute, the attacker that reads most, beside the promise."""
  found: dict[tuple, Row] = {}
  for row in rows:
    if row["kind"] == "attack" and row["measure"] in READERS:
      key = (*kind_of(row), row["epsilon"], row["attribute"])
      if key not in found or row["value"] > found[key]["accuracy"]:
        found[key] = _strongest_row(row)
  return list(found.values())


def _strongest_row(row: Row) -> Row:
  names = ("scope", "mechanism", "decode", "epsilon", "attribute")
  return {
    **{name: row[name] for name in names},
    "attacker": row["measure"],
    "faces": row["count"],
    "accuracy": row["value"],
    "low": row["low"],
    "high": row["high"],
    "promise": row["promise"],
    "advantage_over_promise": (row["value"] - 0.5) / (row["promise"] - 0.5),
    "above": bool(row["low"] > row["promise"]),
  }


def _costs(rows: Sequence[Row]) -> list[Row]:
  names = ("scope", "mechanism", "decode", "epsilon", "hidden", "measure", "value", "low", "high")
  return [
    {name: row[name] for name in names} for row in rows if row["measure"] in (RESEMBLANCE, KEPT)
  ]


def _findings(best: Sequence[Row]) -> list[str]:
  found = []
  for scope in ("image", "attribute"):
    own = [row for row in best if row["scope"] == scope and row["mechanism"] != BASELINE]
    if not own:
      continue
    above = sorted({f"{row['attribute']} ({row['mechanism']})" for row in own if row["above"]})
    worst = max(own, key=lambda row: row["accuracy"] - row["promise"])
    words = f"above the promise by more than the 99% interval: {', '.join(above) or 'none'}"
    found.append(
      f"Scope {scope}: {len(own)} releases attacked; {words}. Nearest or furthest above: "
      f"{worst['mechanism']} at epsilon {worst['epsilon']:g}, {worst['attribute']} read in "
      f"{worst['accuracy']:.1%} [{100 * worst['low']:.1f}, {100 * worst['high']:.1f}], promise "
      f"{worst['promise']:.1%}."
    )
  baseline = [row for row in best if row["mechanism"] == BASELINE]
  if baseline:
    low, high = (edge(row["accuracy"] for row in baseline) for edge in (min, max))
    found.append(
      f"reference_postclip is read in {low:.1%} to {high:.1%} of faces: its epsilon promises nothing."
    )
  return found
