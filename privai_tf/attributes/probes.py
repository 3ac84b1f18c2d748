"""What can still be read from codes: probes that are trained on one part and judged on another."""

import warnings

import numpy as np

from privai_tf.attributes.separation import NotSeparableError, Plane, fit_plane
from privai_tf.shapes import FlatCodes

CHANCE = 0.5
# Weak enough not to learn the noise of a few thousand samples, for codes of any scale.
_REGULARIZATION = 1e-2
_HIDDEN = 64
_EPOCHS = 30


def balanced_accuracy(guesses: np.ndarray, labels: np.ndarray) -> float:
  """Mean of the two classes' shares of right guesses: 0.5 is chance whatever the classes' counts.

  Args:
    guesses, labels: bool [n]; both labels present.
  """
  return float((guesses[labels].mean() + (~guesses)[~labels].mean()) / 2)


def fit_probe(codes: FlatCodes, labels: np.ndarray) -> Plane:
  """The plane of a linear support vector machine in which both classes weigh the same.

  Args:
    codes: [n, d].
    labels: bool [n].
  """
  return fit_plane(codes, labels, _REGULARIZATION, scaled=True, balanced=True, rough=True)


def linear_probe(
  train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> float:
  """Balanced accuracy of a linear support vector machine.

  Args:
    train, test: [n, d] codes of the two parts.
    train_labels, test_labels: bool [n].
  """
  try:
    plane = fit_probe(train, train_labels)
  except NotSeparableError:
    return CHANCE  # A constant guess.
  return balanced_accuracy(plane.side(test), test_labels)


def nonlinear_probe(
  train: np.ndarray,
  train_labels: np.ndarray,
  test: np.ndarray,
  test_labels: np.ndarray,
  seed: int = 0,
) -> float:
  """Balanced accuracy of a small neural network (one hidden layer of 64), stopped early.

  Args:
    train, test: [n, d] codes of the two parts.
    train_labels, test_labels: bool [n].
    seed: of its initial weights and its training.
  """
  # Late: they take a second to import.
  from sklearn.exceptions import ConvergenceWarning
  from sklearn.neural_network import MLPClassifier
  from threadpoolctl import threadpool_limits

  mean, scale = train.mean(axis=0), np.sqrt(train.var()) or 1.0
  rows = _evened(train_labels, seed)
  network = MLPClassifier((_HIDDEN,), early_stopping=True, max_iter=_EPOCHS, random_state=seed)
  with warnings.catch_warnings(), threadpool_limits(1):
    # Epochs are few on purpose.
    warnings.simplefilter("ignore", ConvergenceWarning)
    network.fit(((train[rows] - mean) / scale).astype(np.float32), train_labels[rows])
  guesses = network.predict(((test - mean) / scale).astype(np.float32))
  return balanced_accuracy(guesses, test_labels)


def _evened(labels: np.ndarray, seed: int) -> np.ndarray:
  """Rows in which the rarer class is repeated until both are equally many."""
  random = np.random.default_rng(seed)
  classes = [np.flatnonzero(labels), np.flatnonzero(~labels)]
  size = max(map(len, classes))
  return random.permutation(np.concatenate([np.resize(rows, size) for rows in classes]))
