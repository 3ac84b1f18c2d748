"""The main job from the command line, on a tiny random network: files, keys, exit codes."""

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

_GUARANTEE_KEYS = {
  "private",
  "scope",
  "statement",
  "mechanism",
  "epsilon",
  "delta",
  "clip_radius",
  "sensitivity",
  "noise_scale",
  "relation",
  "rest_noise_scale",
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
  """Two pictures and a text file that only claims to be one."""
  folder = tmp_path_factory.mktemp("photos")
  random = np.random.default_rng(0)
  for name in ("ada", "bob"):
    pixels = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / f"{name}.png")
  (folder / "text.png").write_text("no picture")
  return folder


@pytest.fixture
def privatize(repository, tiny_checkpoint):
  """Runs the command; returns (exit code, standard output, standard error)."""

  def run(*flags):
    command = [
      sys.executable,
      "run_privatize.py",
      f"--checkpoint={tiny_checkpoint}",
      *(
        [] if "--scope=image" in flags else [f"--attribute={tiny_checkpoint}/smile_w_boundary.npy"]
      ),
      "--steps=4",
      "--public_codes=16",  # Fitted badly, and quickly.
      "--align=none",
      *map(str, flags),
    ]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout, result.stderr

  return run


@pytest.mark.slow
def test_a_folder_of_photos_with_one_bad_file(privatize, photos, tmp_path):
  out, private = tmp_path / "out", tmp_path / "private"
  code, stdout, stderr = privatize(
    f"--input={photos}", f"--output_dir={out}", f"--private_dir={private}"
  )
  assert code == 1, stderr
  assert "text.png" in stderr
  assert "Traceback" not in stderr
  names = {path.name for path in out.iterdir()}
  assert names == {"ada.png", "ada.json", "bob.png", "bob.json", "run.json", "report.html"}
  content = json.loads((out / "ada.json").read_text())
  assert set(content) == {
    *("output", "guarantee", "attacker_bound", "checkpoint", "precision", "versions")
  }
  assert set(content["guarantee"]) == _GUARANTEE_KEYS
  assert content["guarantee"]["private"] is True
  assert content["guarantee"]["epsilon"] == 1.0
  assert content["guarantee"]["mechanism"] == "extremal"
  # 98% of epsilon through the coordinate, 2% through the rest; epsilon alone would allow 0.7311.
  assert content["attacker_bound"] == pytest.approx(0.7298, abs=1e-4)
  assert "is drawn from the public distribution" in content["guarantee"]["statement"]
  assert content["guarantee"]["statement"] in stdout
  with Image.open(out / "ada.png") as image:
    assert image.size == (32, 32)
    assert not image.info
  run = json.loads((out / "run.json").read_text())
  assert run["counts"] == {"released": 2}
  (failure,) = csv.DictReader((private / "failures.csv").read_text().splitlines())
  assert (failure["name"], failure["stage"], failure["published"]) == ("text", "read", "no")
  # The publishable files must not say where the photos lie; the owner's may.
  for path in out.iterdir():
    assert str(photos).encode() not in path.read_bytes()
  assert (private.stat().st_mode & 0o777) == 0o700
  page = (private / "comparison.html").read_text()
  assert page.count("data:image/png;base64,") == 6
  assert not re.search(r"(src|href)=.(https?:)?//", page + (out / "report.html").read_text())

  # Again: everything is finished, nothing is released a second time.
  before = (out / "ada.png").read_bytes()
  code, stdout, _ = privatize(
    f"--input={photos}", f"--output_dir={out}", f"--private_dir={private}"
  )
  assert code == 1
  assert "0 released, 2 kept" in stdout
  assert (out / "ada.png").read_bytes() == before


@pytest.mark.slow
def test_latents_and_the_ledger(privatize, tmp_path):
  latents = tmp_path / "codes.npy"
  np.save(latents, np.random.default_rng(1).normal(size=(3, 16)).astype(np.float32))
  flags = [
    f"--input_latents={latents}",
    f"--ledger={tmp_path / 'ledger.db'}",
    "--create_ledger",
    "--budget_epsilon=1.5",
    "--subject_id=ada",
  ]
  out = tmp_path / "out"
  code, stdout, stderr = privatize(*flags, f"--output_dir={out}")
  # One release of three fits the budget; the others leave nothing on the disk.
  assert code == 1, stderr
  assert "1 released, 2 failed" in stdout
  assert stderr.count("left of") == 2
  assert sorted(path.name for path in out.glob("*.png")) == ["codes-0.png"]


@pytest.mark.parametrize(
  ("flags", "problem"),
  [
    (["--epsilon=0"], "epsilon"),
    (["--epsilon=nan"], "epsilon"),
    (["--epsilon=one"], "--epsilon=one"),
    (["--delta=2"], "delta"),
    (["--mechanism=gaussian"], "delta"),
    (["--mechanism=nonsense"], "nonsense"),
    (["--clip_radius=-1"], "radius"),
    (["--save_latents"], "--private_dir"),
    (["--retry_failures"], "--private_dir"),
    (["--retry_failures", "--private_dir=gone"], "there is no gone/failures.csv"),
    (["--budget_epsilon=1"], "--ledger"),
    (["--ledger=x.db", "--noise_seed=1", "--budget_epsilon=1"], "--noise_seed"),
    (["--steps=-1"], "steps"),
    (["surplus"], "surplus"),
    (["--num_shards=2", "--shard_index=2"], "shard_index"),
    (["--scope=image", "--mechanism=gaussian", "--delta=1e-5", "--paste_back"], "Pasting"),
    (["--scope=image", "--mechanism=gaussian", "--delta=1e-5", "--faces=all"], "--faces=all"),
    (["--scope=image", "--delta=1e-5"], "subset_selection is purely"),
    (["--scope=image", "--resemble=age:much"], "'age:much' gives no number"),
    (["--resemble=age:3"], "use subset_selection with scope image"),
    (["--scope=image", "--resemble=age:-1"], "the weight of 'age' is -1.0"),
    (["--scope=image", "--resemble=age,age"], "twice"),
    (["--scope=image", "--codebook_size=1"], "codebook_size"),
    (["--scope=image", "--codebook_size=1073741824"], "codebook_size is 1073741824: it must be"),
    (["--scope=image", "--codebook_size=8", "--subset_size=0"], "subset_size is 0 of 8 faces"),
    (["--scope=image", "--codebook_size=8", "--subset_size=8"], "subset_size is 8 of 8 faces"),
    (["--subset_size=8"], "use subset_selection with scope image"),
    (["--decode=mean"], "Mechanism extremal has no decode 'mean': use value or sample"),
    (["--mechanism=laplace", "--decode=value"], "Mechanism laplace has no decode 'value'"),
    (["--scope=image", "--decode=sample"], "Mechanism subset_selection has no decode 'sample'"),
    (["--decode=best"], "decode"),
    (["--on_failure=stand-in"], "--on_failure=stand-in with --scope=attribute"),
    (["--on_failure=stop"], "on_failure"),
    (["--faces=first"], "--faces=first"),
    (["--strategy=many"], "strategy"),
    (["--init=nowhere"], "init"),
    (["--input=a.png", "--input=b.png"], "--input is given twice"),
    (["--input=a.png,b.png"], "a.png,b.png does not exist"),
    (["--input=a.png", "--num_portraits=3"], "--num with --input"),
    (["--scope=image", "--attribute=smile"], "--attribute with --scope=image"),
    (["-m", "avatars"], "InterFaceGAN's -m has a name here"),
    (["--attribute=smlie"], "No boundary 'tiny/smlie'"),
    (["--attribute=avatars/smlie"], "No boundary 'avatars/smlie'"),
    (["--attribute=gone.npy"], "gone.npy is not a file"),
    (["--scope=image", "--resemble=smlie:3,rest:1"], "No boundary 'tiny/smlie'"),
    (["--checkpoint=avtars"], "Checkpoint avtars does not exist"),
    (["--input=gone.png"], "gone.png does not exist"),
    (["--input_latents=gone.npy"], "gone.npy is not a file"),
  ],
)
def test_bad_flags_end_with_code_2_and_one_line(privatize, tmp_path, flags, problem):
  code, stdout, stderr = privatize(f"--output_dir={tmp_path / 'out'}", *flags)
  assert code == 2, stderr
  lines = [line for line in stderr.splitlines() if line]
  assert len(lines) == 1, stderr
  assert problem in lines[0]
  assert stdout == ""
  assert not (tmp_path / "out").exists()


def test_weights_of_an_attribute_that_the_checkpoint_lacks_end_with_one_line(privatize, tmp_path):
  latents = tmp_path / "codes.npy"
  np.save(latents, np.zeros((1, 16), np.float32))
  code, stdout, stderr = privatize(
    f"--input_latents={latents}",
    f"--output_dir={tmp_path / 'out'}",
    "--scope=image",
    "--resemble=charm:2",
  )
  assert code == 2, stderr
  (line,) = filter(None, stderr.splitlines())
  assert "charm" in line
  assert stdout == ""


def test_a_coordinate_that_never_varies_ends_with_one_line(
  privatize, tmp_path, constant_checkpoint
):
  latents = tmp_path / "codes.npy"
  np.save(latents, np.random.default_rng(0).normal(size=(1, 16)).astype(np.float32))
  boundary = f"--attribute={constant_checkpoint}/smile_w_boundary.npy"
  flags = [f"--checkpoint={constant_checkpoint}", boundary, f"--input_latents={latents}"]
  code, stdout, stderr = privatize(*flags, f"--output_dir={tmp_path / 'out'}")
  assert code == 2, stderr
  (line,) = filter(None, stderr.splitlines())
  assert "never varies" in line
  assert stdout == ""


def test_output_inside_the_private_folder_is_refused(privatize, tmp_path):
  code, _, stderr = privatize(
    f"--output_dir={tmp_path / 'all' / 'out'}", f"--private_dir={tmp_path / 'all'}"
  )
  assert code == 2
  assert "all" in stderr


def test_flags_from_a_file(privatize, tmp_path):
  (tmp_path / "job.flags").write_text("# The promise.\n--epsilon=0\n")
  code, _, stderr = privatize(
    f"--output_dir={tmp_path / 'out'}", f"--flagfile={tmp_path / 'job.flags'}"
  )
  assert code == 2
  assert "epsilon" in stderr
