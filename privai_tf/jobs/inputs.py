"""One input: a photo, a record, a stored latent code, or one of the demo's rendered portraits.

An `Item` is small and picklable; it is read when its turn comes, in whatever process that is.
"""

import contextlib
import dataclasses
import functools
import hashlib
import pathlib
from typing import ClassVar, Self

import numpy as np

from privai_tf.artifacts import AlignedFace
from privai_tf.errors import InputError
from privai_tf.faces import decode_image, find_faces, load_image
from privai_tf.faces.spec import FaceSpec
from privai_tf.generators.channels import from_rgb
from privai_tf.runtime import stores
from privai_tf.runtime.manifest_rows import Source
from privai_tf.runtime.stores import StorePath


@dataclasses.dataclass(frozen=True)
class Content:
  """What was read from one item.

  Attributes:
    values: float32 [R, R, 3] in [-1, 1] of every face, or the one code [d] or [L, d].
    identity: uint8 [H, W, C] that identifies the input whatever the checkpoint (decoded pixels, a
      code's bytes), by which the ledger recognizes a subject without an id.
    faces: the faces as they were found in `identity`, which is their frame then; () for codes and
      portraits.
  """

  values: tuple[np.ndarray, ...]
  identity: np.ndarray
  faces: tuple[AlignedFace, ...] = ()

  def in_channels(self, num_channels: int) -> Self:
    """The same pictures for a network of 1, 3 or 4 colour channels."""
    if num_channels == 3:
      return self
    values = tuple(from_rgb(value, num_channels) for value in self.values)
    return dataclasses.replace(self, values=values)


@dataclasses.dataclass(frozen=True)
class Item:
  """One input.

  Attributes:
    name: what its output files are called, unique in the run once `claims` has seen to it.
    source: what error messages call it; for a photo its path. Never published.
    key: by what it is known again in another run; the name, if nothing is given.
  """

  name: str
  source: str
  key: str = dataclasses.field(default="", kw_only=True)
  is_latent: ClassVar[bool] = False

  def __post_init__(self):
    if not self.key:
      object.__setattr__(self, "key", self.name)

  @property
  def file(self) -> pathlib.Path | StorePath | None:
    """The picture's file, which no output may replace; None if it has none."""
    return None

  @property
  def exists(self) -> bool:
    """Whether there is an input at all: a path that leads nowhere is a mistake in a list."""
    return True

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    """Reads the input.

    Args:
      resolution: side in pixels that the generator needs.
      faces: which faces are meant.

    Raises:
      InputError: if it cannot be used.
    """
    raise NotImplementedError

  def identity(self) -> np.ndarray:
    """What identifies an input that could not be used, as uint8 [H, W, C]; see `Content`.

    Its pixels, and where there are none its bytes (their SHA-256), and where there are none of
    these its source.
    """
    with contextlib.suppress(InputError):
      return self._pixels()
    digest = None
    with contextlib.suppress(OSError):
      digest = self._digest()
    return _as_pixels(np.frombuffer(digest or hashlib.sha256(self.source.encode()).digest(), "u1"))

  def stamp(self) -> str:
    """What changes whenever the input's bytes do, and is had without reading them; "" if nothing."""
    return ""

  def digest(self) -> str:
    """SHA-256 of the input's bytes as they are stored; "" if there is nothing to read."""
    with contextlib.suppress(OSError):
      return (self._digest() or b"").hex()
    return ""

  def seen(self) -> Source:
    """What the input is now, for the manifest."""
    return Source(self.key, self.name, self.stamp(), self.digest())

  def _pixels(self) -> np.ndarray:
    """The decoded picture; raises `InputError`."""
    raise InputError(f"{self.source} is no picture.")

  def _digest(self) -> bytes | None:
    """SHA-256 of the stored bytes; None if there is nothing of it."""
    return None

  def _faces(self, pixels: np.ndarray, resolution: int, spec: FaceSpec) -> Content:
    faces = find_faces(pixels, resolution, spec, name=self.name, source=self.source)
    return Content(tuple(face.image for face in faces), pixels, tuple(faces))


@dataclasses.dataclass(frozen=True)
class Photo(Item):
  """A picture's file, or object in a store."""

  path: pathlib.Path | StorePath = pathlib.Path()

  @property
  def file(self) -> pathlib.Path | StorePath:
    return self.path

  @property
  def exists(self) -> bool:
    return self.path.exists()

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    return self._faces(self._pixels(), resolution, faces)

  def stamp(self) -> str:
    with contextlib.suppress(OSError):
      if isinstance(self.path, StorePath):
        return stores.stamp_of(stores.facts_of(self.path))
      status = self.path.stat()
      times = f"{status.st_mtime_ns}-{status.st_ctime_ns}"
      return f"{status.st_size}-{times}-{status.st_dev}-{status.st_ino}"
    return ""

  def _pixels(self) -> np.ndarray:
    return load_image(self.path)

  def _digest(self) -> bytes | None:
    if isinstance(self.path, StorePath):
      return hashlib.sha256(stores.read(self.path)).digest()
    # A pipe or device would block for ever.
    if not self.path.is_file() or self.path.stat().st_size == 0:
      return None
    with open(self.path, "rb") as file:
      return hashlib.file_digest(file, "sha256").digest()


@dataclasses.dataclass(frozen=True)
class Record(Item):
  """An encoded picture from a TFRecord, or what is wrong with the record."""

  data: bytes | InputError = b""

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    return self._faces(self._pixels(), resolution, faces)

  def _pixels(self) -> np.ndarray:
    if isinstance(self.data, InputError):
      raise self.data
    return decode_image(self.data, self.source)

  def _digest(self) -> bytes | None:
    usable = isinstance(self.data, bytes) and self.data
    return hashlib.sha256(self.data).digest() if usable else None


@dataclasses.dataclass(frozen=True)
class Code(Item):
  """A row of an `.npy` file of latent codes, which was checked when it was found.

  The file is opened once, by who lists the rows, and not by each row's reader: NumPy parses a
  file's header with `ast`, which Python 3.11 must not do in two threads at a time
  (python/cpython#106905).
  """

  row: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0), compare=False)
  is_latent: ClassVar[bool] = True

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    code = np.array(self.row, np.float32)
    return Content((code,), _as_pixels(code))

  def _digest(self) -> bytes:
    return hashlib.sha256(np.array(self.row, np.float32).tobytes()).digest()


@dataclasses.dataclass(frozen=True)
class Portrait(Item):
  """One of `count` avatar portraits, rendered afresh: not made by the generator that inverts it."""

  row: int = 0
  count: int = 1
  seed: int = 0

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    from privai_tf.demo.portrait import render

    factors = _portrait_factors(self.count, self.seed)
    (image,) = render(factors[self.row : self.row + 1], resolution)
    return Content((image,), _as_pixels(image))

  def _digest(self) -> bytes:
    # Its factors do not depend on how many portraits there are.
    return hashlib.sha256(f"portrait {self.seed} {self.row}".encode()).digest()


def _as_pixels(values: np.ndarray) -> np.ndarray:
  return np.frombuffer(values.tobytes(), np.uint8).reshape(1, 1, -1)


@functools.lru_cache(maxsize=4)
def _portrait_factors(count: int, seed: int) -> np.ndarray:
  from privai_tf.demo.factors import sample_factors

  return sample_factors(count, seed)
