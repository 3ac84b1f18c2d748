"""Edits: each code moved along a boundary, a picture for every step, a strip for every code."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.editing import codes_at_distances
from privai_tf.attributes.projection import condition
from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.sheets import require_mp4, save_gif, save_mp4, save_png, strip
from privai_tf.inversion.latents import load_latents
from privai_tf.toolkit.drawing import Drawing, read_labels
from privai_tf.toolkit.run_folder import RunFolder

_CODES = "codes.npy"


@dataclasses.dataclass(frozen=True)
class EditJob:
  """What to edit.

  Attributes:
    output_dir: the folder.
    boundary: an `.npy` file or the name of a shipped boundary.
    latent_space: the codes' space, "Z", "W" or "W+"; never guessed.
    conditions: boundaries whose distances stay as they are.
    latent_codes: `.npy` of codes; None: fresh samples.
    num: how many codes: the first of `latent_codes` (None: all), or fresh ones (None: 1).
    seed: of fresh samples.
    start_distance, end_distance, steps: where each code goes, in latent units from the boundary.
    relative: distances are from each code instead.
    labels: see `read_labels`; for Z codes.
    gif, mp4: whether each code also gets a moving picture.
    drawing: how codes are drawn.
  """

  output_dir: pathlib.Path
  boundary: str
  latent_space: str
  conditions: tuple[str, ...] = ()
  latent_codes: str | None = None
  num: int | None = None
  seed: int = 0
  start_distance: float = -3.0
  end_distance: float = 3.0
  steps: int = 10
  relative: bool = False
  labels: str | None = None
  gif: bool = False
  mp4: bool = False
  drawing: Drawing = dataclasses.field(default_factory=Drawing)


@dataclasses.dataclass(frozen=True)
class EditSummary:
  """What a run did: the boundary's name, codes, pictures in all and those kept; the strips."""

  boundary: str
  codes: int
  pictures: int
  kept: int
  strips: tuple[pathlib.Path, ...]


def edit_codes(
  job: EditJob, generator: Any, progress: Callable[[int, int], None] | None = None
) -> EditSummary:
  """Edits codes; pictures that an earlier call finished are kept.

  Args:
    job: what to edit.
    generator: a `Generator`.
    progress: called with (done, total) pictures.

  Returns:
    The summary. The folder holds `000_000.png` (code, step) and so on, `000_strip.png`, the edited
    codes in `codes.npy` (the steps of the first code, then of the second, ...), and `run.json`.

  Raises:
    ConfigurationError: if the job contradicts itself or the folder holds another one.
    LatentSpaceError: if codes, boundary and latent space do not belong together.
    InputError: if a file cannot be used.
    OutputError: if an output cannot be written.
  """
  _check(job)
  job.drawing.check(generator, job.latent_space)
  boundary = _boundary(job, generator)
  codes, labels = _codes(job, generator)
  distances = np.linspace(job.start_distance, job.end_distance, job.steps)
  edited = codes_at_distances(codes, boundary, distances, relative=job.relative)
  edited = edited.reshape(-1, *codes.shape[1:])
  folder = RunFolder(
    job.output_dir,
    generator,
    configuration=_configuration(job, boundary, codes, labels),
    codes={_CODES: job.latent_space},
    num=len(codes),
  )
  folder.write_codes(_CODES, edited.shape, iter([edited]))
  names = [f"{code:03d}_{step:03d}.png" for code in range(len(codes)) for step in range(job.steps)]
  missing = np.array([not folder.has(name) for name in names])
  kept = done = int((~missing).sum())
  labels = None if labels is None else np.repeat(labels, job.steps, axis=0)
  for row, pixels in job.drawing.pixels(
    generator, edited, job.latent_space, labels=labels, wanted=missing
  ):
    folder.write_picture(names[row], pixels)
    done += 1
    if progress is not None:
      progress(done, len(names))
  strips = tuple(
    _finish(job, folder, f"{code:03d}", names[code * job.steps : (code + 1) * job.steps])
    for code in range(len(codes))
  )
  return EditSummary(boundary.name, len(codes), len(names), kept, strips)


def _check(job: EditJob) -> None:
  if not np.isfinite([job.start_distance, job.end_distance]).all():
    raise ConfigurationError(
      f"Distances from {job.start_distance} to {job.end_distance}: both must be finite numbers."
    )
  if job.steps < 1:
    raise ConfigurationError(f"steps is {job.steps}; it must be at least 1.")
  if job.latent_space == "W+" and job.latent_codes is None:
    raise ConfigurationError(
      "Fresh samples are Z or W codes; give --input_latents for W+, or use --latent_space=W."
    )
  if job.labels is not None and job.latent_codes is not None and job.latent_space != "Z":
    raise ConfigurationError("--labels act on Z codes only; leave them out.")
  if job.mp4:
    require_mp4()


def _boundary(job: EditJob, generator: Any) -> Boundary:
  width = generator.code_shape(job.latent_space)[-1]
  boundaries = [
    Boundary.load(source, latent_space=job.latent_space)
    for source in (job.boundary, *job.conditions)
  ]
  for boundary in boundaries:
    boundary.require_space(job.latent_space, width)
    boundary.require_generator(generator.fingerprint)
  mean = generator.mean_latent("Z" if job.latent_space == "Z" else "W")
  return condition(boundaries[0], boundaries[1:], mean)


def _codes(job: EditJob, generator: Any) -> tuple[np.ndarray, np.ndarray | None]:
  if job.latent_codes is not None:
    codes = load_latents(job.latent_codes, generator, job.latent_space)[: job.num]
    is_z = job.latent_space == "Z"
    return codes, read_labels(job.labels, generator, len(codes)) if is_z else None
  z = generator.sample_z(job.num or 1, job.seed)
  labels = read_labels(job.labels, generator, len(z))
  return (z, labels) if job.latent_space == "Z" else (generator.map(z, labels), None)


def _finish(job: EditJob, folder: RunFolder, code: str, names: Sequence[str]) -> pathlib.Path:
  """The strip of one code, and its moving pictures."""
  pictures = [folder.read_picture(name) for name in names]
  path = folder.path / f"{code}_strip.png"
  save_png(path, strip(pictures))
  if job.gif:
    save_gif(folder.path / f"{code}.gif", pictures)
  if job.mp4:
    save_mp4(folder.path / f"{code}.mp4", pictures)
  return path


def _configuration(
  job: EditJob, boundary: Boundary, codes: np.ndarray, labels: np.ndarray | None
) -> dict[str, Any]:
  plane = np.append(boundary.normal, boundary.intercept)
  return {
    "boundary": boundary.name,
    "plane": hashlib.sha256(plane.tobytes()).hexdigest(),
    "latent_space": job.latent_space,
    "codes": hashlib.sha256(codes.tobytes()).hexdigest(),
    "labels": None if labels is None else hashlib.sha256(labels.tobytes()).hexdigest(),
    "start_distance": job.start_distance,
    "end_distance": job.end_distance,
    "steps": job.steps,
    "relative": job.relative,
    **job.drawing.configuration(),
  }
