"""The pictures of `budget`."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from privai_tf.evaluation.experiments import style
from privai_tf.evaluation.experiments.cost import RESEMBLANCE
from privai_tf.evaluation.experiments.experiment import Row

BASELINE = "reference_postclip"
_ADVISED = ("attribute", "extremal", "sample")
# A colour and a marker each, the same in all pictures; the textbook's Gaussian is in the tables.
_LOOKS = {
  **{"extremal": 0, BASELINE: 1, "gaussian": 2, "laplace": 3, "subset_selection": 4},
  **{"l2_laplace": 5, "randomized_response": 6, "exponential": 7},
}
# What a mechanism says itself; what decoders make of it is in the tables.
_UNDECODED = ("raw", "value")
_ENOUGH = 6  # Epsilons for a curve.
_COLUMNS = 3
_APART = 0.025  # Of a factor two in epsilon: mechanisms stand side by side.
_TOLD = {1.0, 4.0, 16.0}  # Epsilons whose numbers stand in the frontier, if they were run.
_PLAIN = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
_ORDER = (
  *("majority", "fixed", "fixed_network", "linear", "boosting", "network", "reinverting"),
  *("two_sided", "bayes"),
)


def kind_of(row: Row) -> tuple[str, str, str]:
  """How a row's faces were released: scope, mechanism, decoding."""
  return row["scope"], row["mechanism"], row["decode"]


def attackers(rows: Sequence[Row], best: Sequence[Row]) -> Any:
  """Strongest attacker over epsilon: a panel for scope image, and one for each hidden attribute.

  Args:
    rows: all.
    best: of each release and attribute the strongest attacker.
  """
  hidden = sorted({row["attribute"] for row in best if row["scope"] == "attribute"})
  epsilons = sorted({row["epsilon"] for row in rows})
  panels = [("image", "")] * any(row["scope"] == "image" for row in best)
  panels += [("attribute", name) for name in hidden]
  columns = min(_COLUMNS, len(panels))
  lines = math.ceil(len(panels) / columns)
  figure, axes = style.figure(columns, lines, sharey=True, width=4.4, height=3.7)
  handles: dict[str, Any] = {}
  for one, (scope, attribute) in zip(axes, panels, strict=False):
    style.draw_bound(one, epsilons)
    for place, mechanism in enumerate(_LOOKS):
      own = _curve(best, scope, attribute, mechanism)
      shift = 2 ** (_APART * (place - len(_LOOKS) / 2))
      if own:
        style.draw_interval(
          one,
          [row["epsilon"] * shift for row in own],
          *([100 * row[name] for row in own] for name in ("accuracy", "low", "high")),
          index=_LOOKS[mechanism],
          label=mechanism + " (baseline, not private)" * (mechanism == BASELINE),
          # Lines between far-apart points would seem to cross the promise, which is no line.
          line="-" if len(own) >= _ENOUGH else "",
        )
    style.epsilon_axis(one, epsilons)
    one.set_title(
      "whole face hidden (any attribute)" if scope == "image" else f"{attribute} hidden, rest kept"
    )
    handles |= dict(zip(*one.get_legend_handles_labels()[::-1], strict=True))
  for place, one in enumerate(axes):
    one.set_visible(place < len(panels))
    if place % columns:
      one.set_ylabel("")
    if place + columns < len(panels):
      one.set_xlabel("")
  figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize=9)
  return figure


def _curve(best: Sequence[Row], scope: str, attribute: str, mechanism: str) -> list[Row]:
  """The mechanism's own outputs (of scope image, the attribute that is read most), by epsilon."""
  own = [
    row
    for row in best
    if (row["scope"], row["mechanism"]) == (scope, mechanism)
    and row["attribute"] in (attribute or row["attribute"],)
  ]
  # Of some attributes only the advised release was attacked, which is a decoded one.
  drawn = [row for row in own if row["decode"] in _UNDECODED] or own
  found = {row["epsilon"]: row for row in sorted(drawn, key=lambda row: row["accuracy"])}
  return [found[epsilon] for epsilon in sorted(found)]


def frontier(rows: Sequence[Row], best: Sequence[Row]) -> Any:
  """What is left of the face against what the attacker reads: a panel a scope, a curve a release.

  Args: see `attackers`.
  """
  left = {
    (*kind_of(row), row["epsilon"], row["hidden"]): row["value"]
    for row in rows
    if row["measure"] == RESEMBLANCE
  }
  hidden = [row["attribute"] for row in best if row["scope"] == "attribute"]
  shown = max(set(hidden), key=lambda name: (hidden.count(name), name)) if hidden else ""
  scopes = [name for name in ("image", "attribute") if any(row["scope"] == name for row in best)]
  figure, axes = style.figure(len(scopes), sharey=True, width=5.6, height=4.4)
  handles: dict[str, Any] = {}
  for one, scope in zip(axes, scopes, strict=True):
    for kind, points in _frontier_curves(best, left, scope, shown):
      places = [(resemblance, 100 * accuracy) for _, resemblance, accuracy in points]
      label = ", ".join(kind[1:]) if kind == _ADVISED else kind[1]
      label += " (baseline, not private)" * (kind[1] == BASELINE)
      line, look = ":" if kind == _ADVISED else "-", style.look(_LOOKS[kind[1]])
      one.plot(*zip(*places, strict=True), linestyle=line, markersize=5, label=label, **look)
      if kind == _ADVISED or kind[1] == "subset_selection":
        told = _TOLD & {epsilon for epsilon, *_ in points}
        for (epsilon, *_), place in zip(points, places, strict=True):
          if told and epsilon not in told:
            continue
          beside = {"xytext": (-7, 5), "ha": "right", "textcoords": "offset points"}
          one.annotate(f"{epsilon:g}", place, bbox=_PLAIN, fontsize=9, zorder=4, **beside)
    one.axhline(50, label="blind guess", **style.CHANCE)
    one.set_ylim(45, 102)
    one.set_xlabel("resemblance (cosine of whitened codes; 1: same face)")
    one.set_title("whole face hidden" if scope == "image" else f"{shown} hidden, rest kept")
    handles |= dict(zip(*one.get_legend_handles_labels()[::-1], strict=True))
  axes[0].set_ylabel("strongest attacker guesses right (% of faces)")
  if scopes[0] == "image":
    axes[0].set_xlim(-0.1, 1.05)
  figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize=9)
  return figure


def _frontier_curves(
  best: Sequence[Row], left: dict[tuple, float], scope: str, shown: str
) -> Iterable[tuple[tuple[str, str, str], list[tuple[float, float, float]]]]:
  """Kinds of release that are drawn, each with its (epsilon, resemblance, accuracy)."""
  for kind in dict.fromkeys(map(kind_of, best)):
    drawn = kind == _ADVISED or (kind[2] in _UNDECODED and kind[1] in _LOOKS)
    own = [row for row in best if kind_of(row) == kind and kind[0] == scope and drawn]
    own = [row for row in own if scope == "image" or row["attribute"] == shown]
    points = []
    for epsilon in sorted({row["epsilon"] for row in own}):
      accuracy = max(row["accuracy"] for row in own if row["epsilon"] == epsilon)
      points.append((epsilon, left[*kind, epsilon, "" if scope == "image" else shown], accuracy))
    if points:
      yield kind, points


def who(rows: Sequence[Row]) -> Any:
  """All attackers against the kinds of release whose pictures were drawn, at one epsilon."""
  rows = [row for row in rows if row["kind"] == "attack"]  # Others speak of no attribute.
  drawn = [row for row in rows if row["measure"] == "network"]
  epsilon = min({row["epsilon"] for row in drawn}, key=lambda value: abs(value - 1))
  attribute = drawn[-1]["attribute"]
  kinds = list(dict.fromkeys(map(kind_of, drawn)))
  figure, axes = style.figure(len(kinds), sharey=True, width=3.2, height=3.8)
  for one, kind in zip(axes, kinds, strict=True):
    own = {
      row["measure"]: row
      for row in rows
      # What is read before decoding is measured once for all decodings.
      if (kind_of(row) == kind or (row["measure"] == "bayes" and kind_of(row)[:2] == kind[:2]))
      and row["epsilon"] == epsilon
      and row["attribute"] == attribute
      and row["measure"] in _ORDER
    }
    for place, name in enumerate(_ORDER):
      if name in own:
        low, value, high = (100 * own[name][key] for key in ("low", "value", "high"))
        one.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="o", color="#0072B2")
    one.axvline(100 * next(iter(own.values()))["promise"], **style.BOUND)
    one.axvline(50, **style.CHANCE)
    one.set_yticks(range(len(_ORDER)), [name.replace("_", " ") for name in _ORDER])
    one.set_xlim(45, 102)
    one.set_xlabel("guesses right (% of faces)")
    one.set_title(f"{kind[1]}, {kind[2]}\n(scope {kind[0]})", fontsize=10)
  axes[0].set_ylabel("attacker")
  figure.suptitle(f"Who reads {attribute} at epsilon {epsilon:g}", fontsize=11)
  return figure
