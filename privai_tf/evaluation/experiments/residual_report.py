"""The pictures, the table and the sentences of `residual`."""

from collections.abc import Sequence
from typing import Any

from privai_tf.evaluation.experiments import style
from privai_tf.evaluation.experiments.cost import KEPT, RESEMBLANCE
from privai_tf.evaluation.experiments.experiment import Report, Row

# What the advised setting must keep to, times the promise's advantage.
LIMIT = 1.3
_WORDS = {
  "none": "boundary alone",
  "null_space": "+ null space (linear)",
  "spread": "+ spread directions",
  "conditional": "conditional boundary",
  "all": "all attributes",
}


def report(rows: Sequence[Row]) -> Report:
  """All that `residual` shows."""
  table = _table(rows)
  caption = (
    "Strongest adaptive attacker after each way to close the rest, with 99% intervals. Thick line: "
    "the promise; dashed: 1.3 times its advantage over a blind guess. Right: what is left of the "
    "attributes that nobody asked to change."
  )
  return Report(
    _findings(table), {"residual": _drawn(table)}, {"residual": caption}, {"closing": table}
  )


def _table(rows: Sequence[Row]) -> list[Row]:
  """A row for each release: the strongest attacker and the cost."""
  names = ("hidden", "mechanism", "epsilon", "closing", "asked", "directions")
  groups: dict[tuple, list[Row]] = {}
  for row in rows:
    groups.setdefault(tuple(row[name] for name in names), []).append(row)
  found = []
  for key, group in groups.items():
    best = max((row for row in group if row["kind"] == "attack"), key=lambda row: row["value"])
    cost = {row["measure"]: row for row in group if row["kind"] == "utility"}
    found.append(
      {
        **dict(zip(names, key, strict=True)),
        "attacker": best["measure"],
        "faces": best["count"],
        "accuracy": best["value"],
        "low": best["low"],
        "high": best["high"],
        "promise": best["promise"],
        "ratio": (best["value"] - 0.5) / (best["promise"] - 0.5),
        **{
          f"{name}{end}": cost[name][column]
          for name in (RESEMBLANCE, KEPT)
          if name in cost
          for end, column in (("", "value"), ("_low", "low"), ("_high", "high"))
        },
      }
    )
  return found


def words(row: Row) -> str:
  """How a release closes the rest, for axes."""
  many = f" (k = {row['directions']})" if row["directions"] > 1 else ""
  return _WORDS[row["closing"]] + many


def _drawn(table: Sequence[Row]) -> Any:
  epsilon = min({row["epsilon"] for row in table}, key=lambda value: abs(value - 1))
  shown = [row for row in table if row["epsilon"] == epsilon]
  attributes = list(dict.fromkeys(row["hidden"] for row in shown))
  labels = list(dict.fromkeys((row["closing"], row["asked"]) for row in shown))
  promise = shown[0]["promise"]
  figure, (left, right) = style.figure(2, width=5.6, height=1.2 + 0.55 * len(labels), sharey=True)
  for index, attribute in enumerate(attributes):
    for row in (row for row in shown if row["hidden"] == attribute):
      place = labels.index((row["closing"], row["asked"])) + 0.14 * (
        index - (len(attributes) - 1) / 2
      )
      for axes, name in ((left, "accuracy"), (right, KEPT)):
        if name not in row:
          continue
        low, high = ("low", "high") if name == "accuracy" else (f"{name}_low", f"{name}_high")
        value = 100 * row[name]
        errors = [[value - 100 * row[low]], [100 * row[high] - value]]
        look = style.look(index)
        axes.errorbar(
          value,
          place,
          xerr=[[max(0.0, side[0])] for side in errors],
          linestyle="",
          markersize=5,
          label=attribute if row is next(r for r in shown if r["hidden"] == attribute) else None,
          **look,
        )
  left.axvline(100 * promise, label="promise: at most this", **style.BOUND)
  limit = 50 + 100 * LIMIT * (promise - 0.5)
  left.axvline(limit, color="black", linestyle="--", label=f"{LIMIT} times its advantage")
  left.axvline(50, label="blind guess", **style.CHANCE)
  left.set_xlim(46, max(90, limit + 4))
  left.set_xlabel(f"hidden attribute guessed right at epsilon {epsilon:g} (% of faces)")
  right.set_xlabel("other attributes that keep their side (%)")
  ticks = [
    next(words(row) for row in shown if (row["closing"], row["asked"]) == label)
    if label[0] not in ("null_space",)
    else f"{_WORDS[label[0]]} (k up to {label[1]})"
    for label in labels
  ]
  left.set_yticks(range(len(labels)), ticks)
  left.set_ylim(len(labels) - 0.5, -0.5)
  figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
  return figure


def _findings(table: Sequence[Row]) -> list[str]:
  found = []
  for attribute in dict.fromkeys(row["hidden"] for row in table):
    own = [
      row
      for row in table
      if row["hidden"] == attribute and row["mechanism"] == table[0]["mechanism"]
    ]
    plain = next((row for row in own if row["closing"] == "none"), own[0])
    best = min(own, key=lambda row: row["ratio"])
    verdict = "within" if plain["ratio"] <= LIMIT else "above"
    found.append(
      f"{attribute}: hidden alone it is read in {plain['accuracy']:.1%} "
      f"[{100 * plain['low']:.1f}, {100 * plain['high']:.1f}], {plain['ratio']:.2f} times the "
      f"promise's advantage ({verdict} {LIMIT}); least with {words(best)}: {best['accuracy']:.1%}, "
      f"{best['ratio']:.2f} times."
    )
  return found
