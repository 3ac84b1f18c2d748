"""Rank-1 and AUC of releases against galleries, with 99% intervals, and what no attacker exceeds."""

import dataclasses
import math

import numpy as np

from privai_tf.evaluation.recognition.recognizer import Recognizer
from privai_tf.privacy.accounting.attackers import attacker_bound
from privai_tf.privacy.audit.residual import CONFIDENCE, share


@dataclasses.dataclass(frozen=True)
class Identification:
  """How often an attacker says whose face it is.

  Attributes:
    size: of each gallery, n; a blind guess is right in 1 of n.
    trials: releases that were looked up.
    rank_one: share whose own original was the most alike (ties shared out).
    rank_one_interval: 99%, Clopper-Pearson.
    auc: how often a release is more like its own original than another release is like that original,
      within galleries.
    auc_interval: 99%, normal over galleries.
  """

  size: int
  trials: int
  rank_one: float
  rank_one_interval: tuple[float, float]
  auc: float
  auc_interval: tuple[float, float]


def galleries(values: np.ndarray, size: int) -> np.ndarray:
  """Rows in galleries of equal size, [n, ...] -> [n // size, size, ...]; what is left over is dropped.

  Args:
    values: n rows, in an order that puts no one face twice into a gallery.
    size: rows in a gallery, 1 to n.
  """
  count = len(values) // size
  return np.asarray(values)[: count * size].reshape(count, size, *np.shape(values)[1:])


def gallery_scores(
  recognizer: Recognizer, released: np.ndarray, originals: np.ndarray, size: int
) -> np.ndarray:
  """How alike each release and each original of its gallery are.

  Args:
    recognizer: compares embeddings.
    released, originals: [n, d] embeddings of the same faces in the same order.
    size: of a gallery.

  Returns:
    float64 [n // size, size, size]: gallery, release, original.
  """
  return recognizer.compare(galleries(released, size), galleries(originals, size))


def identification(scores: np.ndarray) -> Identification:
  """Figures of [galleries, releases, originals] scores; a release's own original has its index.

  Args:
    scores: [g, n, n], higher is more alike; n at least 2, and g at least 2 for an interval of the AUC.

  #### Examples

  ```python
  identification(np.stack([np.eye(10)] * 200)).rank_one  # 1.0
  identification(np.zeros((200, 10, 10))).rank_one  # 0.1
  ```
  """
  size = scores.shape[-1]
  own = np.einsum("gii->gi", scores)
  best = scores == scores.max(axis=-1, keepdims=True)
  hits = np.einsum("gii->gi", best) / best.sum(axis=-1)
  # By column: an original's own release against the other releases of its gallery.
  against = np.swapaxes(scores, 1, 2)[:, ~np.eye(size, dtype=bool)].reshape(len(scores), size, -1)
  wins = (own[..., None] > against) + 0.5 * (own[..., None] == against)
  of_gallery = wins.mean(axis=(1, 2))
  found = share(float(hits.sum()), hits.size)
  return Identification(
    size=size,
    trials=hits.size,
    rank_one=found.value,
    rank_one_interval=(found.low, found.high),
    auc=float(of_gallery.mean()),
    auc_interval=_of_mean(of_gallery),
  )


def identification_bound(epsilon: float, delta: float, size: int) -> float:
  """Rank-1 that no attacker exceeds, whatever it knows: e^epsilon / (e^epsilon + n - 1) for delta 0.

  Let P_i be the release's distribution for face i of the gallery and A_i the releases upon which the
  attacker says i. These are disjoint, so `sum_i P_j(A_i) <= 1` for every j. By the promise of scope
  "image", `P_i(A_i) <= e^epsilon P_j(A_i) + delta` for every j other than i. Summed over all pairs,

      (n - 1) sum_i P_i(A_i) <= e^epsilon sum_j (1 - P_j(A_j)) + n (n - 1) delta,

  and with the rank-1 `p = sum_i P_i(A_i) / n` of n equally likely faces

      (n - 1) p <= e^epsilon (1 - p) + (n - 1) delta,
      p <= (e^epsilon + (n - 1) delta) / (e^epsilon + n - 1).

  An attacker that tosses coins is a mixture of such attackers. A mechanism that keeps the face with
  that probability and else takes any of the others attains it with delta = 0.

  Args:
    epsilon: of one release, 0 or more.
    delta: of one release, in [0, 1).
    size: faces in the gallery, n, at least 2.

  Returns:
    In [1/n, 1], rounded up.
  """
  return attacker_bound(epsilon, delta, classes=size)


def auc_bound(epsilon: float, delta: float = 0.0) -> float:
  """AUC that no attacker exceeds: e^epsilon / (1 + e^epsilon) for delta 0.

  For one original and any threshold on any score, the share T of its own releases above it and the
  share F of another face's releases obey `T <= e^epsilon F + delta` and, of the releases below,
  `1 - F <= e^epsilon (1 - T) + delta`. The same holds for averages over originals. So the curve (F, T)
  lies under the polygon through (0, 0), (0, delta), (f, t), (1 - delta, 1), (1, 1) with
  `f = (1 - delta) / (1 + e^epsilon)` and `t = 1 - f`, and the AUC is at most its area.

  Args:
    epsilon: of one release, 0 or more.
    delta: of one release, in [0, 1].

  Returns:
    In [1/2, 1].
  """
  f = (1 - delta) * math.exp(-epsilon) / (1 + math.exp(-epsilon))
  t = 1 - f
  area = f * (delta + t) / 2 + (1 - delta - f) * (t + 1) / 2 + delta
  return min(1.0, area)


def _of_mean(values: np.ndarray) -> tuple[float, float]:
  from scipy import special

  if len(values) < 2:
    return 0.0, 1.0
  half = special.ndtri((1 + CONFIDENCE) / 2) * values.std(ddof=1) / math.sqrt(len(values))
  return max(0.0, float(values.mean() - half)), min(1.0, float(values.mean() + half))
