"""What a run works on: photos, records, stored latent codes, or the demo's rendered portraits.

An `Item` is small and picklable; it is read when its turn comes, in whatever process that is.
"""

import contextlib
import dataclasses
import functools
import hashlib
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import ClassVar, Self

import numpy as np

from privai_tf.artifacts import AlignedFace
from privai_tf.errors import InputError
from privai_tf.faces import decode_image, find_faces, load_image, output_names
from privai_tf.faces.spec import FaceSpec
from privai_tf.generators.channels import from_rgb
from privai_tf.inversion import load_latents
from privai_tf.jobs.input_paths import input_paths
from privai_tf.jobs.job import Job
from privai_tf.jobs.records import RECORD_FILE, read_records
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown


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
    name: what its output files are called, unique in the run.
    source: what error messages call it; for a photo its path. Never published.
  """

  name: str
  source: str
  is_latent: ClassVar[bool] = False

  @property
  def file(self) -> pathlib.Path | None:
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

  def _pixels(self) -> np.ndarray:
    """The decoded picture; raises `InputError`."""
    raise InputError(f"{self.source} is no picture.")

  def _digest(self) -> bytes | None:
    """SHA-256 of the encoded picture; None if there is nothing of it."""
    return None

  def _faces(self, pixels: np.ndarray, resolution: int, spec: FaceSpec) -> Content:
    faces = find_faces(pixels, resolution, spec, name=self.name, source=self.source)
    return Content(tuple(face.image for face in faces), pixels, tuple(faces))


@dataclasses.dataclass(frozen=True)
class Photo(Item):
  """A picture's file."""

  path: pathlib.Path = pathlib.Path()

  @property
  def file(self) -> pathlib.Path:
    return self.path

  @property
  def exists(self) -> bool:
    return self.path.exists()

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    return self._faces(self._pixels(), resolution, faces)

  def _pixels(self) -> np.ndarray:
    return load_image(self.path)

  def _digest(self) -> bytes | None:
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


@dataclasses.dataclass(frozen=True)
class Portrait(Item):
  """One of `count` avatar portraits, rendered afresh: not made by the generator that inverts it."""

  row: int = 0
  count: int = 1
  seed: int = 0

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    from demo.renderer import render

    factors = _portrait_factors(self.count, self.seed)
    (image,) = render(factors[self.row : self.row + 1], resolution)
    return Content((image,), _as_pixels(image))


def _as_pixels(values: np.ndarray) -> np.ndarray:
  return np.frombuffer(values.tobytes(), np.uint8).reshape(1, 1, -1)


@functools.lru_cache(maxsize=4)
def _portrait_factors(count: int, seed: int) -> np.ndarray:
  from demo.factors import sample_factors

  return sample_factors(count, seed)


@dataclasses.dataclass(frozen=True)
class Items:
  """The inputs of a job, found but not read; may be gone through again.

  Attributes:
    begin: gives the items from the first on, made one by one.
    count: how many there are; None where only reading tells (TFRecords).
  """

  begin: Callable[[], Iterator[Item]]
  count: int | None

  def __iter__(self) -> Iterator[Item]:
    return self.begin()


def find_items(job: Job, generator) -> Items:
  """Finds the inputs of a job, all shards' together.

  Args:
    job: the job.
    generator: the `Generator`, which codes must fit.

  Returns:
    The items.

  Raises:
    InputError: if nothing is found.
  """
  if job.input_latents is not None:
    shape = load_latents(job.input_latents, generator, job.inversion.latent_space).shape
    return Items(functools.partial(_codes, job.input_latents, shape), shape[0])
  if job.input is None:
    begin = functools.partial(_portraits, job.num_portraits, job.portrait_seed)
    return Items(begin, job.num_portraits)
  return picture_items(job.input)


def picture_items(pattern: str) -> Items:
  """The items of pictures or TFRecords.

  Args:
    pattern: a picture, a folder or a glob; a TFRecord file, or a folder or glob of such; or `@FILE`.

  Raises:
    InputError: if nothing is found.
  """
  paths = input_paths(pattern)
  records = [path for path in paths if RECORD_FILE.search(path.name)]
  if not records:
    return Items(functools.partial(_photos, paths, output_names(paths)), len(paths))
  if len(records) < len(paths):
    raise InputError(
      f"{shown(pattern)} mixes TFRecords and pictures; give one kind, for example '*.tfrecord'."
    )
  return Items(functools.partial(_records, records), None)


def record_files(job: Job) -> list[pathlib.Path]:
  """The TFRecord files of a job, for those who share them out; none for other inputs."""
  if job.input is None:
    return []
  return [path for path in input_paths(job.input) if RECORD_FILE.search(path.name)]


def items_of_records(paths: list[pathlib.Path]) -> Items:
  """The items in some of a job's TFRecord files."""
  return Items(functools.partial(_records, paths), None)


def _free(name: str) -> str:
  """A name that no process's own record has (`run-00000-of-00002.json`)."""
  return f"{name}-picture" if re.fullmatch(r"run-\d{5}-of-\d{5}", name.casefold()) else name


def _photos(paths: list[pathlib.Path], names: list[str]) -> Iterator[Item]:
  for path, name in zip(paths, names, strict=True):
    yield Photo(_free(name), shown(path), path)


def _records(paths: list[pathlib.Path]) -> Iterator[Item]:
  for path in paths:
    for name, source, data in read_records(path):
      yield Record(_free(name), source, data)


def _codes(path: str, shape: tuple[int, ...]) -> Iterator[Item]:
  (stem,) = output_names([path])
  digits = len(str(shape[0] - 1))
  codes = outside.read_array(path).reshape(shape)
  for row in range(shape[0]):
    yield Code(f"{stem}-{row:0{digits}d}", f"{shown(path)}, row {row}", codes[row])


def _portraits(count: int, seed: int) -> Iterator[Item]:
  digits = len(str(count - 1))
  for row in range(count):
    yield Portrait(f"portrait-{row:0{digits}d}", f"portrait {row}", row, count, seed)
