"""MobileStyleGAN against OpenVINO on the same files: one image of 1024 x 1024, time and memory.

  pip install openvino    # into an environment of its own
  python -m benchmarks.mobilestylegan --ir=FOLDER --checkpoint=mobilestylegan-ffhq --openvino=ENV/bin/python

Both run in processes of their own and take turns, a few images each, so that other work on the machine
slows both; the ratio of each round is what counts, and its median is told. OpenVINO computes in
float32 (its default is bfloat16 where the processor has it). FOLDER holds the package's four files.
"""

import subprocess
import sys
import time

import numpy as np
from absl import app, flags

_IR = flags.DEFINE_string("ir", None, "Folder with SynthesisNetwork.xml and .bin.", required=True)
_CHECKPOINT = flags.DEFINE_string("checkpoint", "mobilestylegan-ffhq", "The same, converted.")
_OPENVINO = flags.DEFINE_string("openvino", sys.executable, "The Python that has openvino.")
_ROUNDS = flags.DEFINE_integer("rounds", 9, "Turns of each.", lower_bound=1)
_IMAGES = flags.DEFINE_integer("images", 3, "In a turn.", lower_bound=1)

_LOOP = """
def memory():
  lines = open("/proc/self/status").read().splitlines()
  return [int(l.split()[1]) / 1024 for key in ("VmRSS", "VmHWM") for l in lines if l.startswith(key)]
w = np.random.RandomState(0).standard_normal((1, 512)).astype(np.float32)
draw(w); draw(w)
print(*before, memory()[1], flush=True)
for line in sys.stdin:
  start = time.perf_counter(), time.process_time()
  for _ in range(int(line)):
    draw(w)
  print(time.perf_counter() - start[0], time.process_time() - start[1], flush=True)
"""
_THEIRS = """
import sys, time
import numpy as np, openvino
def load():
  core = openvino.Core()
  options = {"INFERENCE_PRECISION_HINT": "f32"}
  return core.compile_model(core.read_model(sys.argv[1] + "/SynthesisNetwork.xml"), "CPU", options)
"""
_OURS = """
import sys, time
import numpy as np, privai_tf, tensorflow as tf
def load():
  return privai_tf.load_generator(sys.argv[1])
"""
# What is loaded, libraries and weights, is told apart from what an image takes above it.
_SIDES = {
  "openvino": f"{_THEIRS}model = load()\ndraw = lambda w: model(w)[0]\n",
  "privai_tf": f"{_OURS}model = load()\ndraw = lambda w: model.synthesize(w, latent_space='W')\n",
}


def _start(python: str, side: str, argument: str) -> tuple[subprocess.Popen, list[float]]:
  code = _SIDES[side] + _LOOP.replace("draw(w); draw(w)", "before = memory()[:1]\ndraw(w); draw(w)")
  process = subprocess.Popen(
    [python, "-c", code, argument],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
  )
  line = process.stdout.readline()
  if not line:
    raise SystemExit(f"{side} did not start; does {python} have what it needs?")
  return process, [float(value) for value in line.split()]


def _turn(process: subprocess.Popen) -> np.ndarray:
  """Seconds an image by the clock, and of processor time."""
  process.stdin.write(f"{_IMAGES.value}\n")
  process.stdin.flush()
  return np.array(process.stdout.readline().split(), float) / _IMAGES.value


def main(_: list[str]) -> None:
  started = {
    "openvino": _start(_OPENVINO.value, "openvino", _IR.value),
    "privai_tf": _start(sys.executable, "privai_tf", _CHECKPOINT.value),
  }
  times = {side: [] for side in started}
  for _ in range(_ROUNDS.value):
    for side, (process, _) in started.items():
      times[side].append(_turn(process))
      time.sleep(0.2)
  print(f"{'':<10} {'clock':>8} {'processor':>10} {'loaded':>9} {'above it':>9}")
  for side, (process, (loaded, peak)) in started.items():
    process.stdin.close()
    process.wait()
    clock, processor = np.median(times[side], axis=0)
    print(
      f"{side:<10} {clock:>6.2f} s {processor:>8.2f} s {loaded:>6.0f} MB {peak - loaded:>6.0f} MB"
    )
  ratios = np.array(times["privai_tf"]) / np.array(times["openvino"])
  clock, processor = np.median(ratios, axis=0)
  print(
    f"Ratio of a round, median of {_ROUNDS.value}: {clock:.2f} by the clock ({ratios[:, 0].min():.2f} to "
    f"{ratios[:, 0].max():.2f}), {processor:.2f} of processor time."
  )


if __name__ == "__main__":
  app.run(main)
