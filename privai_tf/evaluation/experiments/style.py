"""How plots look: colours that everybody tells apart, in print too; axes that say their units."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
  import matplotlib.axes
  import matplotlib.figure

# Okabe and Ito's palette; and markers, so that no curve is told by its colour alone.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
BOUND = {"color": "black", "linewidth": 2.5, "linestyle": "-", "alpha": 0.75}
CHANCE = {"color": "black", "linewidth": 1.0, "linestyle": ":"}
_SIZE = 10


def figure(
  columns: int = 1, rows: int = 1, *, width: float = 4.2, height: float = 3.4, **shared
) -> "tuple[matplotlib.figure.Figure, list[matplotlib.axes.Axes]]":
  """A figure with panels from left to right, then down.

  Args:
    columns, rows: of panels.
    width, height: of one panel, in inches.
    shared: `sharex`, `sharey`.

  Returns:
    The figure and its panels, columns * rows of them.
  """
  import matplotlib.figure

  made = matplotlib.figure.Figure(figsize=(width * columns, height * rows), layout="constrained")
  panels = made.subplots(rows, columns, squeeze=False, **shared)
  for axes in panels.flat:
    axes.grid(True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=_SIZE - 1)
  return made, list(panels.flat)


def look(index: int) -> dict[str, str]:
  """Colour and marker of the index-th curve.

  Args:
    index: from 0; after eight, looks come again.
  """
  return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}


def epsilon_axis(axes: "matplotlib.axes.Axes", epsilons: "list[float] | tuple[float, ...]") -> None:
  """A logarithmic axis whose ticks are the epsilons that were measured.

  Args:
    axes: whose x axis it is.
    epsilons: above 0, in any order.
  """
  from matplotlib.ticker import NullLocator

  axes.set_xscale("log", base=2)
  axes.set_xticks(sorted(epsilons), [f"{value:g}" for value in sorted(epsilons)])
  axes.xaxis.set_minor_locator(NullLocator())
  axes.set_xlabel("epsilon of one release (smaller: more private)")


def draw_bound(
  axes: "matplotlib.axes.Axes", epsilons: "list[float] | tuple[float, ...]", delta: float = 0.0
) -> None:
  """The theoretical line (e^epsilon + delta) / (1 + e^epsilon), and chance, in percent.

  Args:
    axes: with epsilon on x.
    epsilons: above 0; the line goes from the least to the largest.
    delta: of the promise, in [0, 1).
  """
  import numpy as np

  from privai_tf.privacy.accounting.attackers import attacker_bound

  values = np.geomspace(min(epsilons), max(epsilons), 60)
  line = [100 * attacker_bound(float(value), delta) for value in values]
  axes.plot(values, line, label="promise: at most this", zorder=3, **BOUND)
  axes.axhline(50, label="blind guess", **CHANCE)
  axes.set_ylim(45, 102)
  axes.set_ylabel("attacker guesses right (% of faces)")


def draw_interval(
  axes: "matplotlib.axes.Axes", xs, values, lows, highs, *, index: int, label: str, line: str = "-"
) -> None:
  """A curve with its 99% intervals as bars.

  Args:
    axes: where it is drawn.
    xs, values, lows, highs: n numbers each, in the axes' units.
    index: see `look`.
    label: in the legend.
    line: Matplotlib's line style.
  """
  import numpy as np

  values = np.asarray(values, float)
  errors = np.abs(np.stack([values - np.asarray(lows), np.asarray(highs) - values]))
  axes.errorbar(
    xs, values, yerr=errors, label=label, linestyle=line, markersize=4.5, capsize=2, **look(index)
  )
