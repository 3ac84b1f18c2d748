"""A folder of thirty odd files through the main command: a line for each that fails, the rest done."""

import json
import re
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory, odd_files, astronaut):
  """The folder, and by file name what the line about it must say."""
  path = tmp_path_factory.mktemp("odd")
  return path, odd_files.make(path, astronaut[0:250, 100:350])


@pytest.mark.slow
def test_thirty_odd_files(repository, tiny_checkpoint, folder, tmp_path):
  pytest.importorskip("mtcnn")
  path, expected = folder
  assert len(expected) == 30
  command = [
    sys.executable,
    "run_privatize.py",
    f"--checkpoint={tiny_checkpoint}",
    f"--attribute={tiny_checkpoint}/smile_w_boundary.npy",
    "--steps=2",
    "--public_codes=16",
    f"--input={path}",
    f"--output_dir={tmp_path / 'out'}",
  ]
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
  assert result.returncode == 1, result.stderr
  assert "Traceback" not in result.stderr
  lines = result.stderr.splitlines()
  done = {name.split(".")[0] for name, message in expected.items() if not message}
  for name, message in expected.items():
    # A line is about the file that it begins with; an animation's note names its file further on.
    about = [
      line for line in lines if re.match(rf"(Cannot read )?{path}/{re.escape(name)}\b", line)
    ]
    if message:
      assert len(about) == 1, (name, about)
      assert message in about[0]
    else:
      assert about == [], name
  released = {file.stem for file in (tmp_path / "out").glob("*.png")}
  assert released == done
  counts = json.loads((tmp_path / "out" / "run.json").read_text())["counts"]
  assert counts == {"released": len(done)}
