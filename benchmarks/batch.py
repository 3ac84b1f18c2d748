"""Throughput of a job in batches and image by image, and where its time goes.

  python -m benchmarks.batch --images=64 --batch_sizes=1,8,32

Avatar portraits in PNG files are read, inverted, privatized under a real guarantee, charged to a
ledger and published, all in this process. What happens once a job (models, compilation, the report)
is not counted. Processor time is shown beside the clock's, which other programs disturb.
"""

import collections
import contextlib
import dataclasses
import pathlib
import tempfile
import time
from collections.abc import Iterator

import numpy as np
from absl import app, flags

_IMAGES = flags.DEFINE_integer("images", 64, "Portraits in each run.", lower_bound=1)
_BATCH_SIZES = flags.DEFINE_list("batch_sizes", ["1", "8", "32"], "The first is compared with.")
_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "The generator.")
_STEPS = flags.DEFINE_integer("steps", None, "Steps of the inversion; default: the job's own.")


@contextlib.contextmanager
def timed_parts(parts: dict[str, float]) -> Iterator[None]:
  """Adds up the seconds spent in the parts of a job while the block runs."""
  from privai_tf.jobs.settlement import Settlement
  from privai_tf.jobs.stages import Stages
  from privai_tf.runtime.manifest import Manifest

  places = {
    "stages": (Stages, "process"),
    "settlement": (Settlement, "settle"),
    "manifest": (Manifest, "stage"),
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


def run(job, built) -> tuple[float, float, dict[str, float]]:
  """Wall-clock seconds, processor seconds and seconds by part, from the first input to the last."""
  from privai_tf import pipeline

  built.job = job
  pipeline.Stages = lambda job: built
  release_all, spent = pipeline.release_all, []

  def watched(*arguments):
    began, processor = time.perf_counter(), time.process_time()
    release_all(*arguments)
    spent[:] = time.perf_counter() - began, time.process_time() - processor

  pipeline.release_all = watched
  parts: dict[str, float] = collections.defaultdict(float)
  with timed_parts(parts):
    summary = pipeline.run(job)
  pipeline.release_all = release_all
  if summary.failures:
    raise RuntimeError(summary.failures[0])
  return *spent, parts


def write_portraits(count: int, folder: pathlib.Path) -> pathlib.Path:
  """Portraits as PNG files."""
  import demo
  from privai_tf.generators import to_uint8
  from privai_tf.runtime.pictures import png

  folder.mkdir()
  images = np.asarray(to_uint8(demo.portraits(count, seed=5), family="stylegan"))
  for row, pixels in enumerate(images):
    (folder / f"{row:05d}.png").write_bytes(png(pixels))
  return folder


def main(_: list[str]) -> None:
  from privai_tf.inversion.spec import InversionSpec
  from privai_tf.jobs.job import Budget, Job
  from privai_tf.jobs.stages import Stages
  from privai_tf.privacy.spec import PrivacySpec

  first = 0.0
  print("batch  images/s  s CPU/image  times  of the clock: stages, settlement (beside), manifest")
  for size in map(int, _BATCH_SIZES.value):
    with tempfile.TemporaryDirectory() as name:
      folder = pathlib.Path(name)
      job = Job(
        checkpoint=_CHECKPOINT.value,
        attributes=("smile",),
        privacy=PrivacySpec(epsilon=1.0),
        inversion=InversionSpec(steps=_STEPS.value, batch_size=size),
        input=str(write_portraits(size, folder / "few")),
        output_dir=folder / "warm",
        budget=Budget(folder / "ledger.db", epsilon=2.0),
        batch_size=size,
      )
      built = Stages(job)
      run(job, built)
      photos = write_portraits(_IMAGES.value, folder / "photos")
      timed = dataclasses.replace(job, input=str(photos), output_dir=folder / "timed")
      wall, processor, parts = run(timed, built)
    first = first or wall
    shares = "  ".join(f"{parts[n] / wall:.0%}" for n in ("stages", "settlement", "manifest"))
    print(
      f"{size:5d}  {_IMAGES.value / wall:8.2f}  {processor / _IMAGES.value:11.3f}"
      f"  {first / wall:5.1f}  {shares}",
      flush=True,
    )


if __name__ == "__main__":
  app.run(main)
