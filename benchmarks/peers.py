"""Synthesis against PyTorch, ONNX Runtime and OpenVINO: the same weights, one image at a time.

  python -m venv ENV; ENV/bin/pip install torch onnx onnxscript onnxruntime openvino
  python -m benchmarks.peers --peers=ENV/bin/python --resolution=1024

StyleGAN with random weights. PyTorch computes `benchmarks.reference_loop.Synthesis` as it is, with
channels last, and compiled by `torch.compile` (both memory formats); ONNX Runtime and OpenVINO run
the same network as `torch.onnx` exports it, OpenVINO in float32 and in the type that it prefers. All
have processes of their own and take turns, so that other work slows all alike; what counts is the
ratio of a round, and its median is told. Every peer's picture is compared with ours first.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from absl import app, flags

_PEERS = flags.DEFINE_string("peers", sys.executable, "The Python that has the peers.")
_RESOLUTION = flags.DEFINE_integer("resolution", 1024, "Of the pictures.")
_ROUNDS = flags.DEFINE_integer("rounds", 9, "Turns of each.", lower_bound=1)
_IMAGES = flags.DEFINE_integer("images", 2, "In a turn.", lower_bound=1)
_ONLY = flags.DEFINE_list("only", None, "Some of the peers; by default all.")

_WORKER = pathlib.Path(__file__).with_name("peers_worker.py")
_KINDS = (
  "torch",
  "torch, channels last",
  "torch.compile",
  "torch.compile, channels last",
  "onnxruntime",
  "openvino, float32",
  "openvino, default",
)
_OURS = "privai_tf"


class Peer:
  """One side in a process of its own.

  Args:
    python: the interpreter.
    kind: which side, see `peers_worker`.
    folder: where the network's files are.
  """

  def __init__(self, python: str, kind: str, folder: str):
    self._process = subprocess.Popen(
      [python, str(_WORKER), kind, folder],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    )
    line = self._process.stdout.readline()
    if not line:
      reason = (self._process.stderr.read().strip().splitlines() or ["no word"])[-1]
      raise SystemExit(f"{kind} did not start: {reason}")
    told = json.loads(line)
    self.version, self.picture = told["version"], np.load(told["picture"])

  def turn(self, images: int) -> tuple[float, float]:
    """Seconds an image by the clock, and of processor time."""
    self._process.stdin.write(f"{images}\n")
    self._process.stdin.flush()
    clock, processor = json.loads(self._process.stdout.readline())
    return clock / images, processor / images

  def close(self) -> float:
    """Ends it; returns its peak of memory in MB."""
    self._process.stdin.close()
    peak = float(self._process.stdout.readline())
    self._process.wait()
    return peak


def main(_: list[str]) -> None:
  with tempfile.TemporaryDirectory(prefix="privai-peers-") as folder:
    _write_network(folder)
    wanted = [kind for kind in _KINDS if not _ONLY.value or kind.split(",")[0] in _ONLY.value]
    sides = {_OURS: Peer(sys.executable, _OURS, folder)}
    sides |= {kind: Peer(_PEERS.value, kind, folder) for kind in wanted}
    ours = sides[_OURS].picture
    times = {kind: [] for kind in sides}
    for _ in range(_ROUNDS.value):
      for kind, side in sides.items():
        times[kind].append(side.turn(_IMAGES.value))
    print(f"{'':<36} {'clock':>8} {'processor':>10} {'peak':>9} {'times ours':>20} {'off by':>9}")
    for kind, side in sides.items():
      clock, processor = np.median(times[kind], axis=0)
      ratios = np.array(times[kind])[:, 0] / np.array(times[_OURS])[:, 0]
      spread = f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"
      error = np.abs(side.picture - ours).max() / np.abs(ours).max()
      words = f"{kind} {side.version}"
      print(
        f"{words:<36} {clock:>6.2f} s {processor:>8.2f} s {side.close():>6.0f} MB {spread:>20} {error:>9.1e}"
      )


def _write_network(folder: str) -> None:
  """Random weights, what the twin asks of the configuration, and a code."""
  from privai_tf.generators.checkpoint import save_checkpoint
  from privai_tf.generators.config import StyleGANConfig
  from privai_tf.generators.stylegan import MappingNetwork, SynthesisNetwork
  from privai_tf.generators.weights import read_weights

  config = StyleGANConfig(resolution=_RESOLUTION.value)
  synthesis = SynthesisNetwork(config, seed=2, constant="normal")
  weights = read_weights((MappingNetwork(config, seed=1), synthesis))
  random = np.random.default_rng(0)
  for name, value in weights.items():  # As training leaves them: neither is zero.
    if name.endswith(("noise_strength", "bias")):
      weights[name] = value + 0.1 * random.standard_normal(value.shape).astype(np.float32)
  place = pathlib.Path(folder)
  save_checkpoint(place / "checkpoint", config, weights, {"licence": "Apache-2.0"})
  np.savez(place / "weights.npz", **weights)
  facts = {
    "resolution": config.resolution,
    "resolutions": list(config.resolutions),
    "blur_filter": list(config.blur_filter),
    "fused": [side for side in config.resolutions if side > 4 and config.fused(side)],
  }
  (place / "config.json").write_text(json.dumps(facts), encoding="utf-8")
  np.save(place / "code.npy", random.standard_normal((1, config.dlatent_size)).astype(np.float32))


if __name__ == "__main__":
  app.run(main)
