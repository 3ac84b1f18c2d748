"""What is scored: picture files, or what a generator draws of codes."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.faces.discovery import find_inputs
from privai_tf.inversion.code_record import read_record
from privai_tf.inversion.latents import load_latents
from privai_tf.runtime.files import shown
from privai_tf.toolkit.drawing import Drawing, read_labels
from privai_tf.toolkit.picture_store import square_pixels

_SAMPLED = frozenset(["z.npy", "w.npy", "wp.npy"])


class Source(Protocol):
  """Pictures to score.

  Attributes:
    count: how many.
    record: where they are from (JSON values), for the scores' companion.
  """

  count: int
  record: dict[str, Any]

  def pixels(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(row, uint8 [S, S, 3]) of those with bool [count] `wanted`."""
    ...


class PictureFiles:
  """Pictures of a folder, in the order of their names; see `Source`."""

  def __init__(self, images: str):
    """Args:
      images: a folder, file or pattern. Of a folder that `generate` made, the samples alone are taken,
        in the order of their codes.

    Raises:
      InputError: if there is nothing, or a sample is missing.
    """
    record = read_record(images) if Path(images).is_dir() else None
    # A folder of `edit` has a record too, but not one picture for each code.
    if record is not None and set(record["codes"]) <= _SAMPLED:
      self._paths = [Path(images) / f"{row:06d}.png" for row in range(record["num"])]
      missing = [path for path in self._paths if not path.is_file()]
      if missing:
        raise InputError(
          f"{shown(missing[0])} is missing ({len(missing)} samples in all); finish the run: call "
          "generate again."
        )
    else:
      self._paths = find_inputs(images)
    self.count = len(self._paths)
    names = "\n".join(f"{path.name} {path.stat().st_size}" for path in self._paths)
    self.record = {
      "pictures": self.count,
      "first": self._paths[0].name,
      "last": self._paths[-1].name,
      "names_and_sizes_sha256": hashlib.sha256(names.encode()).hexdigest(),
    }

  def pixels(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for row in np.flatnonzero(wanted):
      yield int(row), square_pixels(self._paths[row])


class DrawnCodes:
  """What a generator draws of codes, without a picture file; see `Source`."""

  def __init__(
    self,
    generator: Any,
    latent_codes: str,
    latent_space: str,
    drawing: Drawing,
    labels: str | None = None,
  ):
    """Args:
      generator: a `Generator`.
      latent_codes: `.npy` of its codes.
      latent_space: of the codes.
      drawing: how they are drawn.
      labels: see `read_labels`; for Z codes.

    Raises:
      InputError, LatentSpaceError: if the codes cannot be used.
      ConfigurationError: if they cannot be drawn so.
    """
    if labels is not None and latent_space != "Z":
      raise ConfigurationError("--labels act on Z codes only; leave them out.")
    self._codes = load_latents(latent_codes, generator, latent_space)
    self._generator, self._space, self._drawing = generator, latent_space, drawing
    drawing.check(generator, latent_space)
    self.count = len(self._codes)
    self._labels = read_labels(labels, generator, self.count) if latent_space == "Z" else None
    self.record = {
      "codes": self.count,
      "codes_sha256": hashlib.sha256(np.ascontiguousarray(self._codes)).hexdigest(),
      "latent_space": latent_space,
      "checkpoint": generator.fingerprint,
      "labels": labels,
      "drawing": drawing.configuration(),
    }

  def pixels(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    drawn = self._drawing.pixels(
      self._generator, self._codes, self._space, labels=self._labels, wanted=wanted
    )
    for row, pixels in drawn:
      yield row, np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels
