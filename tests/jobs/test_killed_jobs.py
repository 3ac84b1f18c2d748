"""The main command, stopped in every way and started again, ends as if nothing had happened."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

_PORTRAITS = 5000


def _start(repository, *flags):
  return subprocess.Popen(
    [sys.executable, "run_privatize.py", *map(str, flags)],
    cwd=repository,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )


def _count(folder: pathlib.Path) -> int:
  return sum(name.endswith(".png") for name in os.listdir(folder))


def _wait_for(folder: pathlib.Path, count: int, process: subprocess.Popen) -> None:
  """Until so many pictures are published, or the process has ended."""
  while process.poll() is None and _count(folder) < count:
    time.sleep(0.01)


def _published(folder: pathlib.Path) -> dict[str, bytes]:
  return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".html"}


@pytest.mark.slow
def test_killed_and_terminated(repository, tiny_checkpoint, tmp_path):
  """A simulation, so that the pictures of an undisturbed run can be told bit for bit."""
  codes, count = tmp_path / "codes.npy", 200
  np.save(codes, np.random.default_rng(1).normal(size=(count, 16)).astype(np.float32))
  flags = [
    f"--checkpoint={tiny_checkpoint}",
    f"--attribute={tiny_checkpoint}/smile_w_boundary.npy",
    f"--input_latents={codes}",
    "--noise_seed=7",
    "--clip_radius=2",
    "--batch_size=2",
    f"--output_dir={tmp_path / 'out'}",
  ]
  (tmp_path / "flags.txt").write_text("\n".join(flags))
  (tmp_path / "out").mkdir()
  done = 0
  for number, code, line in (
    (signal.SIGKILL, -9, ""),
    (signal.SIGTERM, 143, "Terminated: what is finished is whole; the same command goes on.\n"),
  ):
    process = _start(repository, f"--flagfile={tmp_path / 'flags.txt'}")
    _wait_for(tmp_path / "out", done + 3, process)
    process.send_signal(number)
    _, stderr = process.communicate()
    assert (process.returncode, stderr) == (code, line)
    before, done = done, _count(tmp_path / "out")
    assert before < done < count
  process = _start(repository, *flags)
  stdout, _ = process.communicate()
  assert process.returncode == 0
  assert "kept from an earlier run" in stdout

  from privai_tf import pipeline
  from privai_tf.inversion.spec import InversionSpec
  from privai_tf.jobs.job import Job
  from privai_tf.privacy.spec import PrivacySpec

  undisturbed = Job(
    checkpoint=str(tiny_checkpoint),
    attributes=(str(tiny_checkpoint / "smile_w_boundary.npy"),),
    privacy=PrivacySpec(noise_seed=7, clip_radius=2.0),
    output_dir=tmp_path / "undisturbed",
    input_latents=str(codes),
    batch_size=2,
    inversion=InversionSpec(),
  )
  pipeline.run(undisturbed)
  assert _published(tmp_path / "out") == _published(undisturbed.output_dir)


def _kill_jobs(repository, folder, seed: int, kills: int) -> None:
  worker = repository / "tests" / "jobs" / "killed_job_worker.py"
  arguments = [str(folder), str(seed), str(kills)]
  environment = {**os.environ, "PYTHONPATH": str(repository), "TF_CPP_MIN_LOG_LEVEL": "3"}
  subprocess.run([sys.executable, str(worker), *arguments], env=environment, check=True)


def test_killed_under_changing_flags(repository, tmp_path):
  """Nothing that could be seen is unpaid, paid for twice or exchanged, see the worker."""
  _kill_jobs(repository, tmp_path, seed=1, kills=10)


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_two_hundred_kills_under_changing_flags(repository, tmp_path):
  """Some forty jobs of all combinations of flags."""
  _kill_jobs(repository, tmp_path, seed=2, kills=200)


@pytest.fixture(scope="module")
def portraits(tmp_path_factory):
  """5,000 portraits of 64 x 64 as files."""
  from privai_tf.demo import portrait

  folder = tmp_path_factory.mktemp("portraits")
  images = portrait.portraits(_PORTRAITS, seed=5, resolution=64)
  for row, image in enumerate(images):
    pixels = np.rint((image + 1) * 127.5).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / f"{row:04d}.png")
  return folder


@pytest.mark.very_slow
@pytest.mark.timeout(7200)
def test_five_thousand_portraits_and_ten_kills(repository, portraits, tmp_path):
  """Under a real guarantee, with every subject's budget good for one release."""
  out, ledger = tmp_path / "out", tmp_path / "ledger.db"
  out.mkdir()
  flags = [
    f"--input={portraits}",
    "--init=encoder",
    "--steps=1",
    "--batch_size=32",
    f"--output_dir={out}",
    f"--ledger={ledger}",
    "--create_ledger",
    "--budget_epsilon=1",
  ]
  chance = random.Random(3)
  moments = sorted(chance.randrange(_PORTRAITS) for _ in range(10))
  digests: dict[str, bytes] = {}
  for moment in moments:
    process = _start(repository, *flags)
    # A random moment also within what the next picture takes: opening, drawing, charging, writing.
    _wait_for(out, moment, process)
    time.sleep(chance.uniform(0, 0.5))
    process.kill()
    process.communicate()
    seen = {path.name: path.read_bytes() for path in out.glob("*.png")}
    print(f"killed at {len(seen)} pictures", flush=True)
    assert digests.items() <= seen.items()  # Nothing that could be seen was exchanged.
    digests = seen
  process = _start(repository, *flags)
  stdout, stderr = process.communicate()
  assert process.returncode == 0, stderr
  print(stdout)
  names = {f"{row:04d}" for row in range(_PORTRAITS)}
  expected = {f"{name}.{suffix}" for name in names for suffix in ("png", "json")}
  assert {path.name for path in out.iterdir()} == expected | {"run.json", "report.html"}
  for name in names:
    content = json.loads((out / f"{name}.json").read_text())
    assert content["output"] == f"{name}.png"
    with Image.open(out / f"{name}.png") as image:
      image.load()
      assert image.size == (256, 256)

  from privai_tf.privacy.ledger import Ledger

  with Ledger.open(ledger) as opened:
    releases = opened.releases()
  assert len(releases) == len({release["subject"] for release in releases}) == _PORTRAITS
  assert sum(float(release["epsilon"]) for release in releases) == _PORTRAITS
