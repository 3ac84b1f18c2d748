"""One side of `benchmarks.peers`: draws as many pictures as each line of its input says."""

import json
import pathlib
import sys
import time
from types import SimpleNamespace

import numpy as np


def ours(folder: pathlib.Path):
  """Our generator, as its commands use it."""
  import privai_tf

  generator = privai_tf.load_generator(folder / "checkpoint")
  return lambda code: generator.synthesize(code, latent_space="W"), ""


def _twin(folder: pathlib.Path):
  sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
  from benchmarks.reference_loop import Synthesis

  facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))
  fused = set(facts.pop("fused"))
  config = SimpleNamespace(**facts, fused=fused.__contains__)
  with np.load(folder / "weights.npz") as weights:
    return Synthesis(config, dict(weights)).eval()


def torch_network(folder: pathlib.Path, compiled: bool, channels_last: bool):
  """PyTorch; compiled without Python between its operations, as `torch.compile` is at its best."""
  import torch

  network = _twin(folder)
  if channels_last:
    for name, value in network._weights.items():
      if value.ndim == 4:
        network._weights[name] = value.to(memory_format=torch.channels_last)
  call = torch.compile(network, mode="max-autotune") if compiled else network

  def draw(code):
    with torch.inference_mode():
      return call(torch.from_numpy(code)).permute(0, 2, 3, 1).numpy()

  return draw, torch.__version__.partition("+")[0]


def _exported(folder: pathlib.Path) -> str:
  import torch

  path = folder / f"network-{time.monotonic_ns()}.onnx"
  code = torch.from_numpy(np.load(folder / "code.npy"))
  torch.onnx.export(_twin(folder), (code,), str(path), dynamo=True, optimize=True, verbose=False)
  return str(path)


def onnxruntime_network(folder: pathlib.Path):
  """ONNX Runtime with every optimization of the graph."""
  import onnxruntime

  session = onnxruntime.InferenceSession(_exported(folder), providers=["CPUExecutionProvider"])
  name = session.get_inputs()[0].name
  return lambda code: session.run(None, {name: code})[0].transpose(
    0, 2, 3, 1
  ), onnxruntime.__version__


def openvino_network(folder: pathlib.Path, float32: bool):
  """OpenVINO for least latency."""
  import openvino

  options = {"PERFORMANCE_HINT": "LATENCY"}
  if float32:
    options["INFERENCE_PRECISION_HINT"] = "f32"
  core = openvino.Core()
  model = core.compile_model(core.read_model(_exported(folder)), "CPU", options)
  return lambda code: model(code)[0].transpose(0, 2, 3, 1), openvino.__version__.partition("-")[0]


def main(kind: str, folder: pathlib.Path) -> None:
  """Tells its version and first picture, then times as many as it is asked for."""
  library, _, form = kind.partition(", ")
  if library == "privai_tf":
    draw, version = ours(folder)
  elif library.startswith("torch"):
    draw, version = torch_network(folder, library == "torch.compile", form == "channels last")
  elif library == "onnxruntime":
    draw, version = onnxruntime_network(folder)
  else:
    draw, version = openvino_network(folder, form == "float32")
  code = np.load(folder / "code.npy")
  for _ in range(3):
    picture = np.asarray(draw(code))
  place = folder / f"picture-{time.monotonic_ns()}.npy"
  np.save(place, picture)
  print(json.dumps({"version": version, "picture": str(place)}), flush=True)
  for line in sys.stdin:
    start = time.perf_counter(), time.process_time()
    for _ in range(int(line)):
      draw(code)
    print(json.dumps([time.perf_counter() - start[0], time.process_time() - start[1]]), flush=True)
  status = pathlib.Path("/proc/self/status").read_text()
  print(int(status.partition("VmHWM:")[2].split()[0]) / 1024, flush=True)


if __name__ == "__main__":
  main(sys.argv[1], pathlib.Path(sys.argv[2]))
