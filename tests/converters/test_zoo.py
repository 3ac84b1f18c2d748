"""The list of published files: complete, sourced, and printed by `python -m converters --list`."""

import json
import re
import subprocess
import sys

import pytest

from privai_tf.converters.zoo import MANIFEST, find_file, read_zoo, table
from privai_tf.errors import CheckpointError, InputError


@pytest.fixture(scope="module")
def zoo():
  return read_zoo()


def test_what_the_zoo_holds(zoo):
  names = [file.name for file in zoo]
  assert len(set(names)) == len(names)
  count = {
    kind: sum(f.kind == kind for f in zoo) for kind in ("generator", "classifier", "boundary")
  }
  assert count["classifier"] == 40
  assert count["boundary"] == 39
  generators = {f.name: f for f in zoo if f.kind == "generator"}
  assert generators["karras2019stylegan-ffhq-1024x1024.pkl"].family == "stylegan"
  assert generators["karras2018iclr-celebahq-1024x1024.pkl"].family == "pggan"
  classifiers = sorted(f.name for f in zoo if f.kind == "classifier")
  for number, name in enumerate(classifiers):
    assert re.fullmatch(rf"celebahq-classifier-{number:02d}-[a-z0-9-]+\.pkl", name)
  spaces = [(f.family, f.space) for f in zoo if f.kind == "boundary"]
  assert spaces.count(("pggan", "Z")) == 15
  assert spaces.count(("stylegan", "Z")) == 14
  assert spaces.count(("stylegan", "W")) == 10


def test_every_address_is_sourced_and_no_hash_is_made_up(zoo):
  for file in zoo:
    assert file.licence == ("MIT" if file.kind == "boundary" else "CC BY-NC 4.0")
    for address in file.addresses:
      assert address.url.startswith("https://")
      # A page at a commit, so that what it said can be read for ever.
      assert re.search(r"github\.com/[^/]+/[^/]+/blob/[0-9a-f]{40}/", address.source)
      if address.is_drive:
        assert re.fullmatch(r"https://drive\.google\.com/uc\?id=[\w-]{33}", address.url)
  values = json.loads(MANIFEST.read_text())
  stated = {entry["name"] for entry in values["files"] if entry["size"] is not None}
  assert stated == {entry["name"] for entry in values["files"] if "size_source" in entry}
  assert not any("sha256" in entry for entry in values["files"])
  drive = [a.url for f in zoo for a in f.addresses if a.is_drive]
  assert len(set(drive)) == len(drive)


def test_finding(zoo):
  wanted = "stylegan_ffhq_age_w_boundary"
  assert find_file(wanted, zoo) == find_file(f"{wanted}.npy", zoo)
  with pytest.raises(InputError, match=r"perhaps karras2019stylegan-ffhq-1024x1024\.pkl"):
    find_file("stylegan-ffhq", zoo)
  with pytest.raises(InputError, match="called 'zzz' \\(python"):
    find_file("zzz", zoo)


def test_table(zoo):
  assert len(table(zoo)) == 1 + len(zoo)
  lines = table(zoo, "boundary")
  assert len(lines) == 40
  assert lines[0].split()[:2] == ["NAME", "FAMILY"]
  assert "W" in next(line for line in lines if "ffhq_age_w" in line).split()


@pytest.mark.parametrize(
  "text",
  ["{", "[]", '{"format": "other", "files": []}', '{"format": "privai_tf model zoo 1"}'],
)
def test_a_damaged_list_is_refused(tmp_path, text):
  path = tmp_path / "official.json"
  path.write_text(text)
  with pytest.raises(CheckpointError, match=r"official\.json is (damaged|not JSON)"):
    read_zoo(path)
  with pytest.raises(CheckpointError, match=r"Cannot read .*absent\.json"):
    read_zoo(tmp_path / "absent.json")


def test_a_name_that_leads_elsewhere_is_refused(tmp_path):
  values = json.loads(MANIFEST.read_text())
  values["files"][0]["name"] = "../evil.pkl"
  path = tmp_path / "official.json"
  path.write_text(json.dumps(values))
  with pytest.raises(CheckpointError, match="damaged"):
    read_zoo(path)


def _run(repository, *arguments):
  command = [sys.executable, "-m", "converters", *arguments]
  return subprocess.run(command, capture_output=True, text=True, cwd=repository)


def test_the_command_lists(repository):
  everything = _run(repository, "--list")
  assert (everything.returncode, everything.stderr) == (0, "")
  assert "karras2019stylegan-ffhq-1024x1024.pkl" in everything.stdout
  boundaries = _run(repository, "--list=boundaries")
  assert boundaries.stdout.count("\n") == 40


@pytest.mark.parametrize(
  ("arguments", "code", "text"),
  [
    (["--list=nonsense"], 2, "value should be one of"),
    (["--list", "--download=x"], 2, "exclude one another"),
    (["--list", "x.pkl"], 2, "Expected no arguments"),
    (["--download=no-such-file-at-all"], 1, "No published file is called"),
  ],
)
def test_bad_requests(repository, arguments, code, text):
  result = _run(repository, *arguments)
  assert result.returncode == code
  assert text in result.stderr
  assert result.stderr.count("\n") == 1


def test_listing_is_fast(repository):
  # Processor time: other work may share the machine.
  code = "import sys,runpy,time; sys.argv=['converters','--list']\n"
  code += "try: runpy.run_module('converters', run_name='__main__')\n"
  code += "except SystemExit: print(time.process_time())"
  seconds = []
  for _ in range(3):  # The best of three; 0.4 on a quiet machine.
    result = subprocess.run(
      [sys.executable, "-c", code], capture_output=True, text=True, cwd=repository
    )
    seconds.append(float(result.stdout.splitlines()[-1]))
    if seconds[-1] < 1:
      return
  raise AssertionError(seconds)
