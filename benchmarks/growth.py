"""How time and memory grow with the work: with the number of portraits, and with the pictures' side.

  python -m benchmarks.growth --output=growth.json

The main job runs as a command on 1, 8, 64 and 512 portraits of the avatars checkpoint, from the
encoder's answer alone (`--steps=0`: what does not depend on a search of the inversion, which takes a
fixed time a portrait). StyleGANs with random weights from 64 to 1024 pixels draw one image, and take a step of
the inversion (losses of pixels alone). Everything runs in processes of its own; processor time is
told, which other work on the machine disturbs least, and each process's peak of memory.

The exponent b of a time c + a n^b, whatever the constant start c: where n grows by equal factors r, the
increments grow by r^b. That of a memory, and of what has no start, is the slope between logarithms.
"""

import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

import numpy as np
from absl import app, flags

from benchmarks.exponents import ROOT, growth_above_start, measured, slope

_PORTRAITS = flags.DEFINE_list("portraits", ["1", "8", "64", "512"], "Growing by equal factors.")
_SIDES = flags.DEFINE_list("sides", ["64", "128", "256", "512", "1024"], "Pixels; none: ''.")
_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "Of the portraits.")
_ROUNDS = flags.DEFINE_integer("rounds", 1, "Runs of each job; the least counts.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", None, "A JSON file for all figures.")

_WORKER = pathlib.Path(__file__).with_name("growth_worker.py")


def portraits(folder: pathlib.Path, counts: Sequence[int]) -> dict:
  """Figures of the main job on so many portraits."""
  private = {"PRIVAI_CACHE_DIR": str(folder / "cache"), "PRIVAI_STATE_DIR": str(folder / "state")}
  environment = os.environ | private

  def job(count: int, name: str) -> tuple[float, float, float]:
    command = [
      *(sys.executable, "run_privatize.py", f"--checkpoint={_CHECKPOINT.value}"),
      *("--attribute=smile", "--epsilon=1", "--init=encoder", "--steps=0"),
      *(f"--input={folder / f'photos{count}'}", f"--output_dir={folder / name}"),
      f"--private_dir={folder / f'{name}-private'}",
    ]
    return measured(command, environment)

  for count in counts:
    _worker("portraits", folder / f"photos{count}", count)
  job(counts[0], "warm")  # What depends on the checkpoint alone is measured once and kept.
  rows = []
  for count in counts:
    runs = [job(count, f"out{count}-{turn}") for turn in range(_ROUNDS.value)]
    rows.append([min(column) for column in zip(*runs, strict=True)])
    clock, processor, peak = rows[-1]
    print(f"{count:9d} {clock:10.1f} s {processor:10.1f} s {peak:10.0f} MB", flush=True)
  _, seconds, peaks = zip(*rows, strict=True)
  found = {"portraits": list(counts), "rows": rows, "memory": slope(counts, peaks)}
  if len(counts) >= 3:
    found["time"] = growth_above_start(counts, seconds)
    found["seconds each"] = (seconds[-1] - seconds[-2]) / (counts[-1] - counts[-2])
    found["MB each"] = (peaks[-1] - peaks[-2]) / (counts[-1] - counts[-2])
  return found


def sides(folder: pathlib.Path, wanted: Sequence[int]) -> dict:
  """Figures of synthesis and of an inversion's step at so many pixels."""
  found: dict = {"sides": list(wanted)}
  for side in wanted:
    _worker("weights", folder / f"net{side}", side)
    words = []
    for part in ("synthesis", "inversion"):
      seconds, base, peak = map(float, _worker(part, folder / f"net{side}").split())
      found.setdefault(part, []).append([seconds, base, peak])
      words.append(f"{seconds:8.3f} s {peak:8.0f} MB ({peak - base:.0f} above the network)")
    print(f"{side:9d} {'   '.join(words)}", flush=True)
  for part in ("synthesis", "inversion"):
    seconds, bases, peaks = np.transpose(found[part])
    found[f"{part} time"] = slope(wanted, seconds)
    found[f"{part} memory"] = slope(wanted, np.maximum(peaks - bases, 1))
  return found


def _worker(part: str, folder: pathlib.Path, *arguments: int) -> str:
  command = [sys.executable, str(_WORKER), part, str(folder), *map(str, arguments)]
  done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
  if done.returncode:
    raise SystemExit(f"{part} failed: {done.stderr[-2000:]}")
  return done.stdout


def main(_: list[str]) -> None:
  figures: dict = {
    "machine": platform.processor() or platform.machine(),
    "date": time.strftime("%F"),
  }
  with tempfile.TemporaryDirectory(prefix="privai-growth-") as name:
    if counts := [int(count) for count in _PORTRAITS.value if count]:
      print(f"{'portraits':>9} {'clock':>12} {'processor':>12} {'peak':>13}")
      figures["job"] = found = portraits(pathlib.Path(name), counts)
      print(
        f"exponents: time above the start {found.get('time', float('nan')):.2f} "
        f"({found.get('seconds each', float('nan')):.3f} s a portrait), memory {found['memory']:.3f} "
        f"({1000 * found.get('MB each', float('nan')):.0f} kB a portrait)"
      )
    if wanted := [int(side) for side in _SIDES.value if side]:
      print(f"{'pixels':>9} {'synthesis, an image':>24} {'inversion, a step':>32}")
      figures["pixels"] = found = sides(pathlib.Path(name), wanted)
      for part in ("synthesis", "inversion"):
        if len(wanted) > 1:
          print(
            f"{part}, exponents in the side: time {found[f'{part} time']:.2f}, memory above the network "
            f"{found[f'{part} memory']:.2f}"
          )
  if _OUTPUT.value:
    pathlib.Path(_OUTPUT.value).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
  app.run(main)
