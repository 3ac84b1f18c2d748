"""What people read of the experiment `identity`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.evaluation.experiments import style
from privai_tf.evaluation.experiments.experiment import Report, Row
from privai_tf.evaluation.recognition.matching import identification_bound

_SHOWN = (1.0, 4.0, 8.0)


def report(rows: Sequence[Row]) -> Report:
  """Findings, plots and tables of all cells' rows."""
  found = [row for row in rows if "rank_one" in row]
  released = [row for row in found if row["epsilon"] is not None]
  pictures, captions = {}, {}
  for size in sorted({row["gallery"] for row in released}):
    name = f"recognized_among_{size}"
    pictures[name] = _recognized([row for row in released if row["gallery"] == size], size)
    captions[name] = (
      f"How often a release is matched to its original among {size} faces. Thick line: what no "
      "attacker exceeds. Bars: 99% intervals."
    )
  used = [row for row in rows if "figure" in row and row["epsilon"] is not None]
  if used:
    pictures["use"] = _use(used)
    captions["use"] = (
      "What stand-ins are good for. Left: share of releases on the same side of an attribute's "
      "boundary as their originals. Right: balanced accuracy, on originals, of a classifier trained on "
      "releases; dashed: trained on originals."
    )
  tables = {
    "recognition": [row for row in found if row["epsilon"] in (None, *_SHOWN)],
    "use_and_utility": [row for row in rows if "figure" in row],
  }
  return Report(_findings(released), pictures, captions, tables)


def _findings(rows: Sequence[Row]) -> list[str]:
  above = [row for row in rows if row["above_bound"]]
  sentences = [
    f"{len(rows)} attacks on {len({(r['mechanism'], r['epsilon']) for r in rows})} releases: "
    + (
      f"{len(above)} lie above the bound by more than their 99% interval: "
      + "; ".join(f"{r['mechanism']} at {r['epsilon']:g}, {r['attacker']}" for r in above[:5])
      if above
      else "none lies above the bound by more than its 99% interval."
    )
  ]
  for epsilon in _SHOWN:
    best = {}
    for row in rows:
      if row["epsilon"] == epsilon and row["gallery"] == min(r["gallery"] for r in rows):
        known = best.get(row["mechanism"])
        best[row["mechanism"]] = (
          row if known is None or row["rank_one"] > known["rank_one"] else known
        )
    if best:
      size = next(iter(best.values()))["gallery"]
      parts = [
        f"{name} {100 * row['rank_one']:.1f}% [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
        for name, row in best.items()
      ]
      sentences.append(
        f"Best attacker among {size} faces at epsilon {epsilon:g}: {', '.join(parts)}; bound "
        f"{100 * identification_bound(epsilon, 0.0, size):.1f}%, blind guess {100 / size:g}%."
      )
  return sentences


def _recognized(rows: Sequence[Row], size: int) -> Any:
  """A panel a mechanism, a curve an attacker."""
  mechanisms = list(dict.fromkeys(row["mechanism"] for row in rows))
  attackers = list(dict.fromkeys(row["attacker"] for row in rows))
  drawn, panels = style.figure(min(2, len(mechanisms)), -(-len(mechanisms) // 2), sharey=True)
  epsilons = sorted({row["epsilon"] for row in rows})
  line = np.geomspace(epsilons[0], epsilons[-1], 60)
  bound = [100 * identification_bound(float(value), 0.0, size) for value in line]
  for axes, mechanism in zip(panels, mechanisms, strict=False):
    axes.plot(line, bound, label="promise: at most this", zorder=1, **style.BOUND)
    axes.axhline(100 / size, label="blind guess", **style.CHANCE)
    for index, attacker in enumerate(attackers):
      own = [r for r in rows if (r["mechanism"], r["attacker"]) == (mechanism, attacker)]
      if own:
        values = [[100 * r[key] for r in own] for key in ("rank_one", "low", "high")]
        # A little apart, so that no bar hides another.
        places = [r["epsilon"] * 1.025 ** (index - len(attackers) / 2) for r in own]
        # No lines: between two epsilons they would cross the bound, which bends.
        style.draw_interval(axes, places, *values, index=index, label=attacker, line="none")
    style.epsilon_axis(axes, epsilons)
    axes.set_xlim(0.85 * epsilons[0], 1.2 * epsilons[-1])
    axes.set_ylim(0, 103)
    axes.set_title(mechanism, fontsize=10)
    axes.set_ylabel(f"right face found among {size} (%)", fontsize=9)
  for axes in panels[len(mechanisms) :]:
    axes.set_visible(False)
  handles, labels = panels[0].get_legend_handles_labels()
  for axes in panels[1:]:
    more = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    extra = [name for name in more if name not in labels]
    handles, labels = handles + [more[name] for name in extra], labels + extra
  drawn.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
  return drawn


def _use(rows: Sequence[Row]) -> Any:
  """A row an attribute; left what is kept, right what a classifier learns."""
  attributes = [r["figure"].removeprefix("kept ") for r in rows if r["figure"].startswith("kept ")]
  attributes = list(dict.fromkeys(attributes))
  mechanisms = list(dict.fromkeys(row["mechanism"] for row in rows))
  epsilons = sorted({row["epsilon"] for row in rows})
  drawn, panels = style.figure(2, len(attributes), height=2.6, sharex=True, sharey=True)
  for row_index, attribute in enumerate(attributes):
    left, right = panels[2 * row_index : 2 * row_index + 2]
    for axes, figure in ((left, f"kept {attribute}"), (right, f"{attribute}, trained on releases")):
      for index, mechanism in enumerate(mechanisms):
        own = [r for r in rows if (r["mechanism"], r["figure"]) == (mechanism, figure)]
        values = [[100 * r[key] for r in own] for key in ("value", "low", "high")]
        places = [r["epsilon"] * 1.025 ** (index - len(mechanisms) / 2) for r in own]
        style.draw_interval(axes, places, *values, index=index, label=mechanism)
      axes.axhline(50, **style.CHANCE)
      axes.set_ylim(40, 103)
    goal = [r["value"] for r in rows if r["figure"] == f"{attribute}, trained on originals"]
    right.axhline(100 * goal[0], color="black", linestyle="--", linewidth=1)
    left.set_ylabel(f"{attribute}: as before (%)", fontsize=9)
    right.set_ylabel(f"{attribute}: right on originals (%)", fontsize=9)
  for axes in panels[-2:]:
    style.epsilon_axis(axes, epsilons)
  handles, labels = panels[0].get_legend_handles_labels()
  drawn.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
  return drawn
