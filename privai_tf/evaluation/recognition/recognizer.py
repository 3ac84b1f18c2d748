"""What says how alike two faces are: embeddings, looked up by name."""

import contextlib
import dataclasses
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError

# name: (module, function) that makes one from what follows a colon, such as "faceres:FOLDER".
_KNOWN = {
  "dlib": ("privai_tf.evaluation.recognition.dlib_recognizer", "dlib_recognizer"),
  "faceres": ("privai_tf.evaluation.recognition.faceres", "faceres_recognizer"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Recognizer:
  """An embedding of faces.

  Attributes:
    name: what reports call it.
    embed: images [n, R, R, 3] in [-1, 1] (or codes, for one of codes) -> float32 [n, d].
    distance: whether two embeddings are compared by their Euclidean distance; else by cosine.
    center: float [d], subtracted before cosines; 0 for none.
  """

  name: str
  embed: Callable[[np.ndarray], np.ndarray]
  distance: bool = False
  center: Any = 0.0

  def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How alike faces are, larger is more alike.

    Args:
      one: [..., n, d] embeddings.
      other: [..., m, d] embeddings.

    Returns:
      float64 [..., n, m]: cosines, or negative distances.
    """
    one, other = (np.asarray(e, np.float64) - self.center for e in (one, other))
    if not self.distance:
      one, other = (e / np.maximum(_lengths(e), 1e-12) for e in (one, other))
      return one @ np.swapaxes(other, -1, -2)
    squares = _lengths(one) ** 2 + np.swapaxes(_lengths(other) ** 2, -1, -2)
    return -np.sqrt(np.maximum(squares - 2 * one @ np.swapaxes(other, -1, -2), 0.0))


def load_recognizer(name: str) -> Recognizer:
  """A recognizer of pictures.

  Args:
    name: "dlib", "faceres" (or "faceres:FOLDER").

  Raises:
    ConfigurationError: for an unknown name, or if its package or folder is missing.
    CheckpointError: if its files are others than those that it knows.
  """
  kind, _, place = name.partition(":")
  if kind not in _KNOWN:
    raise ConfigurationError(f"There is no recognizer '{kind}'; use {' or '.join(sorted(_KNOWN))}.")
  module, function = _KNOWN[kind]
  return getattr(importlib.import_module(module), function)(place)


def recognizers_at_hand() -> list[Recognizer]:
  """Those whose packages and files are there; maybe none."""
  found = []
  for name in _KNOWN:
    with contextlib.suppress(ConfigurationError):
      found.append(load_recognizer(name))
  return found


def codes_recognizer(generator: Any, latent_space: str, count: int = 10_000) -> Recognizer:
  """Compares codes in whitened principal directions, of which each has variance 1.

  In the demo's generators these are the factors that a portrait is drawn from, turned: identity is
  known, not guessed.

  Args:
    generator: a `Generator`.
    latent_space: "Z" or "W", of the codes [n, d].
    count: generated samples that the directions are from.
  """
  from privai_tf.privacy.directions import principal_directions

  found = principal_directions(generator, latent_space, count, 0)
  k = found.components(None)
  axes = found.basis[:, :k] / found.deviations[:k]
  return Recognizer("codes", lambda codes: (np.asarray(codes, np.float64) - found.mean) @ axes)


def encoder_recognizer(encoder: Any, of_codes: Recognizer) -> Recognizer:
  """Inverts pictures first, then compares codes: the re-inverting attacker.

  Args:
    encoder: the generator's `Encoder`, which gives W codes.
    of_codes: from `codes_recognizer`.
  """

  def embed(images: np.ndarray) -> np.ndarray:
    codes = np.asarray(encoder.encode(images))
    return of_codes.embed(codes if codes.ndim == 2 else codes.mean(axis=1))

  return Recognizer("encoder", embed)


def _lengths(values: np.ndarray) -> np.ndarray:
  return np.linalg.norm(values, axis=-1, keepdims=True)
