"""An attacker that first undoes the anonymization, then recognizes: learned from releases with true pairs."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from privai_tf.errors import ConfigurationError

KINDS = ("ridge", "network")
_STRENGTHS = (1e-2, 1.0, 1e2, 1e4)
_HELD_OUT = 0.2
_HIDDEN, _EPOCHS = 128, 60


def learn(
  kind: str, released: np.ndarray, originals: np.ndarray, seed: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
  """Learns what a release's original is like.

  Args:
    kind: "ridge" (least squares) or "network" (one hidden layer of 128, stopped early).
    released: [n, p], numbers of releases: codes, or embeddings of their pictures.
    originals: [n, d], embeddings of the originals.
    seed: of what is held out to choose by, and of the network.

  Returns:
    Numbers of other releases [m, p] -> estimated embeddings of their originals, float64 [m, d].

  Raises:
    ConfigurationError: there is no such kind.
  """
  if kind not in KINDS:
    raise ConfigurationError(f"There is no de-anonymizer '{kind}'; use {' or '.join(KINDS)}.")
  released, originals = (np.asarray(values, np.float64) for values in (released, originals))
  center, scale = released.mean(axis=0), released.std(axis=0)
  scale = np.where(
    scale > 1e-6 * scale.max(initial=1e-300), scale, np.inf
  )  # Constants say nothing.
  goal, spread = originals.mean(axis=0), originals.std() or 1.0
  inputs, targets = (released - center) / scale, (originals - goal) / spread
  fit = _ridge if kind == "ridge" else _network
  model = fit(inputs, targets, seed)
  return lambda numbers: goal + spread * model((np.asarray(numbers, np.float64) - center) / scale)


def _ridge(inputs: np.ndarray, targets: np.ndarray, seed: int) -> Callable:
  order = np.random.default_rng(seed).permutation(len(inputs))
  kept, held = np.split(order, [int((1 - _HELD_OUT) * len(order))])

  def error(weights: np.ndarray) -> float:
    return float(np.square(inputs[held] @ weights - targets[held]).mean())

  tried = _solutions(inputs[kept], targets[kept], _STRENGTHS)
  best = _STRENGTHS[int(np.argmin([error(weights) for weights in tried]))]
  (weights,) = _solutions(inputs, targets, [best])
  return lambda numbers: numbers @ weights


def _solutions(
  inputs: np.ndarray, targets: np.ndarray, strengths: Sequence[float]
) -> list[np.ndarray]:
  values, vectors = np.linalg.eigh(inputs.T @ inputs)
  moments = vectors.T @ (inputs.T @ targets)
  return [vectors @ (moments / (values.clip(0) + s)[:, None]) for s in strengths]


def _network(inputs: np.ndarray, targets: np.ndarray, seed: int) -> Callable:
  # Late: they take a second to import.
  from sklearn.exceptions import ConvergenceWarning
  from sklearn.neural_network import MLPRegressor
  from threadpoolctl import threadpool_limits

  network = MLPRegressor(
    hidden_layer_sizes=(_HIDDEN,), early_stopping=True, max_iter=_EPOCHS, random_state=seed
  )
  with warnings.catch_warnings(), threadpool_limits(1):
    warnings.simplefilter("ignore", ConvergenceWarning)  # Epochs are few on purpose.
    network.fit(inputs.astype(np.float32), targets.astype(np.float32))
  width = targets.shape[1]
  return lambda numbers: network.predict(numbers.astype(np.float32)).reshape(len(numbers), width)
