"""The reference prototype's study of one face, as it was done: an anchor, three noises, four figures.

The prototype moves a face to the decision boundary of an attribute scorer (the anchor), estimates how
fast the score changes there (L), adds clipped noise `clip_tau(n)`, `sigma = sqrt(2 ln(1.25/delta)) L tau /
epsilon`, and counts in how many of K draws the scorer still says what it says of the anchor.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from privai_tf.errors import InputError

DELTA = 1e-5
SAFETY = 1.5  # The prototype's factor on L estimated in all dimensions.
METHODS = ("sub", "iso_nm", "iso_dp")
# Names and order of the prototype's own table.
COLUMNS = (
  "method", "eps", "delta", "tau", "sigma", "Ls_est", "Lfull_est", "attack_mean", "attack_std",
  "leak_mean", "leak_std", "id_mean", "id_std", "perc_mean", "perc_std", "alpha", "margin",
)  # fmt: skip
_STEP = 0.05  # Of central differences, latent units.
_DIRECTIONS = 128
_COVER = 9
_REACH, _LOOKS, _HALVINGS = 4.0, 17, 14


@dataclasses.dataclass(frozen=True, eq=False)
class Tools:
  """What the study looks through.

  Attributes:
    draw: codes float32 [n, d] -> pictures.
    scores: pictures -> [n, 2] of the attribute and of a second one.
    embed: pictures -> [n, f], for the perceptual distance.
    similarity: pictures, pictures -> [n] structural similarity.
  """

  draw: Callable[[np.ndarray], np.ndarray]
  scores: Callable[[np.ndarray], np.ndarray]
  embed: Callable[[np.ndarray], np.ndarray]
  similarity: Callable[[np.ndarray, np.ndarray], np.ndarray]

  def score(self, codes: np.ndarray) -> np.ndarray:
    """float64 [n, 2]."""
    return np.asarray(self.scores(self.draw(codes.astype(np.float32))), np.float64)


@dataclasses.dataclass(frozen=True, eq=False)
class Anchor:
  """A code at the scorer's decision boundary.

  Attributes:
    code: float64 [d].
    alpha: how far along the direction it was moved, latent units.
    margin: its score, near 0.
  """

  code: np.ndarray
  alpha: float
  margin: float


def find_anchor(code: np.ndarray, direction: np.ndarray, spread: float, tools: Tools) -> Anchor:
  """Line search for the nearest change of the score's sign, then bisection.

  Args:
    code: float64 [d].
    direction: float64 [d], of length 1.
    spread: the coordinate's standard deviation; four of them are searched on both sides.
    tools: the scorer.

  Raises:
    InputError: if the score never changes its sign.
  """
  places = np.linspace(-_REACH, _REACH, _LOOKS) * spread
  found = tools.score(code + places[:, np.newaxis] * direction)[:, 0]
  changes = np.flatnonzero((found[:-1] >= 0) != (found[1:] >= 0))
  if not len(changes):
    raise InputError(
      "The scorer says the same of a face wherever it is moved along the boundary's normal: take "
      "another face or attribute."
    )
  nearest = changes[np.abs(places[changes] + places[changes + 1]).argmin()]
  low, high = places[nearest], places[nearest + 1]
  rising = found[nearest] < 0
  for _ in range(_HALVINGS):
    middle = (low + high) / 2
    below = tools.score((code + middle * direction)[np.newaxis])[0, 0] < 0
    low, high = (middle, high) if below == rising else (low, middle)
  alpha = (low + high) / 2
  anchor = code + alpha * direction
  return Anchor(anchor, float(alpha), float(tools.score(anchor[np.newaxis])[0, 0]))


def slopes(codes: np.ndarray, directions: np.ndarray, tools: Tools) -> np.ndarray:
  """|change of the score| for each unit of latent space, by central differences, float64 [n].

  Args:
    codes: float64 [n, d].
    directions: float64 [n, d], of length 1.
    tools: the scorer.
  """
  ahead, behind = (tools.score(codes + sign * _STEP * directions)[:, 0] for sign in (1, -1))
  return np.abs(ahead - behind) / (2 * _STEP)


def lipschitz_on_subspace(anchor: Anchor, direction: np.ndarray, tau: float, tools: Tools) -> float:
  """The local-cover estimate: the largest slope at points that cover [-tau, tau] around the anchor.

  Args:
    anchor: the face.
    direction: float64 [d], of length 1.
    tau: above 0, latent units.
    tools: the scorer.

  Returns:
    In units of the score for each latent unit.
  """
  places = np.linspace(-tau, tau, _COVER)[:, np.newaxis]
  codes = anchor.code + places * direction
  return float(slopes(codes, np.broadcast_to(direction, codes.shape), tools).max())


def lipschitz_everywhere(anchor: Anchor, seed: int, tools: Tools) -> float:
  """The largest slope along random directions of all dimensions, times the safety factor.

  Args:
    anchor: the face.
    seed: of the 128 directions.
    tools: the scorer.

  Returns:
    In units of the score for each latent unit.
  """
  random = np.random.default_rng(seed)
  directions = random.standard_normal((_DIRECTIONS, len(anchor.code)))
  directions /= np.linalg.norm(directions, axis=1, keepdims=True)
  return SAFETY * float(
    slopes(np.broadcast_to(anchor.code, directions.shape), directions, tools).max()
  )


def sigma_of(lipschitz: float, tau: float, epsilon: float) -> float:
  """The prototype's noise, in latent units although `lipschitz tau` is in units of the score.

  Args:
    lipschitz: in units of the score for each latent unit.
    tau: what noise is clipped to, latent units.
    epsilon: above 0.
  """
  return math.sqrt(2 * math.log(1.25 / DELTA)) * lipschitz * tau / epsilon


def moves(
  method: str, direction: np.ndarray, sigma: float, tau: float, count: int, seed: int
) -> np.ndarray:
  """What is added to codes, float64 [count, d], at most tau long.

  Args:
    method: "sub" (along the direction), "iso_nm" (any direction, as long as sub's) or "iso_dp" (sigma
      in all dimensions).
    direction: float64 [d].
    sigma, tau: of the noise before it is clipped, and what it is clipped to.
    count, seed: of the draws; equal seeds give equal noise.
  """
  random = np.random.default_rng(seed)
  along = np.clip(random.standard_normal((count, 1)) * sigma, -tau, tau)
  if method == "sub":
    return along * direction
  all_around = random.standard_normal((count, len(direction)))
  lengths = np.linalg.norm(all_around, axis=1, keepdims=True)
  wanted = np.abs(along) if method == "iso_nm" else np.minimum(lengths * sigma, tau)
  return all_around / lengths * wanted


def monte_carlo(
  anchor: Anchor, added: np.ndarray, tools: Tools
) -> tuple[dict[str, tuple[float, float]], np.ndarray]:
  """Figures of K draws around an anchor.

  Args:
    anchor: the face.
    added: float64 [K, d].
    tools: what figures are read by.

  Returns:
    (mean, standard deviation) by name: "attack" (the scorer says what it says of the anchor), "leak"
    (change of the second score), "id" (structural similarity), "perc" (distance of embeddings); and
    the scores of the attribute, float64 [K].
  """
  start = tools.draw(anchor.code[np.newaxis].astype(np.float32))
  # Clipped noise is tau or minus tau in most draws: each picture is looked at once.
  different, draws = np.unique(added, axis=0, return_inverse=True)
  pictures = tools.draw((anchor.code + different).astype(np.float32))
  before, after = tools.scores(start)[0], np.asarray(tools.scores(pictures), np.float64)
  same = (after[:, 0] >= 0) == (before[0] >= 0)
  away = np.linalg.norm(tools.embed(pictures) - tools.embed(start), axis=1)
  figures = {
    "attack": same.astype(float),
    "leak": np.abs(after[:, 1] - before[1]),
    "id": np.asarray(tools.similarity(pictures, np.repeat(start, len(pictures), axis=0)), float),
    "perc": away,
  }
  draws = draws.reshape(-1)
  found = {name: values[draws] for name, values in figures.items()}
  return {name: (float(v.mean()), float(v.std())) for name, v in found.items()}, after[draws, 0]


def table_row(
  method: str, epsilon: float, tau: float, sigma: float, estimates: dict[str, float],
  figures: dict[str, tuple[float, float]], anchor: Anchor,
) -> dict[str, Any]:  # fmt: skip
  """One row of the prototype's table of seventeen columns.

  Args:
    method: one of `METHODS`.
    epsilon: of the row; delta is `DELTA`.
    tau, sigma: latent units.
    estimates: "Ls_est" and "Lfull_est".
    figures: of `monte_carlo`.
    anchor: the face.

  Returns:
    By the names of `COLUMNS`, in their order.
  """
  pairs = {
    f"{k}_{p}": v for k, pair in figures.items() for p, v in zip(("mean", "std"), pair, strict=True)
  }
  values = {"method": method, "eps": epsilon, "delta": DELTA, "tau": tau, "sigma": sigma}
  values |= estimates | pairs | {"alpha": anchor.alpha, "margin": anchor.margin}
  return {name: values[name] for name in COLUMNS}


def matching_sigma(
  goal: float, direction: np.ndarray, tau: float, start: float, anchor: Anchor, tools: Tools,
  *, count: int, seed: int, steps: int = 6,
) -> tuple[float, dict[str, tuple[float, float]]]:  # fmt: skip
  """The isotropic sigma with a given perceptual distance, by bisection (equal utility).

  Args:
    goal: the distance.
    start: where the search begins; 1/64 to 64 times of it is looked at.
    count, seed: of the draws, the same at every step.
    steps: halvings, on the scale of logarithms.

  Returns:
    sigma, and its figures; where clipped noise never reaches the goal, the largest sigma and its.
  """
  low, high = math.log(start / 64), math.log(start * 64)

  def look(place: float):
    added = moves("iso_dp", direction, math.exp(place), tau, count, seed)
    return monte_carlo(anchor, added, tools)[0]

  figures = look(high)
  if figures["perc"][0] <= goal:
    return math.exp(high), figures
  for _ in range(steps):
    middle = (low + high) / 2
    figures = look(middle)
    low, high = (middle, high) if figures["perc"][0] < goal else (low, middle)
  return math.exp(middle), figures
