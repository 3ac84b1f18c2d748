"""A user's attribute classifier, from labelled pictures to a folder that `load_scorer` takes."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from privai_tf.attributes.classifier import CONFIG_FILE, AttributeClassifier, load_classifier
from privai_tf.attributes.scorers.training import ClassifierSpec, train_classifier
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, shown, write_json
from privai_tf.runtime.progress import ProgressCallback
from privai_tf.toolkit.labelled_pictures import LabelledPictures, read_labelled
from privai_tf.toolkit.picture_store import read_pixels

UNFINISHED = "training"


@dataclasses.dataclass(frozen=True)
class ClassifierJob:
  """What to train.

  Attributes:
    images, labels, attributes: see `read_labelled`.
    output_dir: the classifier's folder; the unfinished training lies in it too, until it is finished.
    options: fields of `ClassifierSpec` but for the attributes.
  """

  images: str
  labels: str
  output_dir: Path
  attributes: tuple[str, ...] | None = None
  options: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, eq=False)
class ClassifierSummary:
  """What a job did.

  Attributes:
    classifier: the trained one.
    labelled: what it was trained on.
    was_there: whether an earlier call had finished it.
  """

  classifier: AttributeClassifier
  labelled: LabelledPictures
  was_there: bool


def make_classifier(
  job: ClassifierJob,
  reading: ProgressCallback | None = None,
  training: ProgressCallback | None = None,
) -> ClassifierSummary:
  """Trains a classifier, or goes on with what an earlier call of the same job left unfinished.

  Args:
    job: what to train.
    reading: called with (pictures read, all).
    training: called with (steps done, all).

  Raises:
    ConfigurationError: if the folder holds another job's classifier or training.
    InputError: if pictures or labels cannot be used.
    OutputError: if the folder cannot be written.
  """
  labelled = read_labelled(job.images, job.labels, job.attributes)
  spec = ClassifierSpec(attributes=labelled.attributes, **job.options)
  digest = _digest(labelled, spec)
  folder = make_folder(job.output_dir)
  if (folder / CONFIG_FILE).is_file():
    classifier = load_classifier(folder)
    _require_same(classifier.provenance.get("job_sha256"), digest, folder)
    return ClassifierSummary(classifier, labelled, True)
  unfinished = make_folder(folder / UNFINISHED)
  record = unfinished / "job.json"
  if record.is_file():
    damaged = InputError(f"{shown(record)} is damaged; remove {shown(unfinished)}.")
    with outside.damage_as(damaged):
      known = dict(outside.read_json(record))
    _require_same(known.get("sha256"), digest, folder)
  write_json(record, {"sha256": digest})
  pictures = read_pixels(labelled.paths, spec.resolution, unfinished / "pictures.npy", reading)
  classifier = train_classifier(
    pictures,
    labelled.present,
    spec,
    state_path=unfinished / "state.safetensors",
    progress=training,
  )
  classifier.provenance["job_sha256"] = digest
  classifier.save(folder)
  shutil.rmtree(unfinished, ignore_errors=True)
  return ClassifierSummary(classifier, labelled, False)


def _digest(labelled: LabelledPictures, spec: ClassifierSpec) -> str:
  """Of what decides the classifier; paths on this machine do not."""
  digest = hashlib.sha256(json.dumps(dataclasses.asdict(spec)).encode())
  for path in labelled.paths:
    digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
  digest.update(labelled.present.tobytes())
  return digest.hexdigest()


def _require_same(before: str | None, now: str, folder: Path) -> None:
  if before != now:
    raise ConfigurationError(
      f"{shown(folder)} holds a classifier or training of other pictures, labels or settings; choose "
      "another --output_dir, or delete it."
    )
