"""What a run works on: photos, records, stored latent codes, or the demo's rendered portraits.

An `Item` is small and picklable; it is read when its turn comes, in whatever process that is.
"""

import dataclasses
import functools
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np

from privai_tf.artifacts import AlignedFace
from privai_tf.errors import InputError
from privai_tf.faces import decode_image, find_faces, find_inputs, load_image, output_names
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion import load_latents
from privai_tf.jobs.job import Job
from privai_tf.jobs.records import RECORD_FILE, read_records
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

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    """Reads the input.

    Args:
      resolution: side in pixels that the generator needs.
      faces: which faces are meant.

    Raises:
      InputError: if it cannot be used.
    """
    raise NotImplementedError

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

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    return self._faces(load_image(self.path), resolution, faces)


@dataclasses.dataclass(frozen=True)
class Record(Item):
  """An encoded picture from a TFRecord, or what is wrong with the record."""

  data: bytes | InputError = b""

  def read(self, resolution: int, faces: FaceSpec) -> Content:
    if isinstance(self.data, InputError):
      raise self.data
    return self._faces(decode_image(self.data, self.source), resolution, faces)


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

  `job.input` is a picture, a folder or a glob; a TFRecord file, or a folder or glob of such; or
  `@FILE`, a text file with one path a line.

  Args:
    job: the job.
    generator: the `Generator`, which codes must fit.

  Returns:
    The items.

  Raises:
    InputError: if nothing is found.
  """
  if job.input_latents is not None:
    count = len(load_latents(job.input_latents, generator, job.inversion.latent_space))
    return Items(functools.partial(_codes, job.input_latents, count), count)
  if job.input is None:
    begin = functools.partial(_portraits, job.num_portraits, job.portrait_seed)
    return Items(begin, job.num_portraits)
  paths = _paths(job.input)
  records = [path for path in paths if RECORD_FILE.search(path.name)]
  if not records:
    return Items(functools.partial(_photos, paths, output_names(paths)), len(paths))
  if len(records) < len(paths):
    raise InputError(
      f"{shown(job.input)} mixes TFRecords and pictures; give one kind, for example '*.tfrecord'."
    )
  return Items(functools.partial(_records, records), None)


def record_files(job: Job) -> list[pathlib.Path]:
  """The TFRecord files of a job, for those who share them out; none for other inputs."""
  if job.input is None:
    return []
  return [path for path in _paths(job.input) if RECORD_FILE.search(path.name)]


def items_of_records(paths: list[pathlib.Path]) -> Items:
  """The items in some of a job's TFRecord files."""
  return Items(functools.partial(_records, paths), None)


def _paths(pattern: str) -> list[pathlib.Path]:
  return _listed(pattern[1:]) if pattern.startswith("@") else _found(pattern)


def _found(pattern: str) -> list[pathlib.Path]:
  folder = pathlib.Path(pattern)
  if pattern and "\0" not in pattern and folder.is_dir():
    records = sorted(path for path in folder.iterdir() if RECORD_FILE.search(path.name))
    if records:
      return records
  return find_inputs(pattern)


def _listed(path: str) -> list[pathlib.Path]:
  """The paths in a text file, one a line."""
  try:
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
  except (OSError, UnicodeDecodeError, ValueError) as error:
    reason = getattr(error, "strerror", None) or error
    raise InputError(f"Cannot read the list {shown(path)}: {reason}.") from error
  paths = [pathlib.Path(line.strip()) for line in lines if line.strip()]
  if not paths:
    raise InputError(f"The list {shown(path)} is empty; write one path a line.")
  return paths


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


def _codes(path: str, count: int) -> Iterator[Item]:
  (stem,) = output_names([path])
  digits = len(str(count - 1))
  codes = np.load(path, mmap_mode="r", allow_pickle=False)
  for row in range(count):
    yield Code(f"{stem}-{row:0{digits}d}", f"{shown(path)}, row {row}", codes[row])


def _portraits(count: int, seed: int) -> Iterator[Item]:
  digits = len(str(count - 1))
  for row in range(count):
    yield Portrait(f"portrait-{row:0{digits}d}", f"portrait {row}", row, count, seed)
