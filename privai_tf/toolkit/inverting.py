"""Photos to codes without a release: each face's code, its picture beside the original, figures.

All of it is private: a code is the photo in another form.
"""

import dataclasses
import hashlib
import io
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from privai_tf.artifacts import AlignedFace, Inversion
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.evaluation.inversion_page import PAGE, inversion_page
from privai_tf.faces.spec import FaceSpec
from privai_tf.generators import to_uint8
from privai_tf.generators.channels import from_rgb, require_pictures, to_rgb
from privai_tf.inversion import invert, quality_report
from privai_tf.inversion.code_record import ANY_CODES
from privai_tf.inversion.initialization import decided
from privai_tf.inversion.settings import recorded
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.failures import Failure, failures_csv
from privai_tf.jobs.inputs import Content, Item
from privai_tf.jobs.item_lists import picture_items
from privai_tf.runtime import files, outside
from privai_tf.runtime.pictures import png
from privai_tf.runtime.precision import resolved
from privai_tf.runtime.prefetch import prefetched
from privai_tf.toolkit.input_names import named
from privai_tf.toolkit.run_folder import RunFolder

_THREADS = 2
_BATCH = 8


@dataclasses.dataclass(frozen=True)
class InvertJob:
  """What to invert.

  Attributes:
    input: pictures or TFRecords, see `jobs.item_lists.picture_items`.
    output_dir: the folder, for the owner only.
    faces: which faces of a photo are taken, and how they are aligned.
    inversion: how codes are found.
  """

  input: str
  output_dir: pathlib.Path
  faces: FaceSpec = dataclasses.field(default_factory=FaceSpec)
  inversion: InversionSpec = dataclasses.field(default_factory=InversionSpec)


@dataclasses.dataclass(frozen=True)
class InvertSummary:
  """What a run did: faces inverted now, those kept from an earlier run, failures, the page."""

  inverted: int
  kept: int
  failures: tuple[Failure, ...]
  page: pathlib.Path


def invert_photos(
  job: InvertJob,
  generator: Any,
  progress: Callable[[float, int | None], None] | None = None,
  tell: Callable[[str], None] | None = None,
) -> InvertSummary:
  """Inverts photos; faces that an earlier call finished are kept, inputs that fail are named.

  Args:
    job: what to invert.
    generator: a `Generator`.
    progress: called with (inputs done, inputs in all or None); a part of an input counts.
    tell: called at once with a line for every input that fails.

  Returns:
    The summary. The folder, which only its owner can read, holds for every face `NAME.npy` (its code
    as [1, d] or [1, L, d], which every command reads), `NAME.original.png`, `NAME.inversion.png`,
    `NAME.quality.json` and, where noise maps were searched, `NAME.noise.npz`; `run.json`,
    `names.json`, `failures.csv` and `inversions.html`.

  Raises:
    ConfigurationError: if the job contradicts itself or the folder holds another one.
    InputError: if there is no input at all.
    OutputError: if an output cannot be written.
  """
  require_pictures(generator.num_channels)
  spec = decided(job.inversion, generator)
  items = picture_items(job.input)
  files.make_private_folder(job.output_dir)
  folder = RunFolder(
    job.output_dir,
    generator,
    configuration=_configuration(job, spec, generator),
    codes={ANY_CODES: spec.latent_space},
    num=0,
  )
  run = _Run(job, spec, generator, folder.path, items.count, progress, tell)
  for batch in run.batches(named(items, folder.path)):
    run.finish(batch)
  files.write_text(folder.path / "failures.csv", failures_csv(run.failures), private=True)
  with files.atomic_file(folder.path / PAGE, "w", private=True) as file:
    file.writelines(inversion_page(folder.path))
  return InvertSummary(run.inverted, run.kept, tuple(run.failures), folder.path / PAGE)


def _configuration(job: InvertJob, spec: InversionSpec, generator: Any) -> dict[str, Any]:
  return {
    "command": "invert",
    "faces": dataclasses.asdict(job.faces),
    "inversion": recorded(spec, generator),
    "precision": resolved(spec.precision),
  }


def _digest(face: AlignedFace) -> str:
  return hashlib.sha256(np.ascontiguousarray(face.image, "<f4").tobytes()).hexdigest()


@dataclasses.dataclass
class _Run:
  """One call: how far it is, and what it met."""

  job: InvertJob
  spec: InversionSpec
  generator: Any
  folder: pathlib.Path
  total: int | None
  progress: Callable[[float, int | None], None] | None
  tell: Callable[[str], None] | None
  inverted: int = 0
  kept: int = 0
  done: float = 0
  failures: list[Failure] = dataclasses.field(default_factory=list)

  def batches(self, items: Iterator[Item]) -> Iterator[list[AlignedFace]]:
    """Faces that are not finished, cut into batches of one size but for the last."""
    size = self.spec.batch_size or _BATCH
    waiting: list[AlignedFace] = []
    loaded = prefetched(self._read, items, threads=_THREADS, ahead=2 * size)
    for item, content in loaded:
      if isinstance(content, InputError):
        self._fail(Failure(item.name, item.source, "read", str(content)))
        continue
      wanted = [face for face in content.faces if not self._is_done(face)]
      self.kept += len(content.faces) - len(wanted)
      waiting += wanted
      if not wanted:
        self._advance(1)
      while len(waiting) >= size:
        yield waiting[:size]
        waiting = waiting[size:]
    if waiting:
      yield waiting

  def finish(self, faces: list[AlignedFace]) -> None:
    """Inverts a batch and writes it; one that fails as a whole is tried face by face."""
    try:
      self._write(faces, self._found(faces))
    except InputError as error:
      if len(faces) > 1:
        for face in faces:
          self.finish([face])
        return
      (face,) = faces
      self._fail(Failure(face.name, face.source, "invert", f"{face.source}: {error}"))

  def _read(self, item: Item) -> tuple[Item, Content | InputError]:
    try:
      return item, item.read(self.generator.resolution, self.job.faces)
    except InputError as error:
      return item, error

  def _is_done(self, face: AlignedFace) -> bool:
    path = self.folder / f"{face.name}.quality.json"
    if not path.exists():
      return False
    try:
      known = dict(outside.read_json(path)).get("face_sha256")
    except (InputError, ValueError, TypeError):
      return False  # Damaged: made again.
    if known != _digest(face):
      raise ConfigurationError(
        f"{files.shown(self.folder)} holds the inversion of another picture called {face.name}; "
        "rename the picture, or choose another --output_dir."
      )
    return True

  def _values(self, faces: list[AlignedFace]) -> np.ndarray:
    return from_rgb(np.stack([face.image for face in faces]), self.generator.num_channels)

  def _found(self, faces: list[AlignedFace]) -> Inversion:
    values = self._values(faces)
    before, count = self.done, len(faces)

    def report(done: int, total: int) -> None:
      self._show(before + count * done / max(total, 1))

    return invert(values, self.generator, self.spec, report)

  def _write(self, faces: list[AlignedFace], inversion: Inversion) -> None:
    values = self._values(faces)
    qualities = quality_report(inversion, values, self.generator, self.spec)
    originals, pictures = (
      to_rgb(to_uint8(images, family=self.generator.family))
      for images in (values, inversion.images)
    )
    for row, face in enumerate(faces):
      place = self.folder / face.name
      _write_array(place.with_name(f"{face.name}.npy"), inversion.latents[row : row + 1])
      for kind, pixels in (("original", originals[row]), ("inversion", pictures[row])):
        data = png(pixels)
        files.write_bytes(place.with_name(f"{face.name}.{kind}.png"), data, private=True)
      if inversion.noise is not None:
        maps = {f"layer{layer}": noise[row] for layer, noise in enumerate(inversion.noise)}
        _write_array(place.with_name(f"{face.name}.noise.npz"), **maps)
      figures = {
        "source": face.source,
        "face_sha256": _digest(face),
        **dataclasses.asdict(qualities[row]),
        "batch_seconds": inversion.seconds,
      }
      # Last: with it, the face is finished.
      files.write_json(place.with_name(f"{face.name}.quality.json"), figures, private=True)
      self.inverted += 1
    self._advance(len(faces))

  def _fail(self, failure: Failure) -> None:
    self.failures.append(failure)
    if self.tell:
      self.tell(str(failure))
    self._advance(1)

  def _advance(self, inputs: float) -> None:
    self.done += inputs
    self._show(self.done)

  def _show(self, done: float) -> None:
    if self.progress:
      # A photo may have several faces: then there is more to do than was known.
      self.progress(done, None if self.total is None else max(self.total, int(np.ceil(done))))


def _write_array(path: pathlib.Path, *array: np.ndarray, **arrays: np.ndarray) -> None:
  buffer = io.BytesIO()
  if array:
    np.save(buffer, array[0], allow_pickle=False)
  else:
    np.savez_compressed(buffer, **arrays)
  files.write_bytes(path, buffer.getvalue(), private=True)
