"""How often two neighbours' releases fall where, beside how often they should: an audit to look at."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.audit.exact import survival
from privai_tf.privacy.audit.neighbours import AuditedRelease
from privai_tf.privacy.grid import from_grid

if TYPE_CHECKING:
  import matplotlib.figure

_BINS = 64  # A bar for each of the 64 faces of an audited choice among faces.
# Blue and vermilion of Okabe and Ito's palette: told apart by everybody, in print too.
_COLOURS = ("#0072B2", "#D55E00")


@dataclasses.dataclass(frozen=True, eq=False)
class Shares:
  """Two histograms of the number that the mechanism gives, before anything is made of it.

  Attributes:
    edges: float64 [bins + 1], latent units; what is clamped lies in the outermost bins.
    counted: float64 [2, bins], shares of the releases drawn of the upper and of the lower neighbour.
    exact: float64 [2, bins], their probabilities.
    samples: releases of each.
    epsilon: what the mechanism may spend on these two: no two bars differ by more than e^epsilon,
      but for a mechanism with a delta.
  """

  edges: np.ndarray
  counted: np.ndarray
  exact: np.ndarray
  samples: int
  epsilon: float


def neighbour_shares(
  audited: AuditedRelease, *, samples: int = 20_000, bins: int = _BINS
) -> Shares:
  """Draws fresh releases of both neighbours and puts them beside the mechanism's probabilities.

  Args:
    audited: from `prepare_audit`, of scope "attribute" or "image".
    samples: releases of each neighbour.
    bins: how many to sort them into.

  Raises:
    ConfigurationError: if the mechanism's probabilities are not known.
  """
  mechanism, spec = audited.mechanism, audited.prepared.spec
  listed = [mechanism.outputs(encoded.coordinates) for encoded in audited.inputs]
  if None not in listed:
    values = [from_grid(np.asarray(outputs)) for outputs, _ in listed]
    low, high = (float(pick([pick(one) for one in values])) for pick in (np.min, np.max))
    edges = np.linspace(low, high, bins + 1)
    exact = [
      np.histogram(places, edges, weights=shares)[0]
      for places, (_, shares) in zip(values, listed, strict=True)
    ]
  elif spec.scope == "metric" or mechanism.clip_radius is None:
    raise ConfigurationError(
      f"mechanism '{spec.mechanism}': the probabilities of its outputs are not known"
    )
  else:
    edges = mechanism.clip_radius * np.linspace(-1, 1, bins + 1)
    tail = survival(spec.mechanism, audited.mechanism_epsilon, mechanism.delta)
    inner = edges[1:-1] / mechanism.clip_radius
    exact = [-np.diff([1.0, *(tail(edge, side) for edge in inner), 0.0]) for side in (1, -1)]
  counted = [_counted(audited, side, samples, edges) for side in (0, 1)]
  return Shares(
    edges, np.array(counted), np.array(exact), samples, float(audited.mechanism_epsilon)
  )


def _counted(audited: AuditedRelease, side: int, samples: int, edges: np.ndarray) -> np.ndarray:
  rows = np.repeat(audited.inputs[side].coordinates, samples, axis=0)
  drawn = from_grid(audited.mechanism.release(rows)[:, 0])
  return np.histogram(np.clip(drawn, edges[0], edges[-1]), edges)[0] / samples


def plot_shares(
  shares: Shares, label: str = "what the mechanism says"
) -> "matplotlib.figure.Figure":
  """Draws both histograms as bars and their probabilities as lines.

  It may be shown to anybody: the two neighbours are made up.

  Args:
    shares: from `neighbour_shares`.
    label: what the axis shows.

  Returns:
    The figure: `figure.savefig("neighbours.png")`.
  """
  import matplotlib.figure

  figure = matplotlib.figure.Figure(figsize=(8, 3.2), layout="constrained")
  axes = figure.add_subplot()
  names = ("upper neighbour", "lower neighbour")
  for name, colour, counted, exact in zip(
    names, _COLOURS, shares.counted, shares.exact, strict=True
  ):
    axes.stairs(counted, shares.edges, fill=True, color=colour, alpha=0.35, label=f"{name}, drawn")
    axes.stairs(exact, shares.edges, color=colour, linewidth=1.5, label=f"{name}, theory")
  axes.set_xlabel(label)
  axes.set_ylabel("share of releases")
  axes.set_title(f"{shares.samples:,} releases of each of two neighbours", fontsize="medium")
  axes.legend(fontsize="small", ncols=2)
  return figure
