"""One part of `benchmarks.growth`, in a process of its own, so that its peak of memory is its own.

  python benchmarks/growth_worker.py portraits FOLDER COUNT
  python benchmarks/growth_worker.py weights FOLDER SIDE
  python benchmarks/growth_worker.py synthesis FOLDER
  python benchmarks/growth_worker.py inversion FOLDER

The last two print processor seconds and the peak of memory in MB, before their work and after.
"""

import pathlib
import sys
import time

import numpy as np

_REPEATS = 2
_STEPS = 4


def portraits(folder: pathlib.Path, count: str) -> None:
  """Writes so many portraits, no two alike."""
  from privai_tf.demo.portrait import portraits
  from privai_tf.generators import to_uint8
  from privai_tf.runtime.pictures import png

  images = np.asarray(to_uint8(portraits(int(count), seed=5), family="stylegan"))
  folder.mkdir()
  for row, pixels in enumerate(images):
    (folder / f"{row:05d}.png").write_bytes(png(pixels))


def weights(folder: pathlib.Path, side: str) -> None:
  """Writes a StyleGAN with random weights."""
  from privai_tf.generators.checkpoint import save_checkpoint
  from privai_tf.generators.config import StyleGANConfig
  from privai_tf.generators.stylegan import MappingNetwork, SynthesisNetwork
  from privai_tf.generators.weights import read_weights

  config = StyleGANConfig(resolution=int(side))
  networks = MappingNetwork(config, seed=1), SynthesisNetwork(config, seed=2, constant="normal")
  save_checkpoint(folder, config, read_weights(networks), {"licence": "Apache-2.0"})


def synthesis(folder: pathlib.Path) -> None:
  """One image at a time."""
  import privai_tf

  generator = privai_tf.load_generator(folder)
  code = generator.map(generator.sample_z(1, seed=0))
  base = _peak()
  draw = lambda: generator.synthesize(code, latent_space="W")  # noqa: E731
  _report(draw, base, 1)


def inversion(folder: pathlib.Path) -> None:
  """Steps of one image in W+, losses of pixels alone, from the mean code."""
  import privai_tf
  from privai_tf.inversion.initialization import decided, start_codes
  from privai_tf.inversion.search import Search
  from privai_tf.inversion.spec import InversionSpec

  generator = privai_tf.load_generator(folder)
  wanted = InversionSpec(latent_space="W+", steps=_STEPS, init="mean", perceptual="none")
  spec = decided(wanted, generator)
  shape = (1, generator.resolution, generator.resolution, 3)
  photos = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
  start = start_codes(photos, generator, spec)
  base = _peak()
  search = Search(generator, spec, 1)
  run = lambda: search.run(photos, np.ones(1, np.float32), start, lambda done: None)  # noqa: E731
  _report(run, base, _STEPS)


def _report(work, base: float, units: int) -> None:
  """Prints the least processor time of a few, after the tracing, and the peaks of memory."""
  work()
  seconds = []
  for _ in range(_REPEATS):
    began = time.process_time()
    work()
    seconds.append((time.process_time() - began) / units)
  print(min(seconds), base, _peak())


def _peak() -> float:
  # Not getrusage: a process's peak there begins with that of the process that started it.
  lines = pathlib.Path("/proc/self/status").read_text(encoding="ascii").splitlines()
  return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
  sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
  _PARTS = {part.__name__: part for part in (portraits, weights, synthesis, inversion)}
  _PARTS[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
