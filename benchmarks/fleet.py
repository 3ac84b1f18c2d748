"""What sharing out costs: `python -m benchmarks.fleet --count=400`.

Codes of "avatars" go through the stages alone (nothing is written), through the main job with its
manifest, the same with a ledger, and through Beam with one and two workers. There is no inversion,
so that what is measured is not hidden behind it.
"""

import dataclasses
import os
import pathlib
import tempfile
import time

import numpy as np
from absl import app, flags

_COUNT = flags.DEFINE_integer("count", 400, "Codes.", lower_bound=1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 8, "Faces in a batch.", lower_bound=1)
_WORKERS = flags.DEFINE_list("workers", ["1", "2"], "Numbers of Beam's workers.")


def _job(folder: pathlib.Path, name: str, **changes):
  from privai_tf.inversion.spec import InversionSpec
  from privai_tf.jobs.job import Job
  from privai_tf.privacy.spec import PrivacySpec

  return Job(
    checkpoint="avatars",
    attributes=("smile",),
    privacy=PrivacySpec(epsilon=1.0),
    inversion=InversionSpec(latent_space="W"),
    output_dir=folder / name,
    input_latents=str(folder / "codes.npy"),
    batch_size=_BATCH_SIZE.value,
    **changes,
  )


def _stages_alone(job) -> None:
  from privai_tf.jobs.item_lists import find_items
  from privai_tf.jobs.stages import Stages

  stages = Stages(job.recipe)
  items = list(find_items(job.sources, stages.generator, stages.recipe.inversion.latent_space))
  for start in range(0, len(items), job.batch_size):
    loaded = [stages.load(item) for item in items[start : start + job.batch_size]]
    stages.process(loaded, size=job.batch_size)


def _timed(title: str, work) -> float:
  began, processor = time.perf_counter(), time.process_time()
  work()
  seconds = time.perf_counter() - began
  print(
    f"{title:28s} {seconds:6.1f} s, {1000 * seconds / _COUNT.value:6.1f} ms a face "
    f"(processor {time.process_time() - processor:.1f} s)",
    flush=True,
  )
  return seconds


def main(arguments: list[str]) -> None:
  del arguments
  from privai_tf import load_generator, pipeline
  from privai_tf.fleet import beam
  from privai_tf.jobs.job import Budget

  generator = load_generator("avatars")
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    os.environ["PRIVAI_STATE_DIR"] = name  # Not into the user's: its ledgers end with it.
    np.save(folder / "codes.npy", generator.map(generator.sample_z(_COUNT.value, seed=0)))
    budget = Budget(folder / "ledger.db", epsilon=1.0, create=True)
    _stages_alone(_job(folder, "warm"))
    _timed("stages alone", lambda: _stages_alone(_job(folder, "nothing")))
    _timed("main job", lambda: pipeline.run(_job(folder, "job")))
    _timed("main job with a ledger", lambda: pipeline.run(_job(folder, "paid", budget=budget)))
    for workers in map(int, _WORKERS.value):
      options = ["--runner=DirectRunner", f"--direct_num_workers={workers}"]
      options += ["--direct_running_mode=multi_processing"] if workers > 1 else []
      job = _job(folder, f"fleet-{workers}")
      _timed(f"Beam, {workers} workers", lambda job=job, options=options: beam.run(job, options))
    ledger = dataclasses.replace(budget, ledger=folder / "fleet.db")
    job = _job(folder, "fleet-paid", budget=ledger)
    _timed("Beam with a ledger, 1 worker", lambda: beam.run(job, ["--runner=DirectRunner"]))


if __name__ == "__main__":
  app.run(main)
