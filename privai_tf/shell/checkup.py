"""What `privai doctor` looks at."""

import dataclasses
import importlib.metadata
import importlib.util
import os
import platform
import tempfile
from collections.abc import Iterable
from pathlib import Path

from privai_tf.runtime import search_path
from privai_tf.runtime.cache import cache_base

OK, MISSING, PROBLEM = "ok", "missing", "PROBLEM"

_PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "tf-keras", "dp-accounting", "numpy")
# What each extra brings: (a module that tells that it is there, what it is for).
_EXTRAS = {
  "align": ("mtcnn", "faces in photos are found"),
  "dlib": ("dlib", "landmarks as FFHQ's"),
  "web": ("gradio", "the page for people"),
  "serving": ("prometheus_client", "the gateway, TensorFlow Serving"),
  "beam": ("apache_beam", "jobs on a fleet"),
  "postgres": ("psycopg", "a ledger that several machines share"),
  "scorers": ("onnxruntime", "age and gender of real faces"),
  "video": ("imageio_ffmpeg", "films"),
}


@dataclasses.dataclass(frozen=True)
class Check:
  """One line of the check-up.

  Attributes:
    name: what was looked at.
    state: `OK`, `MISSING` (may be had, is not needed) or `PROBLEM`.
    found: what is there, or what is wrong.
    remedy: what to do; "" if nothing.
  """

  name: str
  state: str
  found: str
  remedy: str = ""


def checkup() -> list[Check]:
  """Looks at everything; needs TensorFlow to be started."""
  return [
    _packages(),
    _devices(),
    *_networks(),
    _perceptual_weights(),
    *map(_extra, _EXTRAS),
    *_folders(),
  ]


def next_step(checks: Iterable[Check]) -> str:
  """What to do next: mend the first problem, or try the main job.

  Args:
    checks: of `checkup`.
  """
  for check in checks:
    if check.state == PROBLEM:
      return f"Next: {check.remedy}"
  wished = [check.remedy for check in checks if check.state == MISSING and check.remedy]
  lines = ["Next: privai privatize --attribute=smile --epsilon=1 --output_dir=demo_output"]
  return "\n".join([*lines, *(f"May be had: {remedy}" for remedy in wished)])


def _packages() -> Check:
  versions = [f"Python {platform.python_version()}"]
  for package in _PACKAGES:
    try:
      versions.append(f"{package} {importlib.metadata.version(package)}")
    except importlib.metadata.PackageNotFoundError:
      return Check("packages", PROBLEM, f"{package} is missing", "pip install privai-tf")
  return Check("packages", OK, ", ".join(versions))


def _devices() -> Check:
  import tensorflow as tf

  accelerators = [
    device for kind in ("GPU", "TPU") for device in tf.config.list_logical_devices(kind)
  ]
  if accelerators:
    return Check("devices", OK, ", ".join(device.name for device in accelerators))
  cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
  return Check("devices", OK, f"{cores} processor cores; no GPU or TPU that TensorFlow sees")


def _networks() -> list[Check]:
  from privai_tf.generators.places import available_checkpoints

  names = available_checkpoints()
  if not names:
    looked = search_path.where_looked("checkpoints")
    remedy = "python -m privai_tf.converters FILE.pkl checkpoints/NAME"
    return [Check("networks", PROBLEM, f"none in {looked}", remedy)]
  boundaries = search_path.names("boundaries", "*/*_boundary.npy")
  checks = []
  for name in names:
    own = sorted({path.stem.split("_")[0] for path in boundaries if path.parts[0] == name})
    known = f"boundaries: {', '.join(own)}" if own else "no boundaries; see privai train-boundary"
    checks.append(Check(f"network {name}", OK, known))
  return checks


def _perceptual_weights() -> Check:
  from privai_tf.inversion.perceptual import find_weights

  if (path := find_weights(None)) is not None:
    return Check("VGG16 weights", OK, str(path))
  return Check(
    "VGG16 weights",
    MISSING,
    "inversion compares pixels and MS-SSIM only",
    "--vgg16_weights=download once: sharper inversions from 256 x 256 on",
  )


def _extra(name: str) -> Check:
  module, purpose = _EXTRAS[name]
  if importlib.util.find_spec(module) is not None:
    return Check(f"extra {name}", OK, purpose)
  return Check(f"extra {name}", MISSING, purpose, f"pip install 'privai-tf[{name}]': {purpose}")


def _folders() -> list[Check]:
  places = {"current folder": Path.cwd(), "cache folder": cache_base()}
  return [_writable(name, folder) for name, folder in places.items()]


def _writable(name: str, folder: Path) -> Check:
  """Tries it: permissions alone do not tell of full disks and read-only mounts."""
  try:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
      file.write(b"x")
      file.flush()
  except OSError as error:
    return Check(name, PROBLEM, f"{folder}: {error.strerror}", f"make {folder} writable")
  return Check(name, OK, f"{folder} can be written to")
