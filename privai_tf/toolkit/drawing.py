"""Codes of any space -> 8-bit pictures: truncation, labels and noise in one place."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.runtime import outside
from privai_tf.runtime.batching import bucket_size
from privai_tf.runtime.files import shown
from privai_tf.runtime.precision import resolved


@dataclasses.dataclass(frozen=True)
class Drawing:
  """How codes are drawn.

  Attributes:
    truncation_psi: how far Z and W codes keep from the mean, in the layers below
      `truncation_cutoff`: 1 leaves them as they are, None is the checkpoint's own.
    truncation_cutoff: the first layer that is not truncated; None: the checkpoint's own.
    noise: "fixed", "random" or "none".
    noise_seed: of random noise.
    batch_size: pictures at a time; None: by the resolution.
    precision: of what is multiplied, see `runtime.precision`.
  """

  truncation_psi: float | None = None
  truncation_cutoff: int | None = None
  noise: str = "fixed"
  noise_seed: int = 0
  batch_size: int | None = None
  precision: str = "float32"

  def __post_init__(self):
    if self.truncation_psi is not None and not math.isfinite(self.truncation_psi):
      raise ConfigurationError(
        f"--truncation_psi={self.truncation_psi}: use a number, from 0 to 1 as a rule."
      )

  def configuration(self) -> dict[str, Any]:
    """What decides the pictures, as JSON values."""
    values = dataclasses.asdict(self)
    if self.noise != "random":
      # Only random noise is drawn a batch at a time.
      del values["batch_size"], values["noise_seed"]
    # What drew the pictures, on whichever machine.
    return values | {"precision": resolved(self.precision)}

  def check(self, generator: Any, latent_space: str) -> None:
    """Refuses truncation where there is none.

    Raises:
      ConfigurationError: for W+ codes and for generators without W.
      LatentSpaceError: if the generator does not have the space.
    """
    generator.code_shape(latent_space)
    if self.truncation_psi is None and self.truncation_cutoff is None:
      return
    if "W" not in generator.latent_spaces:
      raise ConfigurationError(
        f"Truncation happens in W, which a {generator.family} generator does not have; leave "
        "truncation_psi and truncation_cutoff out."
      )
    if latent_space == "W+":
      raise ConfigurationError(
        "W+ codes are drawn as they are; leave truncation_psi and truncation_cutoff out."
      )

  def to_layers(self, generator: Any, w: np.ndarray) -> np.ndarray:
    """W codes [n, d] or untruncated W+ codes [n, L, d] -> truncated W+ codes [n, L, d]."""
    return generator.truncate(w, self.truncation_psi, self.truncation_cutoff)

  def pixels(
    self,
    generator: Any,
    codes: np.ndarray,
    latent_space: str,
    *,
    labels: np.ndarray | None = None,
    wanted: Sequence[bool] | None = None,
  ) -> Iterator[tuple[int, np.ndarray]]:
    """Draws codes.

    Args:
      generator: a `Generator`.
      codes: [n, ...] of one of its spaces.
      latent_space: the space.
      labels: [n, label_size] for Z codes of a network with labels.
      wanted: bool [n], which codes to draw; None: all. A code's picture is the same whichever others
        are drawn.

    Yields:
      (row, uint8 [R, R, num_channels]).

    Raises:
      LatentSpaceError, InputError, ConfigurationError: for codes that cannot be drawn.
    """
    from privai_tf.generators import to_uint8

    self.check(generator, latent_space)
    wanted = np.ones(len(codes), bool) if wanted is None else np.asarray(wanted)
    size = self.batch_size or generator.default_batch_size
    if self.noise != "random":
      # Random noise depends on the batch's size: there it must not depend on the number of codes.
      size = bucket_size(len(codes), size)
    for start in range(0, len(codes), size):
      rows = np.arange(start, min(start + size, len(codes)))
      if not wanted[rows].any():
        continue
      # A last batch as large as the others: another size would be compiled anew.
      padded = np.minimum(np.arange(start, start + size), len(codes) - 1)
      batch, space, batch_labels = self._drawn(
        generator, codes[padded], latent_space, None if labels is None else labels[padded]
      )
      images = generator.synthesize(
        batch,
        latent_space=space,
        noise=self.noise,
        batch_size=size,
        labels=batch_labels,
        seed=self._batch_seed(start),
        precision=self.precision,
      )
      pixels = to_uint8(images, family=generator.family)
      for row in rows[wanted[rows]]:
        yield int(row), pixels[row - start]

  def _drawn(
    self, generator: Any, codes: np.ndarray, latent_space: str, labels: np.ndarray | None
  ) -> tuple[np.ndarray, str, np.ndarray | None]:
    """Codes as the network takes them, their space and their labels."""
    if latent_space == "W+" or "W" not in generator.latent_spaces:
      return codes, latent_space, labels
    w = generator.map(codes, labels) if latent_space == "Z" else codes
    return self.to_layers(generator, w), "W+", None

  def _batch_seed(self, start: int) -> int:
    return int(np.random.SeedSequence([self.noise_seed, start]).generate_state(1)[0])


def read_labels(text: str | None, generator: Any, count: int) -> np.ndarray | None:
  """The labels that a flag asks for.

  Args:
    text: a class number, which all samples get, an `.npy` file of [count, label_size], or None.
    generator: a `Generator`.
    count: how many samples.

  Returns:
    float32 [count, label_size], or None for a network without labels.

  Raises:
    ConfigurationError: if labels are missing, not wanted or no such class.
    InputError: if the file cannot be used.
  """
  size = generator.config.label_size
  if text is None and not size:
    return None
  if not size:
    raise ConfigurationError("This checkpoint has no labels; leave --labels out.")
  if text is None:
    raise ConfigurationError(
      f"This checkpoint needs --labels: a class from 0 to {size - 1}, or an .npy file."
    )
  if text.isdecimal():
    if int(text) >= size:
      raise ConfigurationError(f"--labels={text}: the classes are 0 to {size - 1}.")
    return np.tile(np.eye(size, dtype=np.float32)[int(text)], (count, 1))
  if not outside.is_file(text):
    raise InputError(f"--labels={shown(text)} is no class and no readable .npy file.")
  labels = outside.read_array(text)
  if labels.shape != (count, size):
    raise InputError(f"{shown(text)} must hold labels of shape [{count}, {size}].")
  return labels.astype(np.float32)
