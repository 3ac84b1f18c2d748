"""The frozen records that pass between stages; arrays are NumPy, channels last.

photo -> `AlignedFace` -> `Inversion` -> `Release` -> files
"""

import dataclasses
import functools
import hashlib
import math
from typing import Any, Self

import numpy as np


@dataclasses.dataclass(frozen=True)
class Placement:
  """The square of a photo that a face was cut from, possibly turned and reaching beyond the photo.

  Coordinates are in pixels of the photo, x to the right, y down; the pixel in column i covers i to
  i + 1.

  Attributes:
    center: (x, y) of the square's middle.
    half_axis: (x, y) from the middle to the middle of the face's right-hand edge (as seen).
    frame: (height, width) of the photo.
  """

  center: tuple[float, float]
  half_axis: tuple[float, float]
  frame: tuple[int, int]

  @property
  def side(self) -> float:
    """Side of the square in pixels of the photo."""
    return 2 * math.hypot(*self.half_axis)


@dataclasses.dataclass(frozen=True)
class AlignedFace:
  """A face ready for inversion.

  Attributes:
    name: what its output files are called, without extension.
    source: where it came from, for messages only (never published).
    image: float32 [R, R, 3] in [-1, 1].
    index: its number among the faces of the photo, from 0, left to right.
    count: how many faces were found in the photo; 1 where nobody looked (no alignment).
    placement: where in the photo it was; None if that is not known.
  """

  name: str
  source: str
  image: np.ndarray
  index: int = 0
  count: int = 1
  placement: Placement | None = None


@dataclasses.dataclass(frozen=True)
class Inversion:
  """Latent codes found for a batch of images. All of it is private.

  Attributes:
    latents: float32 [N, d] (W, Z) or [N, L, d] (W+).
    latent_space: "Z", "W" or "W+".
    images: float32 [N, R, R, 3] in [-1, 1], the generator's reconstruction.
    losses: float32 [records, N], the loss curve of each image.
    psnr: float32 [N], decibels against the input, on the 8-bit scale.
    seconds: wall-clock time of the optimization.
    steps: int32 [N], the steps taken for each image; None if that is not known.
    noise: the noise maps found, float32 [N, r, r, 1] for each layer; None if none were searched. They
      hold details of the photo: no published image may be made with them.
  """

  latents: np.ndarray
  latent_space: str
  images: np.ndarray
  losses: np.ndarray
  psnr: np.ndarray
  seconds: float
  steps: np.ndarray | None = None
  noise: tuple[np.ndarray, ...] | None = None

  def first(self, count: int) -> Self:
    """Of the first `count` images."""
    rows = {name: getattr(self, name)[:count] for name in ("latents", "images", "psnr")}
    return dataclasses.replace(self, losses=self.losses[:, :count], **rows)


@dataclasses.dataclass(frozen=True, eq=False)
class PublicCodes:
  """Codes that a release path makes of generated pictures; never of a photo.

  A release path is everything between a photo and its code: encoder, search and its settings. Its
  codes lie otherwise than the generator's own samples (a search leaves the sphere, an encoder keeps
  to the span of its last layer), and what a release takes out of a code is fitted on them.

  Attributes:
    codes: float32 [n, d], or [n, L, d] in W+.
    release_path: what made them, in a few words; equal words mean equal paths.
    latent_space: "Z", "W" or "W+".
    directions: how many principal directions of them a picture needs; None: those that hold all but
      a thousandth of their variance.
    of_photos: whether the path is one that photos take; else the codes only stand for given ones.
  """

  codes: np.ndarray
  release_path: str
  latent_space: str
  directions: int | None = None
  of_photos: bool = True

  @functools.cached_property
  def digest(self) -> str:
    """SHA-256 of the codes and of what made them, in hexadecimal digits."""
    hashed = hashlib.sha256(f"{self.release_path} {self.latent_space} {self.codes.shape}".encode())
    hashed.update(np.ascontiguousarray(self.codes, np.float32).tobytes())
    return hashed.hexdigest()


@dataclasses.dataclass(frozen=True)
class Guarantee:
  """What one release promises; depends on public quantities only, so it may be published.

  Attributes:
    private: False for simulations and for the marked baseline.
    scope: "attribute", "image" or "metric".
    statement: the promise in words, from `privai_tf.privacy.statement`.
    mechanism: the mechanism's name.
    epsilon, delta: the differential-privacy parameters.
    clip_radius: R, in latent units; None for mechanisms without clipping.
    sensitivity: the replace-one sensitivity 2R (plus the grid's share); None without clipping.
    noise_scale: scale of the noise in latent units (b, sigma, ...); None for randomized response.
    relation: what two neighbours may differ in, from `privai_tf.privacy.relation`; JSON values.
    rest_noise_scale: scale of the noise on the rest, in latent units; None where none is released.
  """

  private: bool
  scope: str
  statement: str
  mechanism: str
  epsilon: float
  delta: float
  clip_radius: float | None
  sensitivity: float | None
  noise_scale: float | None
  relation: dict[str, Any] | None = None
  rest_noise_scale: float | None = None


@dataclasses.dataclass(frozen=True)
class Release:
  """Private latents with their guarantee.

  Attributes:
    latents: float32 [N, d] or [N, L, d], safe to publish under `guarantee`.
    latent_space: "Z", "W" or "W+".
    guarantee: the promise for each single latent.
    event: the `dp_accounting.DpEvent` that one latent's release costs its subject.
    relation: the `privai_tf.privacy.relation.Relation` that this cost is about; a ledger asks for it.
    images: float32 [N, R, R, 3] in [-1, 1] if asked for, else None.
  """

  latents: np.ndarray
  latent_space: str
  guarantee: Guarantee
  event: Any
  relation: Any = None
  images: np.ndarray | None = None
