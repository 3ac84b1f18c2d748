"""Scores pictures for the training of boundaries, and goes on where it was stopped."""

import dataclasses
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import privai_tf
from privai_tf.attributes.scorers.scorer import Scorer, odds_to_probabilities
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, shown, write_bytes, write_json
from privai_tf.runtime.progress import ProgressCallback
from privai_tf.toolkit.score_sources import Source

PLACEHOLDER = "{attribute}"
_BATCH = 32
_SAVE_EVERY = 128  # Pictures of 1024 x 1024 take a second each.


@dataclasses.dataclass(frozen=True)
class ScoreJob:
  """What to write.

  Attributes:
    output: the `.npy` file; for several attributes a name with "{attribute}" in it.
    probabilities: whether probabilities are written instead of log odds.
    negate: whether the opposite is scored (`young` for age).
  """

  output: str
  probabilities: bool = False
  negate: bool = False

  def path(self, attribute: str) -> Path:
    """The file of an attribute."""
    return Path(self.output.replace(PLACEHOLDER, attribute))


def score(
  job: ScoreJob, scorer: Scorer, source: Source, progress: ProgressCallback | None = None
) -> dict[str, Path]:
  """Scores pictures; those that a stopped call scored already are not scored again.

  Args:
    job: what to write.
    scorer: of the attributes that are wanted.
    source: the pictures.
    progress: called with (scored, all).

  Returns:
    The file of each attribute, float32 [n, 1], with a companion `.json` that says what was scored by
    what.

  Raises:
    ConfigurationError: if the output's name does not suit.
    InputError: if a picture cannot be used.
    OutputError: if it cannot be written.
  """
  _check(job, scorer)
  record = {"scorer": scorer.fingerprint, **source.record}
  key = hashlib.sha256(json.dumps([record, scorer.attributes]).encode()).hexdigest()
  first = job.path(scorer.attributes[0])
  make_folder(first.parent)
  unfinished = first.with_name(f".{key[:16]}.scores.npy")
  scores = _read_unfinished(unfinished, (source.count, len(scorer.attributes)))
  _fill(scores, scorer, source, unfinished, progress)
  paths = {}
  for column, attribute in enumerate(scorer.attributes):
    values = -scores[:, column : column + 1] if job.negate else scores[:, column : column + 1]
    path = paths[attribute] = job.path(attribute)
    make_folder(path.parent)
    _save(path, odds_to_probabilities(values) if job.probabilities else values)
    companion = {
      "attribute": attribute,
      "negated": job.negate,
      "values": "probabilities" if job.probabilities else "log odds",
      "source": record,
      "versions": {"privai_tf": privai_tf.__version__},
    }
    write_json(path.with_suffix(".json"), companion)
  unfinished.unlink(missing_ok=True)
  return paths


def _check(job: ScoreJob, scorer: Scorer) -> None:
  if not job.output.endswith(".npy"):
    raise ConfigurationError(f"--output={shown(job.output)} must end in .npy.")
  if len(scorer.attributes) > 1 and PLACEHOLDER not in job.output:
    raise ConfigurationError(
      f"{len(scorer.attributes)} attributes need a file each: put {PLACEHOLDER} into --output, as in "
      f"scores/{PLACEHOLDER}.npy, or choose one with --attribute ({', '.join(scorer.attributes)})."
    )


def _read_unfinished(path: Path, shape: tuple[int, int]) -> np.ndarray:
  """Scores of a stopped call, NaN where there is none yet."""
  try:
    scores = np.array(outside.read_array(path))
  except InputError:
    scores = None
  if scores is None or scores.shape != shape:
    return np.full(shape, np.nan, np.float32)
  return scores


def _fill(
  scores: np.ndarray,
  scorer: Scorer,
  source: Source,
  unfinished: Path,
  progress: ProgressCallback | None,
) -> None:
  missing = np.isnan(scores).any(axis=1)
  done = saved = int((~missing).sum())
  for rows, pixels in _batches(source.pixels(missing)):
    scores[rows] = scorer.scores(pixels / np.float32(127.5) - 1.0)
    done += len(rows)
    if progress is not None:
      progress(done, source.count)
    if done - saved >= _SAVE_EVERY:
      _save(unfinished, scores)
      saved = done


def _batches(
  pictures: Iterator[tuple[int, np.ndarray]],
) -> Iterator[tuple[Sequence[int], np.ndarray]]:
  """Pictures that follow one another and are of one size, together."""
  rows: list[int] = []
  batch: list[np.ndarray] = []
  for row, pixels in pictures:
    if batch and (len(batch) == _BATCH or batch[0].shape != pixels.shape):
      yield rows, np.stack(batch)
      rows, batch = [], []
    rows.append(row)
    batch.append(pixels)
  if batch:
    yield rows, np.stack(batch)


def _save(path: Path, values: np.ndarray) -> None:
  buffer = io.BytesIO()
  np.save(buffer, values, allow_pickle=False)
  write_bytes(path, buffer.getvalue())
