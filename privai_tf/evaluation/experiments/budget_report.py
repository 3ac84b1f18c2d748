"""The pictures, tables and sentences of `budget`."""

from collections.abc import Iterable, Sequence
from typing import Any

from privai_tf.evaluation.experiments import style
from privai_tf.evaluation.experiments.cost import KEPT, RESEMBLANCE
from privai_tf.evaluation.experiments.experiment import Report, Row

# All who guess from what is published; `bayes` and the ceiling see more than that.
READERS = (
  *("fixed", "fixed_network", "linear", "boosting", "network", "reinverting", "averaging"),
  "two_sided",
)
_BASELINE = "reference_postclip"
# The decoding that is drawn; all are in the table.
_DRAWN = ("raw", "value")
_ENOUGH = 6  # Epsilons for a curve.
_PLAIN = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
_LINES = {"raw": "-", "value": "-", "mean": "--", "sample": ":"}


def report(rows: Sequence[Row]) -> Report:
  """All that `budget` shows."""
  best = strongest(rows)
  pictures = {"attackers": _attackers(rows, best), "frontier": _frontier(rows, best)}
  captions = {
    "attackers": "The strongest attacker against each mechanism; bars are 99% intervals, "
    "the thick line is what the promise allows at most. Baseline: the prototype's mechanism, which "
    "clips the noise.",
    "frontier": "Each curve is one way to release, numbers are epsilons; further right "
    "more of the face is left, lower is more private.",
  }
  if any(row["measure"] == "network" for row in rows):
    pictures["who"] = _who(rows)
    captions["who"] = "Every attacker, one kind of release a panel; thick line: the promise."
  return Report(_findings(best), pictures, captions, {"strongest": best, "cost": _costs(rows)})


def strongest(rows: Sequence[Row]) -> list[Row]:
  """Of each release and attribute, the attacker that reads most, beside the promise."""
  found: dict[tuple, Row] = {}
  for row in rows:
    if row["kind"] == "attack" and row["measure"] in READERS:
      key = (*_kind(row), row["epsilon"], row["attribute"])
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


def _kind(row: Row) -> tuple[str, str, str]:
  return row["scope"], row["mechanism"], row["decode"]


def _attackers(rows: Sequence[Row], best: Sequence[Row]) -> Any:
  """A panel for scope image (all attributes: the one that is read most), and one an attribute."""
  attributes = sorted({row["attribute"] for row in best if row["scope"] == "attribute"})
  epsilons = sorted({row["epsilon"] for row in rows})
  panels = [("image", "")] * any(row["scope"] == "image" for row in best)
  panels += [("attribute", name) for name in attributes]
  figure, axes = style.figure(len(panels), sharey=True, width=4.4, height=4.2)
  names = sorted({row["mechanism"] for row in best}, key=lambda name: (name == _BASELINE, name))
  handles: dict[str, Any] = {}
  for one, (scope, attribute) in zip(axes, panels, strict=True):
    style.draw_bound(one, epsilons)
    for mechanism in names:
      for label, own in _curves(best, scope, attribute, mechanism):
        style.draw_interval(
          one,
          [row["epsilon"] for row in own],
          *([100 * row[name] for row in own] for name in ("accuracy", "low", "high")),
          index=_colour(mechanism, names),
          label=label,
          # Lines between far-apart points would seem to cross the promise, which is no line.
          line="-" if len(epsilons) >= _ENOUGH else "",
        )
    style.epsilon_axis(one, epsilons)
    one.set_title(
      "whole face hidden (any attribute)" if scope == "image" else f"{attribute} hidden, rest kept"
    )
    handles |= dict(zip(*one.get_legend_handles_labels()[::-1], strict=True))
  for one in axes[1:]:
    one.set_ylabel("")
  figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize=9)
  return figure


def _colour(mechanism: str, names: Sequence[str]) -> int:
  """Vermilion is the baseline's alone."""
  others = [name for name in names if name != _BASELINE]
  return 1 if mechanism == _BASELINE else (0, 2, 3, 4, 5, 7, 6)[others.index(mechanism) % 7]


def _curves(
  best: Sequence[Row], scope: str, attribute: str, mechanism: str
) -> Iterable[tuple[str, list[Row]]]:
  """The mechanism's own outputs (of scope image, the attribute that is read most), by epsilon."""
  own = [row for row in best if row["scope"] == scope and row["mechanism"] == mechanism]
  own = [
    row
    for row in own
    if row["decode"] in _DRAWN and row["attribute"] in (attribute or row["attribute"],)
  ]
  found: dict[float, Row] = {}
  for row in own:
    if row["epsilon"] not in found or row["accuracy"] > found[row["epsilon"]]["accuracy"]:
      found[row["epsilon"]] = row
  if found:
    baseline = " (baseline, not private)" * (mechanism == _BASELINE)
    yield mechanism + baseline, [found[epsilon] for epsilon in sorted(found)]


def _frontier(rows: Sequence[Row], best: Sequence[Row]) -> Any:
  """What is left of the face against what the attacker reads, one curve a kind of release."""
  figure, (axes,) = style.figure(width=8.5, height=5.2)
  means = {
    (*_kind(row), row["epsilon"], row["hidden"]): row["value"]
    for row in rows
    if row["measure"] == RESEMBLANCE
  }
  names = sorted({row["mechanism"] for row in best}, key=lambda name: (name == _BASELINE, name))
  images = {_kind(row) for row in best if row["scope"] == "image"}
  for kind in dict.fromkeys(map(_kind, best)):
    points = []
    for epsilon in sorted({row["epsilon"] for row in best if _kind(row) == kind}):
      own = [row for row in best if _kind(row) == kind and row["epsilon"] == epsilon]
      places = [
        means[(*kind, epsilon, row["attribute"] if kind[0] == "attribute" else "")] for row in own
      ]
      accuracy = max(row["accuracy"] for row in own)
      points.append((sum(places) / len(places), 100 * accuracy))
      if kind[0] == "image":  # The other curves are steep: numbers would lie on one another.
        below = sorted(images).index(kind) % 2 == 0
        place = {"xytext": (7, -10) if below else (-6, 6), "ha": "left" if below else "right"}
        place |= {"textcoords": "offset points", "fontsize": 9, "zorder": 4}
        axes.annotate(f"{epsilon:g}", points[-1], bbox=_PLAIN, **place)
    look = style.look(_colour(kind[1], names))
    axes.plot(
      *zip(*points, strict=True),
      linestyle=_LINES[kind[2]],
      markersize=4,
      label=f"{kind[1]}, {kind[2]} (scope {kind[0]})",
      **look,
    )
  axes.axhline(50, **style.CHANCE)
  axes.set_xlabel("resemblance of release and original (cosine of whitened codes; 1: same face)")
  axes.set_ylabel("strongest attacker guesses right (% of faces)")
  axes.set_ylim(45, 102)
  axes.set_xlim(-0.1, 1.05)
  figure.legend(loc="outside right upper", fontsize=8)
  return figure


def _who(rows: Sequence[Row]) -> Any:
  """All attackers against the kinds of release whose pictures were drawn, at one epsilon."""
  drawn = [row for row in rows if row["measure"] == "network"]
  epsilon = min({row["epsilon"] for row in drawn}, key=lambda value: abs(value - 1))
  attribute = drawn[-1]["attribute"]
  kinds = list(dict.fromkeys(map(_kind, drawn)))
  order = [
    *("majority", "fixed", "fixed_network", "linear", "boosting", "network", "reinverting"),
    *("two_sided", "bayes"),
  ]
  figure, axes = style.figure(len(kinds), sharey=True, width=3.2, height=3.8)
  for one, kind in zip(axes, kinds, strict=True):
    own = {
      row["measure"]: row
      for row in rows
      # What is read before decoding is measured once for all decodings.
      if (_kind(row) == kind or (row["measure"] == "bayes" and _kind(row)[:2] == kind[:2]))
      and row["epsilon"] == epsilon
      and row["attribute"] == attribute
      and row["measure"] in order
      and row["kind"] == "attack"
    }
    for place, name in enumerate(order):
      if name in own:
        low, value, high = (100 * own[name][key] for key in ("low", "value", "high"))
        one.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="o", color="#0072B2")
    one.axvline(100 * next(iter(own.values()))["promise"], **style.BOUND)
    one.axvline(50, **style.CHANCE)
    one.set_yticks(range(len(order)), [name.replace("_", " ") for name in order])
    one.set_xlim(45, 102)
    one.set_xlabel("guesses right (% of faces)")
    one.set_title(f"{kind[1]}, {kind[2]}\n(scope {kind[0]})", fontsize=10)
  axes[0].set_ylabel("attacker")
  figure.suptitle(f"Who reads {attribute} at epsilon {epsilon:g}", fontsize=11)
  return figure


def _costs(rows: Sequence[Row]) -> list[Row]:
  names = ("scope", "mechanism", "decode", "epsilon", "hidden", "measure", "value", "low", "high")
  return [
    {name: row[name] for name in names} for row in rows if row["measure"] in (RESEMBLANCE, KEPT)
  ]


def _findings(best: Sequence[Row]) -> list[str]:
  found = []
  for scope in ("image", "attribute"):
    own = [row for row in best if row["scope"] == scope and row["mechanism"] != _BASELINE]
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
  baseline = [row for row in best if row["mechanism"] == _BASELINE]
  if baseline:
    low, high = (edge(row["accuracy"] for row in baseline) for edge in (min, max))
    found.append(
      f"reference_postclip is read in {low:.1%} to {high:.1%} of faces: its epsilon promises nothing."
    )
  return found
