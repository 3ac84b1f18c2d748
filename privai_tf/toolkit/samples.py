"""Samples of a generator: codes of every space, pictures and a contact sheet, in one folder."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.sheets import contact_sheet, save_png
from privai_tf.inversion.latents import load_latents
from privai_tf.runtime import outside
from privai_tf.toolkit.drawing import Drawing, read_labels
from privai_tf.toolkit.run_folder import RunFolder

SHEET = "contact_sheet.png"
_FILES = {"Z": "z.npy", "W": "w.npy", "W+": "wp.npy"}
_MOST_ON_SHEET = 64
_ROWS = 1024


@dataclasses.dataclass(frozen=True)
class SampleJob:
  """What to sample.

  Attributes:
    output_dir: the folder.
    latent_space: the space that a sample is a point of: what `latent_codes` holds; sampled codes
      start in Z whatever it is, and only W+ ones can mix styles.
    num: how many.
    seed: of everything that is drawn at random.
    style_mixing: the probability that a sample takes its layers, from a random one on, from a second
      sample (W+ only).
    labels: see `read_labels`.
    latent_codes: `.npy` of codes to draw instead of sampling.
    drawing: how codes are drawn.
  """

  output_dir: pathlib.Path
  latent_space: str = "Z"
  num: int = 16
  seed: int = 0
  style_mixing: float = 0.0
  labels: str | None = None
  latent_codes: str | None = None
  drawing: Drawing = dataclasses.field(default_factory=Drawing)


@dataclasses.dataclass(frozen=True)
class SampleSummary:
  """What a run did: pictures in all and those kept from an earlier run; the sheet; files of codes."""

  num: int
  kept: int
  sheet: pathlib.Path
  codes: tuple[str, ...]


def generate_samples(
  job: SampleJob, generator: Any, progress: Callable[[int, int], None] | None = None
) -> SampleSummary:
  """Samples a generator; pictures that an earlier call finished are kept.

  Args:
    job: what to sample.
    generator: a `Generator`.
    progress: called with (done, total) pictures.

  Returns:
    The summary. The folder holds `000000.png` and so on, `run.json`, the contact sheet of the first
    64 pictures, and the codes: `z.npy`, `w.npy` (before truncation) and `wp.npy` (after it: what the
    pictures were drawn from), as far as they exist: a mixed sample has no single z or w.

  Raises:
    ConfigurationError: if the job contradicts itself or the folder holds another one.
    LatentSpaceError, InputError: if the codes to draw cannot be used.
    OutputError: if an output cannot be written.
  """
  _check(job, generator)
  codes = _given(job, generator) if job.latent_codes else _sampled(job, generator)
  folder = RunFolder(
    job.output_dir,
    generator,
    configuration=_configuration(job, codes),
    codes={_FILES[space]: space for space in codes.files},
    num=codes.num,
  )
  for space, parts in codes.files.items():
    shape = (codes.num, *generator.code_shape(space))
    folder.write_codes(_FILES[space], shape, parts())
  names = [f"{row:06d}.png" for row in range(codes.num)]
  kept = _draw(job, generator, codes, folder, names, progress)
  sheet = folder.path / SHEET
  save_png(sheet, contact_sheet([folder.read_picture(name) for name in names[:_MOST_ON_SHEET]]))
  return SampleSummary(codes.num, kept, sheet, tuple(_FILES[space] for space in codes.files))


def _check(job: SampleJob, generator: Any) -> None:
  if not 0 <= job.style_mixing <= 1:
    raise ConfigurationError(f"--style_mixing={job.style_mixing}: a probability, from 0 to 1.")
  if job.style_mixing and job.latent_space != "W+":
    raise ConfigurationError(
      "--style_mixing gives the layers different codes: it needs --latent_space=W+."
    )
  if job.style_mixing and job.latent_codes is not None:
    raise ConfigurationError("--style_mixing mixes sampled codes, not --input_latents; drop one.")
  if job.latent_codes is not None and job.labels is not None and job.latent_space != "Z":
    raise ConfigurationError("--labels act on Z codes only; leave them out.")
  generator.code_shape(job.latent_space)
  # Sampled W+ codes are truncated on their way there; given ones are drawn as they are.
  sampled_layers = job.latent_space == "W+" and job.latent_codes is None
  job.drawing.check(generator, "W" if sampled_layers else job.latent_space)


@dataclasses.dataclass(frozen=True, eq=False)
class _Codes:
  """The codes of a run.

  Attributes:
    num: how many.
    files: for each space that they exist in, from Z onwards, gives their rows in parts.
    labels: [num, label_size] or None.
  """

  num: int
  files: dict[str, Callable[[], Iterator[np.ndarray]]]
  labels: np.ndarray | None


def _given(job: SampleJob, generator: Any) -> _Codes:
  """Codes from a file, and what follows from them."""
  codes = load_latents(job.latent_codes, generator, job.latent_space)
  if job.latent_space == "W+":
    return _Codes(len(codes), {"W+": lambda: iter([codes])}, None)
  if job.latent_space == "W":
    return _Codes(len(codes), _from_w(job, generator, codes), None)
  return _from_z(job, generator, codes)


def _sampled(job: SampleJob, generator: Any) -> _Codes:
  """Fresh codes; the first ones are the same however many are asked for."""
  z = generator.sample_z(job.num, job.seed)
  if not job.style_mixing:
    return _from_z(job, generator, z)
  labels = read_labels(job.labels, generator, job.num)
  first = generator.map(z, labels)
  seeds = np.random.SeedSequence(job.seed).spawn(3)
  second = generator.map(generator.sample_z(job.num, int(seeds[0].generate_state(1)[0])), labels)
  mixed = np.random.default_rng(seeds[1]).random(job.num) < job.style_mixing
  layers = generator.num_layers
  # The layer from which on the second code rules; the last one means: nowhere.
  switch = 1 + np.floor(np.random.default_rng(seeds[2]).random(job.num) * (layers - 1))
  switch = np.where(mixed, switch, layers)[:, np.newaxis, np.newaxis]
  ruled = np.arange(layers)[:, np.newaxis] >= switch

  def parts() -> Iterator[np.ndarray]:
    for rows in _slices(job.num):
      codes = np.where(ruled[rows], second[rows, np.newaxis], first[rows, np.newaxis])
      yield job.drawing.to_layers(generator, codes)

  return _Codes(job.num, {"W+": parts}, labels)


def _from_z(job: SampleJob, generator: Any, z: np.ndarray) -> _Codes:
  labels = read_labels(job.labels, generator, len(z))
  files = {"Z": lambda: iter([z])}
  if "W" in generator.latent_spaces:
    files |= _from_w(job, generator, generator.map(z, labels))
  return _Codes(len(z), files, labels)


def _from_w(job: SampleJob, generator: Any, w: np.ndarray):
  def parts() -> Iterator[np.ndarray]:
    for rows in _slices(len(w)):
      yield job.drawing.to_layers(generator, w[rows])

  return {"W": lambda: iter([w]), "W+": parts}


def _slices(num: int) -> Iterator[slice]:
  return (slice(start, start + _ROWS) for start in range(0, num, _ROWS))


def _draw(
  job: SampleJob,
  generator: Any,
  codes: _Codes,
  folder: RunFolder,
  names: list[str],
  progress: Callable[[int, int], None] | None,
) -> int:
  """Draws the missing pictures from the last file of codes; returns how many there were already."""
  space = list(codes.files)[-1]
  # Mapped, not read: the W+ codes of ten thousand samples take 370 MB.
  drawn = outside.read_array(folder.path / _FILES[space])
  drawing, labels = job.drawing, codes.labels
  if space == "W+":
    drawing = dataclasses.replace(drawing, truncation_psi=None, truncation_cutoff=None)
    labels = None
  missing = np.array([not folder.has(name) for name in names])
  kept = done = int((~missing).sum())
  for row, pixels in drawing.pixels(generator, drawn, space, labels=labels, wanted=missing):
    folder.write_picture(names[row], pixels)
    done += 1
    if progress is not None:
      progress(done, codes.num)
  return kept


def _configuration(job: SampleJob, codes: _Codes) -> dict[str, Any]:
  """What decides the samples; paths on this machine are replaced by what they hold."""
  values = {
    "latent_space": job.latent_space,
    "seed": None if job.latent_codes else job.seed,
    "style_mixing": job.style_mixing,
    "labels": _digest(codes.labels),
    "latent_codes": None,
    **job.drawing.configuration(),
  }
  if job.latent_codes:
    first = next(codes.files[job.latent_space]())
    values["latent_codes"] = _digest(first)
  elif job.labels is not None and job.labels.isdecimal():
    values["labels"] = int(job.labels)
  return values


def _digest(values: np.ndarray | None) -> str | None:
  return None if values is None else hashlib.sha256(np.ascontiguousarray(values)).hexdigest()
