"""Throughput of a job in batches and image by image, and where its time goes.

  python -m benchmarks.batch --images=64 --batch_sizes=1,8,32

Avatar portraits are rendered, inverted, privatized under a real guarantee, charged to a ledger and
published, all in this process. Models are loaded and compiled before the clock starts. Processor
time is shown beside the clock's, which other programs on the machine disturb.
"""

import collections
import contextlib
import dataclasses
import pathlib
import tempfile
import time
from collections.abc import Iterator

from absl import app, flags

_IMAGES = flags.DEFINE_integer("images", 64, "Portraits in each run.", lower_bound=1)
_BATCH_SIZES = flags.DEFINE_list("batch_sizes", ["1", "8", "32"], "The first is compared with.")
_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "The generator.")
_STEPS = flags.DEFINE_integer("steps", None, "Steps of the inversion; default: the job's own.")


@contextlib.contextmanager
def timed_parts(parts: dict[str, float]) -> Iterator[None]:
  """Adds up the seconds spent in the parts of a job while the block runs."""
  from privai_tf.privacy.ledger import Ledger
  from privai_tf.publication import PublicFolder
  from privai_tf.runtime.manifest import Manifest
  from privai_tf.stages import Stages

  places = {
    "stages": (Stages, "process"),
    "manifest": (Manifest, "stage"),
    "ledger": (Ledger, "charge"),
    "files": (PublicFolder, "write"),
  }
  originals = {name: getattr(owner, method) for name, (owner, method) in places.items()}

  def watched(name):
    def method(*arguments, **keywords):
      began = time.perf_counter()
      try:
        return originals[name](*arguments, **keywords)
      finally:
        parts[name] += time.perf_counter() - began

    return method

  for name, (owner, method) in places.items():
    setattr(owner, method, watched(name))
  try:
    yield
  finally:
    for name, (owner, method) in places.items():
      setattr(owner, method, originals[name])


def run(job, built, folder: pathlib.Path) -> tuple[float, float, dict[str, float]]:
  """Wall-clock seconds, processor seconds and seconds by part of a job whose stages are built."""
  from privai_tf import pipeline
  from privai_tf.job import Budget

  built.job = job
  pipeline.Stages = lambda job: built

  job = dataclasses.replace(
    job, output_dir=folder / "out", budget=Budget(folder / "ledger.db", epsilon=1.0)
  )
  parts: dict[str, float] = collections.defaultdict(float)
  with timed_parts(parts):
    began, processor = time.perf_counter(), time.process_time()
    summary = pipeline.run(job)
    seconds = time.perf_counter() - began, time.process_time() - processor
  if len(summary.released) != job.num_portraits:
    raise RuntimeError(f"{len(summary.released)} of {job.num_portraits} released")
  return *seconds, parts


def main(_: list[str]) -> None:
  from privai_tf.inversion.spec import InversionSpec
  from privai_tf.job import Job
  from privai_tf.privacy.spec import PrivacySpec
  from privai_tf.stages import Stages

  first = None
  print("batch  images/s  s CPU/image  times  of the clock: stages manifest ledger files")
  for size in map(int, _BATCH_SIZES.value):
    job = Job(
      checkpoint=_CHECKPOINT.value,
      attributes=("smile",),
      privacy=PrivacySpec(epsilon=1.0),
      inversion=InversionSpec(steps=_STEPS.value, batch_size=size),
      output_dir=pathlib.Path("unused"),
      batch_size=size,
      num_portraits=_IMAGES.value,
    )
    built = Stages(job)
    with tempfile.TemporaryDirectory() as folder:
      run(dataclasses.replace(job, num_portraits=size), built, pathlib.Path(folder, "warm"))
      wall, processor, parts = run(job, built, pathlib.Path(folder, "timed"))
    first = first or processor
    shares = "  ".join(f"{parts[n] / wall:.0%}" for n in ("stages", "manifest", "ledger", "files"))
    print(
      f"{size:5d}  {_IMAGES.value / wall:8.2f}  {processor / _IMAGES.value:11.3f}"
      f"  {first / processor:5.1f}  {shares}",
      flush=True,
    )


if __name__ == "__main__":
  app.run(main)
