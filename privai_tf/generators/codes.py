"""Checks of latent codes and labels before they reach a network; errors say what was expected."""

import numpy as np

from privai_tf.errors import InputError, LatentSpaceError

LATENT_SPACES = ("Z", "W", "W+")


def check_space(latent_space: str, spaces: tuple[str, ...], family: str) -> None:
  """Refuses a latent space that a generator does not have.

  Args:
    latent_space: "Z", "W" or "W+".
    spaces: those of the generator.
    family: of the generator, for the message.

  Raises:
    LatentSpaceError: if it has no such space; names those that it has.
  """
  if latent_space not in spaces:
    raise LatentSpaceError(
      f"latent_space is {latent_space!r}; this {family} generator has {', '.join(spaces)}."
    )


def check_codes(codes: np.ndarray, shape: tuple[int, ...], latent_space: str) -> np.ndarray:
  """Returns codes as float32 [N, *shape].

  Args:
    codes: [N, *shape], N >= 1, finite; integers or floats of any width.
    shape: of one code.
    latent_space: for the message.

  Raises:
    LatentSpaceError: if they have another shape, no row or are not numbers.
    InputError: if they hold NaN or infinity.
  """
  codes = np.asarray(codes)
  expected = "[N, " + ", ".join(map(str, shape)) + "]"
  if codes.ndim != len(shape) + 1 or codes.shape[1:] != shape or not len(codes):
    raise LatentSpaceError(
      f"Latent codes of shape {list(codes.shape)} are not {latent_space} codes of this generator, "
      f"which are {expected} with N at least 1; name the space they were made in."
    )
  if codes.dtype.kind not in "fiu":
    raise LatentSpaceError(f"Latent codes are {codes.dtype}, not numbers; save them as float32.")
  codes = codes.astype(np.float32)
  bad = np.flatnonzero(~np.isfinite(codes.reshape(len(codes), -1)).all(axis=1))
  if bad.size:
    raise InputError(
      f"Latent code {bad[0]} holds NaN or infinity ({bad.size} of {len(codes)} codes do); "
      "compute it again."
    )
  return codes


def check_labels(labels: np.ndarray | None, label_size: int, count: int) -> np.ndarray | None:
  """Returns labels as float32 [count, label_size], None for a network without labels.

  Args:
    labels: [count, label_size], finite numbers; None: none are given.
    label_size: of the network, 0 without labels.
    count: of the codes that they go with.

  Raises:
    InputError: if they are missing, not wanted, misshapen or not finite.
  """
  if labels is None and not label_size:
    return None
  if labels is None:
    raise InputError(f"This network needs labels of shape [{count}, {label_size}]; pass `labels`.")
  labels = np.asarray(labels, np.float32)
  if not label_size:
    raise InputError("This network has no labels; leave `labels` out.")
  if labels.shape != (count, label_size) or not np.isfinite(labels).all():
    raise InputError(
      f"labels have shape {list(labels.shape)} or are not finite; expected [{count}, {label_size}]."
    )
  return labels


def random_labels(label_size: int, n: int, seed: int) -> np.ndarray | None:
  """One-hot labels, each class equally likely, for who wants faces of all classes together.

  Args:
    label_size: of the network, 0 without labels.
    n: how many.
    seed: 0 to 2^32 - 1.

  Returns:
    float32 [n, label_size]; None for a network without labels.
  """
  if not label_size:
    return None
  return np.eye(label_size, dtype=np.float32)[
    np.random.RandomState(seed).randint(label_size, size=n)
  ]
