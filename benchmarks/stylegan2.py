"""StyleGAN2's synthesis here against PyTorch's plain operations, in turn, on the same weights.

  python -m benchmarks.stylegan2 --peer_python=/path/to/venv/bin/python

Configuration F with random weights (they serve as well as trained ones). The peer draws the same image
(checked) with a kernel for each sample, a grouped convolution and the resampling filter as convolutions:
what the original code computes where its own CUDA operations are not to be had. It runs in a process
of its own, since TensorFlow and PyTorch do not share an environment; the two take turns.
"""

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from absl import app, flags

_RESOLUTION = flags.DEFINE_integer("resolution", 1024, "Of the images.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 1, "Images at a time.")
_REPEATS = flags.DEFINE_integer("repeats", 10, "Timed runs of each side.", lower_bound=1)
_PEER = flags.DEFINE_string("peer_python", None, "An interpreter that has PyTorch and NumPy.")


class Peer:
  """The other process, see `benchmarks.stylegan2_torch`."""

  def __init__(self, python: str, inputs: str):
    script = Path(__file__).with_name("stylegan2_torch.py")
    command = [python, str(script), inputs, str(os.cpu_count())]
    self._process = subprocess.Popen(
      command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

  def draw(self, path: str = "") -> tuple[float, float, str]:
    """Seconds and processor seconds of one drawing, PyTorch's version; saves the images to a path."""
    self._process.stdin.write(f"{path}\n")
    self._process.stdin.flush()
    seconds, processor, version = self._process.stdout.readline().split()
    return float(seconds), float(processor), version

  def close(self) -> None:
    self._process.stdin.close()
    self._process.wait()


def main(arguments: list[str]) -> None:
  del arguments
  import numpy as np

  from privai_tf.generators.stylegan2.config import StyleGAN2Config
  from privai_tf.generators.stylegan2.generator import StyleGAN2Generator

  generator = StyleGAN2Generator(StyleGAN2Config(resolution=_RESOLUTION.value))
  weights = generator.weights()
  for name, _value in weights.items():
    if name.endswith("noise_strength"):
      weights[name] = np.float32(0.1)
  generator = StyleGAN2Generator(generator.config, weights)
  batch = _BATCH_SIZE.value
  codes = generator.truncate(generator.map(generator.sample_z(batch, seed=0)), truncation_psi=0.7)

  def ours():
    start = time.perf_counter(), time.process_time()
    images = generator.synthesize(codes, latent_space="W+", batch_size=batch)
    return time.perf_counter() - start[0], time.process_time() - start[1], images

  print(f"ours: first call   {ours()[0]:.2f} s, tracing included")
  ours()
  if not _PEER.value:
    _print("ours", [ours() for _ in range(_REPEATS.value)], batch)
    return
  with tempfile.TemporaryDirectory() as folder:
    np.savez(f"{folder}/inputs.npz", codes=codes, **weights)
    peer = Peer(_PEER.value, f"{folder}/inputs.npz")
    *_, version = peer.draw(f"{folder}/images.npy")
    theirs = np.load(f"{folder}/images.npy").transpose(0, 2, 3, 1)
    peer.draw()
    print(f"largest difference {np.abs(ours()[2] - theirs).max():.1e}")
    times = [(ours()[:2], peer.draw()[:2]) for _ in range(_REPEATS.value)]
    peer.close()
  _print("ours", [own for own, _ in times], batch)
  _print(f"PyTorch {version}", [other for _, other in times], batch)
  wall, processor = (statistics.median(other[i] / own[i] for own, other in times) for i in (0, 1))
  print(f"ratio              {wall:.2f} ({processor:.2f} of processor time), medians of the pairs")


def _print(title: str, times: list, batch: int) -> None:
  wall, processor = (statistics.median(row[i] for row in times) / batch for i in (0, 1))
  print(
    f"{title:<18} {wall:.3f} s an image, {processor:.3f} s of processor time, medians of {len(times)}"
  )


if __name__ == "__main__":
  app.run(main)
