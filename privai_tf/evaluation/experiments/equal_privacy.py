"""Mechanisms at equal measured privacy: what each costs where the adaptive attacker is as often right.

Every mechanism has a dial (epsilon; the prototype's tau; the deviation of noise in all dimensions). For a
grid of the dial's values, releases of balanced faces are attacked by probes that were trained on other
releases with true labels, and pictures are compared. Where attackers are right a given share of the time
is read off between the grid's neighbours. What cannot be reached at any value is said, not extrapolated.
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from privai_tf.evaluation.experiments.faces import Faces, folds
from privai_tf.evaluation.experiments.intervals import mean, share
from privai_tf.evaluation.experiments.releases import (
  pictures_of,
  prepared_release,
  released_codes,
  spec_of,
)
from privai_tf.evaluation.utility.kernel_distance import kernel_distances
from privai_tf.evaluation.utility.likeness import ms_ssim, sharpness
from privai_tf.privacy.audit.residual import fit_classifier

OURS, PROTOTYPE, ISOTROPIC = "extremal, sample", "reference_postclip", "noise in all dimensions"
# Dials: epsilon; tau and the deviation in standard deviations of the coordinate. The middle first.
DIALS = {
  OURS: (1.0, 2.0, 4.0, 0.5, 6.0),
  PROTOTYPE: (1.0, 4.0, 0.25),
  ISOTROPIC: (1.2, 0.6, 2.4, 0.3),
}
GOALS = (0.6, 0.7, 0.8, 0.9, 0.95)
_AT_MOST_ONE = ("others kept", "identity cosine", "ms_ssim")
FIGURES = ("others kept", "identity cosine", "ms_ssim", "kid", "sharpness ratio")
_DIRECTIONS = 64


def release(
  mechanism: str, dial: float, faces: Faces, codes: np.ndarray, attribute: str, seed: int
) -> np.ndarray:
  """Codes as a mechanism publishes them, float32 [n, d].

  Args:
    mechanism, dial: see `DIALS`.
    faces: what calibrates it.
    codes: [n, d].
    attribute: that is hidden.
    seed: of the other mechanisms' noise; `OURS` draws from the operating system.
  """
  if mechanism == OURS:
    spec = spec_of("extremal", dial, decode="sample")
    return released_codes(prepared_release(faces, spec, (attribute,)), codes)[0]
  normal = faces.boundary(attribute).normal
  spread = float((faces.calibration.codes @ normal).std())
  random = np.random.default_rng(seed)
  if mechanism == ISOTROPIC:
    return (codes + random.standard_normal(codes.shape) * dial * spread).astype(np.float32)
  # At epsilon 1 with L = 1 score a deviation: sigma is 4.8 tau, so most draws end at its two ends.
  tau = dial * spread
  noise = np.clip(random.standard_normal((len(codes), 1)) * 4.84 * tau, -tau, tau)
  return (codes + noise * normal).astype(np.float32)


def attack(
  released: np.ndarray, faces: Faces, attribute: str, labels: np.ndarray, seed: int
) -> dict[str, int]:
  """How often adaptive probes are right, each face tested once; by probe and reading.

  Codes are read in three ways: along the public codes' principal directions, as the public split has
  them (coordinate and rest), where trees find what the curve leaves in the rest, and in what is
  orthogonal to the normal, whitened: what noise along the normal leaves as it was.

  Args:
    released: codes [n, d].
    faces: whose public codes give the directions and scales.
    attribute: that is guessed.
    labels: bool [n], balanced.
    seed: of the folds and the probes.

  Returns:
    Right guesses, 0 to n, by "PROBE, READING".
  """
  both = ("logistic", "boosting")
  readings = {
    "directions": (_directions(faces), both),
    "split": (_split(faces, attribute), both),
    # Hundreds of directions, and a leak that is linear.
    "orthogonal": (_orthogonal(faces, attribute), ("logistic",)),
  }
  right = {}
  for name, (reading, probes) in readings.items():
    numbers = reading(released.astype(np.float64))
    for probe in probes:
      hits = 0
      for number, (trained, tested) in enumerate(folds(labels, seed)):
        scale = np.maximum(numbers[trained].std(axis=0), 1e-12)
        guess = fit_classifier(probe, numbers[trained] / scale, labels[trained], seed + number)
        hits += int((guess(numbers[tested] / scale) == labels[tested]).sum())
      right[f"{probe}, {name}"] = hits
  return right


@functools.lru_cache(maxsize=2)
def _principal(faces: Faces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Of public codes: mean [d], singular values [d] and directions [d, d], the largest first."""
  public = faces.calibration.codes.astype(np.float64)
  center = public.mean(axis=0)
  _, sizes, directions = np.linalg.svd(public[:3000] - center, full_matrices=False)
  return center, sizes, directions


def _directions(faces: Faces) -> Callable[[np.ndarray], np.ndarray]:
  center, _, directions = _principal(faces)
  axes = directions[:_DIRECTIONS].T
  return lambda codes: (codes - center) @ axes


@functools.lru_cache(maxsize=2)
def _split(faces: Faces, attribute: str) -> Callable[[np.ndarray], np.ndarray]:
  layout = prepared_release(faces, spec_of("extremal", 1.0), (attribute,)).layout
  return lambda codes: np.hstack(layout.parts(codes))


@functools.lru_cache(maxsize=2)
def _orthogonal(faces: Faces, attribute: str) -> Callable[[np.ndarray], np.ndarray]:
  """Most of this leak lies in directions of a ten-thousandth of the largest: all are kept."""
  normal = faces.boundary(attribute).normal
  public = faces.calibration.codes.astype(np.float64)
  center = public.mean(axis=0)
  rest = public - center
  rest -= np.outer(rest @ normal, normal)
  _, sizes, directions = np.linalg.svd(rest[:4000], full_matrices=False)
  axes = directions[sizes > 1e-7 * sizes[0]].T
  axes -= np.outer(normal, normal @ axes)
  return lambda codes: (codes - center) @ axes


def measured(
  mechanism: str, dial: float, faces: Faces, attribute: str, scorer: Any, encoder: Any,
  *, rows: np.ndarray, originals: np.ndarray, seed: int,
) -> dict[str, Any]:  # fmt: skip
  """One value of a dial: privacy on balanced faces, utility on the pictures of the first ones.

  Args:
    mechanism, dial: see `DIALS`.
    faces: that `rows` are of.
    attribute: that is hidden.
    scorer, encoder: what pictures are read by.
    rows: int [n], of faces.
    originals: float32 [m, R, R, 3], pictures of the first of their codes.
    seed: of simulated noise and of the attackers.
  """
  labels, codes = faces.labels(attribute)[rows], faces.codes[rows]
  released = release(mechanism, dial, faces, codes, attribute, seed)
  right = attack(released, faces, attribute, labels, seed)
  best = max(right, key=right.get)
  found = share(right[best], len(labels))
  result = {"mechanism": mechanism, "attribute": attribute, "dial": dial, "tested": len(labels)}
  result |= {"attacker": best, "accuracy": found.value, "low": found.low, "high": found.high}
  pictures = pictures_of(faces, released[: len(originals)])
  for name, values in _utility(originals, pictures, faces, attribute, scorer, encoder).items():
    one = mean(values)
    result |= {name: one.value, f"{name} low": one.low, f"{name} high": one.high}
  return result


def _utility(
  originals: np.ndarray,
  pictures: np.ndarray,
  faces: Faces,
  attribute: str,
  scorer: Any,
  encoder: Any,
) -> dict[str, np.ndarray]:
  others = [i for i, name in enumerate(scorer.attributes) if name != attribute]
  kept = (scorer.scores(pictures) > 0) == (scorer.scores(originals) > 0)
  center, sizes, directions = _principal(faces)
  axes = directions[: int((sizes > 0.02 * sizes[0]).sum())].T
  normal = faces.boundary(attribute).normal
  axes = axes - np.outer(normal, normal @ axes)  # Identity, without what is to be hidden.
  read = [
    (np.asarray(encoder.encode(images)).reshape(len(images), -1)[:, : len(center)] - center) @ axes
    for images in (pictures, originals)
  ]
  lengths = np.prod([np.linalg.norm(values, axis=1) for values in read], axis=0)
  # Realism is judged against other faces than those that were released.
  half = len(originals) // 2
  return {
    "others kept": kept[:, others].mean(axis=1),
    "identity cosine": (read[0] * read[1]).sum(axis=1) / np.maximum(lengths, 1e-12),
    "ms_ssim": ms_ssim(pictures, originals),
    "kid": kernel_distances(
      _standard(read[0][:half], read[1]), _standard(read[1][half:], read[1]), size=half * 2 // 3
    ),
    "sharpness ratio": sharpness(pictures) / sharpness(originals),
  }


def _standard(values: np.ndarray, of: np.ndarray) -> np.ndarray:
  """In units of the originals' spread."""
  return values / np.maximum(of.std(axis=0), 1e-3 * of.std())


def at_equal_privacy(
  rows: Sequence[dict[str, Any]], goals: Sequence[float] = GOALS
) -> list[dict[str, Any]]:
  """Figures of each mechanism where the adaptive attacker is right a given share of the time.

  Args:
    rows: of `measured`, any number of mechanisms, attributes and dials.
    goals: accuracies.

  Returns:
    A row for each goal, attribute and mechanism: between the two dials around the goal, their figures
    interpolated, and the wider of their intervals; where no dial gets there, "reached" is False and the
    figures are those of the dial that comes nearest.
  """
  table = []
  groups = dict.fromkeys((row["attribute"], row["mechanism"]) for row in rows)
  for goal in goals:
    for attribute, mechanism in groups:
      own = [r for r in rows if (r["attribute"], r["mechanism"]) == (attribute, mechanism)]
      table.append({"goal": goal, "attribute": attribute, "mechanism": mechanism} | _at(own, goal))
  return table


def _at(own: Sequence[dict[str, Any]], goal: float) -> dict[str, Any]:
  own = sorted(own, key=lambda row: row["accuracy"])
  keys = ["accuracy", "dial", *FIGURES]
  pairs = [(a, b) for a, b in itertools.pairwise(own) if a["accuracy"] <= goal <= b["accuracy"]]
  if not pairs:
    nearest = min(own, key=lambda row: abs(row["accuracy"] - goal))
    bounds = {f"{f} {end}": nearest[f"{f} {end}"] for f in FIGURES for end in ("low", "high")}
    return {"reached": False} | {key: nearest[key] for key in keys} | bounds
  below, above = pairs[0]
  gap = above["accuracy"] - below["accuracy"]
  part = 0.5 if gap == 0 else (goal - below["accuracy"]) / gap
  found = {key: (1 - part) * below[key] + part * above[key] for key in keys}
  for figure in FIGURES:
    for end, side in (("low", -1), ("high", 1)):
      reach = max(side * (row[f"{figure} {end}"] - row[figure]) for row in (below, above))
      reached = found[figure] + side * reach
      found[f"{figure} {end}"] = min(reached, 1.0) if figure in _AT_MOST_ONE else reached
  return {"reached": True} | found
