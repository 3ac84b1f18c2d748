"""Throughput of a job in batches and image by image, and where its time goes.

  python -m benchmarks.batch --images=64 --batch_sizes=1,8,32
  python -m benchmarks.batch --images=12 --batch_sizes=1,4 --steps=0 --resolution=1024

Avatar portraits in PNG files are read, inverted, privatized under a real guarantee, charged to a
ledger and published, all in this process. What happens once a job (models, compilation, the report)
is not counted. Processor time is shown beside the clock's, which other programs disturb. Stages and
settlement run side by side, so that their shares of the clock add up to more than all of it.
"""

import collections
import contextlib
import dataclasses
import os
import pathlib
import tempfile
import time
from collections.abc import Iterator

import numpy as np
from absl import app, flags

_IMAGES = flags.DEFINE_integer("images", 64, "Portraits in each run.", lower_bound=1)
_BATCH_SIZES = flags.DEFINE_list("batch_sizes", ["1", "8", "32"], "The first is compared with.")
_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "The generator.")
_RESOLUTION = flags.DEFINE_integer(
  "resolution", None, "Random weights of this size, an encoder too, in place of the checkpoint."
)
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

  pipeline.Stages = lambda *_: built
  release_all, spent = pipeline.release_all, []

  def watched(*arguments, **options):
    began, processor = time.perf_counter(), time.process_time()
    release_all(*arguments, **options)
    spent[:] = time.perf_counter() - began, time.process_time() - processor

  pipeline.release_all = watched
  parts: dict[str, float] = collections.defaultdict(float)
  with timed_parts(parts):
    summary = pipeline.run(job)
  pipeline.release_all = release_all
  if summary.failures:
    raise RuntimeError(summary.failures[0])
  return *spent, parts


def write_checkpoint(resolution: int, folder: pathlib.Path) -> pathlib.Path:
  """A StyleGAN with random weights, an encoder for it, and a boundary `smile_w_boundary.npy`."""
  from privai_tf.attributes.boundary import Boundary
  from privai_tf.generators.checkpoint import save_checkpoint
  from privai_tf.generators.config import StyleGANConfig
  from privai_tf.generators.stylegan import MappingNetwork, SynthesisNetwork
  from privai_tf.generators.weights import fingerprint, read_weights
  from privai_tf.inversion.encoder import Encoder
  from privai_tf.inversion.encoder_network import EncoderConfig, build_network

  config = StyleGANConfig(resolution=resolution)
  networks = (MappingNetwork(config, seed=1), SynthesisNetwork(config, seed=2, constant="normal"))
  weights = read_weights(networks)
  save_checkpoint(folder, config, weights)
  shape = (config.dlatent_size,)
  encoder = EncoderConfig(resolution, config.num_channels, "W", shape)
  Encoder(encoder, build_network(encoder, 3), fingerprint(weights), {}).save(folder / "encoder")
  direction = np.random.default_rng(4).normal(size=shape)
  Boundary(direction, latent_space="W", name="smile").save(folder / "smile_w_boundary.npy")
  return folder


def write_portraits(count: int, folder: pathlib.Path, resolution: int = 64) -> pathlib.Path:
  """Portraits as PNG files."""
  from privai_tf.demo import portrait
  from privai_tf.generators import to_uint8
  from privai_tf.runtime.pictures import png

  folder.mkdir()
  images = np.asarray(
    to_uint8(portrait.portraits(count, seed=5, resolution=resolution), family="stylegan")
  )
  for row, pixels in enumerate(images):
    (folder / f"{row:05d}.png").write_bytes(png(pixels))
  return folder


def main(_: list[str]) -> None:
  from privai_tf.inversion.spec import InversionSpec
  from privai_tf.jobs.job import Budget, Job
  from privai_tf.jobs.stages import Stages
  from privai_tf.privacy.spec import PrivacySpec

  first, resolution = 0.0, _RESOLUTION.value or 64
  print("batch  images/s  s CPU/image  times  of the clock: stages, settlement (beside), manifest")
  for size in map(int, _BATCH_SIZES.value):
    with tempfile.TemporaryDirectory() as name:
      folder = pathlib.Path(name)
      os.environ["PRIVAI_STATE_DIR"] = name  # Not into the user's: its ledgers end with it.
      checkpoint, attribute = _CHECKPOINT.value, "smile"
      if _RESOLUTION.value:
        checkpoint = str(write_checkpoint(resolution, folder / "random"))
        attribute = f"{checkpoint}/smile_w_boundary.npy"
      job = Job(
        checkpoint=checkpoint,
        attributes=(attribute,),
        privacy=PrivacySpec(epsilon=1.0),
        inversion=InversionSpec(steps=_STEPS.value, batch_size=size),
        input=str(write_portraits(size, folder / "few", resolution)),
        output_dir=folder / "warm",
        budget=Budget(folder / "ledger.db", epsilon=2.0, create=True),
        batch_size=size,
      )
      built = Stages(job.recipe)
      run(job, built)
      photos = write_portraits(_IMAGES.value, folder / "photos", resolution)
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
