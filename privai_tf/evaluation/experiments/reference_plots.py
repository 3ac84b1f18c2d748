"""What people read of the experiment `reference`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from privai_tf.evaluation.experiments import equal_privacy, reference_study, style
from privai_tf.evaluation.experiments.experiment import Report, Row

_NAMES = {
  "sub": "along the normal (sub)",
  "iso_nm": "any direction, as long (iso_nm)",
  "iso_dp": "all dimensions (iso_dp)",
}
_ATTACKERS = {
  "fixed": "learned on originals (fixed)",
  "linear": "learned on releases (linear)",
  "boosting": "learned on releases (boosting)",
  "two_sided": "knows the clipping (two-sided)",
}
_MECHANISMS = {
  equal_privacy.OURS: "ours (extremal, sample)",
  equal_privacy.PROTOTYPE: "the prototype's (reference_postclip)",
}
_BETTER = (("attack", "lower"), ("leak", "lower"), ("id", "higher"), ("perc", "lower"))
_SHOWN = (
  ("others kept", "other attributes read as before (%)", 100),
  ("identity cosine", "identity: cosine of re-inverted codes", 1),
  ("kid", "distance from real faces (KID on the\nencoder's codes; lower: more natural)", 1),
)


def report(rows: Sequence[Row], grid: Callable[[float], Any]) -> Report:
  """Findings, plots and tables of all cells' rows.

  Args:
    rows: of all cells.
    grid: draws a sheet of pictures for a tau.
  """
  table = [row for row in rows if row["part"] == "study" and "method" in row]
  matched = [_plain(row) for row in rows if row.get("equal_utility")]
  attacked = [_plain(row) for row in rows if row["part"] == "two-class"]
  dials = [_plain(row) for row in rows if row["part"] == "equal"]
  equal = equal_privacy.at_equal_privacy(dials)
  wins = _win_rates(table)
  largest = max(row["tau"] for row in table)
  return Report(
    findings=_findings(table, attacked, dials, wins),
    pictures={
      "attackers": _attackers(table, attacked),
      "equal_privacy": _equal(dials),
      "grid": grid(largest),
    },
    captions={
      "attackers": "Left: the prototype's figure, in how many draws the scorer says of the release what "
      "it says of the anchor. Right: attackers of the same mechanism on "
      f"{max(row['tested'] for row in attacked):,} faces, half with the attribute; the thick line is "
      "what its claim would allow.",
      "equal_privacy": "What each mechanism costs, over how often the adaptive attacker is right. A curve "
      "further left is more private; in the left and the middle panel higher is better, in the right one "
      "lower. Bars: 99% intervals.",
      "grid": f"The anchor, then one draw each at epsilon {', '.join(f'{r:g}' for r in _epsilons(table))}, "
      f"tau {largest:g}; from above: sub, iso_nm, iso_dp.",
    },
    tables={
      "equal_privacy": equal,
      "two_class_attackers": attacked,
      "prototype_table": [{name: row[name] for name in reference_study.COLUMNS} for row in table],
      "equal_utility": matched,
      "win_rates": wins,
    },
  )


def sheet(lines: Sequence[np.ndarray], epsilons: Sequence[float]) -> Any:
  """Pictures with the names of their rows (methods) and columns (the anchor, then epsilons).

  Args:
    lines: of each of `reference_study.METHODS`, uint8 [1 + len(epsilons), R, R, C].
    epsilons: of the columns.
  """
  columns = ["the anchor", *(f"epsilon {epsilon:g}" for epsilon in epsilons)]
  drawn, panels = style.figure(len(columns), len(lines), width=1.5, height=1.5)
  for place, (axes, picture) in enumerate(zip(panels, np.concatenate(lines), strict=True)):
    row, column = divmod(place, len(columns))
    axes.imshow(picture.squeeze(), cmap="gray", interpolation="bicubic")
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if row == 0:
      axes.set_title(columns[column], fontsize=10)
    if column == 0:
      axes.set_ylabel(reference_study.METHODS[row], fontsize=10)
  return drawn


def _plain(row: Row) -> Row:
  return {name: value for name, value in row.items() if name not in ("part", "equal_utility")}


def _epsilons(rows: Sequence[Row]) -> list[float]:
  return sorted({row["eps"] for row in rows})


def _win_rates(rows: Sequence[Row]) -> list[Row]:
  """In how many budgets sub is better than iso_dp, by figure."""
  by = {(r["face"], r["tau"], r["eps"], r["method"]): r for r in rows}
  budgets = [key[:3] for key in by if key[3] == "sub"]
  wins = []
  for figure, better in _BETTER:
    pairs = [[by[*budget, m][f"{figure}_mean"] for m in ("sub", "iso_dp")] for budget in budgets]
    won = sum(one < other if better == "lower" else one > other for one, other in pairs)
    wins.append({"figure": figure, "better": better, "sub wins": won, "budgets": len(budgets)})
  return wins


def _findings(table, attacked, dials, wins) -> list[str]:
  counted = [100 * row["attack_mean"] for row in table if row["method"] == "sub"]
  best: dict[tuple, Row] = {}
  for row in attacked:
    key = row["tau"], row["eps"]
    if row["attacker"] != "score-level release" and (
      key not in best or row["accuracy"] > best[key]["accuracy"]
    ):
      best[key] = row
  accuracies = [100 * row["accuracy"] for row in best.values()]
  lines = [
    f"Two-class attackers read the attribute behind the prototype's mechanism in {min(accuracies):.1f} to "
    f"{max(accuracies):.1f}% of faces (blind guess 50%), at every epsilon and tau: no epsilon holds.",
    f"The prototype's own attack figure is {min(counted):.0f} to {max(counted):.0f}% here.",
  ]
  for mechanism in equal_privacy.DIALS:
    own = [row for row in dials if row["mechanism"] == mechanism]
    if own:
      least = min(own, key=lambda row: row["accuracy"])
      lines.append(
        f"{mechanism}: the least that an adaptive attacker reads, at any dial tried, is "
        f"{100 * least['accuracy']:.1f}% [{100 * least['low']:.1f}, {100 * least['high']:.1f}]."
      )
  won = ", ".join(f"{w['figure']} {w['sub wins']} of {w['budgets']}" for w in wins)
  return [*lines, f"sub is better than iso_dp in: {won}."]


def _attackers(table: Sequence[Row], attacked: Sequence[Row]) -> Any:
  drawn, (left, right) = style.figure(2, width=4.6, height=3.9, sharey=True)
  tau = max(row["tau"] for row in table)
  epsilons = _epsilons(table)
  for index, method in enumerate(reference_study.METHODS):
    own = [r for r in table if (r["method"], r["tau"]) == (method, tau)]
    means = [
      100 * sum(r["attack_mean"] for r in own if r["eps"] == e) / sum(r["eps"] == e for r in own)
      for e in epsilons
    ]
    left.plot(epsilons, means, label=_NAMES[method], markersize=4.5, **style.look(index))
  style.epsilon_axis(left, epsilons)
  left.set_ylabel("scorer says the same of both (% of draws)", fontsize=10)
  left.set_title(f"the prototype's figure, tau {tau:g}", fontsize=10)
  left.legend(fontsize=8, loc="lower left")
  style.draw_bound(right, epsilons, reference_study.DELTA)
  names = list(dict.fromkeys(row["attacker"] for row in attacked if row["attacker"] != "majority"))
  for index, name in enumerate(names):
    own = [r for r in attacked if (r["attacker"], r["tau"]) == (name, tau)]
    places = [r["eps"] * 1.03 ** (index - len(names) / 2) for r in own]
    values = [[100 * r[key] for r in own] for key in ("accuracy", "low", "high")]
    style.draw_interval(right, places, *values, index=index, label=_ATTACKERS.get(name, name))
  style.epsilon_axis(right, epsilons)
  right.set_title("two classes, blind guess 50%", fontsize=10)
  right.set_ylim(0, 104)
  right.legend(fontsize=8, loc="lower right")
  return drawn


def _equal(rows: Sequence[Row]) -> Any:
  drawn, panels = style.figure(3, width=3.7, height=3.6)
  mechanisms = list(dict.fromkeys(row["mechanism"] for row in rows))
  for axes, (figure, label, factor) in zip(panels, _SHOWN, strict=True):
    for index, mechanism in enumerate(mechanisms):
      own = sorted(
        (row for row in rows if row["mechanism"] == mechanism), key=lambda row: row["dial"]
      )
      values = [
        [factor * r[key] for r in own] for key in (figure, f"{figure} low", f"{figure} high")
      ]
      places = [100 * row["accuracy"] for row in own]
      name = _MECHANISMS.get(mechanism, mechanism)
      style.draw_interval(axes, places, *values, index=index, label=name)
    axes.axvline(50, **style.CHANCE)
    axes.set_xlim(46, 102)
    axes.set_xlabel("attacker is right (% of faces; left: more private)", fontsize=9)
    axes.set_ylabel(label, fontsize=9)
  handles, labels = panels[0].get_legend_handles_labels()
  drawn.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
  return drawn
