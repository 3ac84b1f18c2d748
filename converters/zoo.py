"""The model zoo: which files NVIDIA and InterFaceGAN's authors published, and where.

`checkpoints/official.json` is the list. It says for every address where that is stated; what no
source states (sizes, hashes) is left open.
"""

import dataclasses
import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from privai_tf.errors import CheckpointError, InputError
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown

MANIFEST = Path(__file__).resolve().parents[1] / "checkpoints" / "official.json"
KINDS = ("generator", "classifier", "boundary")
_FORMAT = "privai_tf model zoo 1"
_HEADER = ("NAME", "FAMILY", "DATA SET", "SIDE", "SPACE", "LICENCE", "SIZE", "FROM")


@dataclasses.dataclass(frozen=True)
class Address:
  """One place of a file.

  Attributes:
    url: its address.
    source: the page that states it.
  """

  url: str
  source: str

  @property
  def is_drive(self) -> bool:
    """Whether Google Drive holds it, which needs more than a plain request."""
    return self.url.startswith("https://drive.google.com/")


@dataclasses.dataclass(frozen=True)
class ZooFile:
  """One published file.

  Attributes:
    name: its file name.
    kind: "generator", "classifier", "boundary" or "recognizer".
    family: "stylegan" or "pggan": of the network, or of the network that a boundary belongs to.
    dataset: what it was trained on.
    resolution: side of the images, in pixels.
    licence: what its authors published it under.
    addresses: where it is, the first one first.
    size: in bytes, None if no source states it; never relied upon.
    space: a boundary's latent space, "Z" or "W"; None for networks.
    attribute: what a classifier or boundary is about; None for generators.
  """

  name: str
  kind: str
  family: str
  dataset: str
  resolution: int
  licence: str
  addresses: tuple[Address, ...]
  size: int | None = None
  space: str | None = None
  attribute: str | None = None


def read_zoo(path: str | os.PathLike = MANIFEST) -> tuple[ZooFile, ...]:
  """Reads the list.

  Args:
    path: the manifest.

  Raises:
    CheckpointError: if it is absent or damaged.
  """
  values = outside.read_json(path, CheckpointError)
  try:
    if values["format"] != _FORMAT:
      raise ValueError(f"format {values['format']!r}")
    return tuple(_zoo_file(entry, values["sources"]) for entry in values["files"])
  except (ValueError, KeyError, TypeError) as error:
    raise CheckpointError(f"{shown(path)} is damaged ({error}); restore it.") from error


def _zoo_file(entry: dict, sources: dict) -> ZooFile:
  fields = {key: value for key, value in entry.items() if key != "size_source"}
  if Path(fields["name"]).name != fields["name"] or fields["kind"] not in KINDS:
    raise ValueError(f"entry {fields['name']!r}")
  fields["addresses"] = tuple(
    Address(address["url"], sources[address["source"]]["page"]) for address in entry["addresses"]
  )
  return ZooFile(**fields)


def find_file(name: str, files: Sequence[ZooFile]) -> ZooFile:
  """The file of a name; its ending may be left out.

  Raises:
    InputError: naming those that are nearest.
  """
  for file in files:
    if name in (file.name, Path(file.name).stem):
      return file
  names = [file.name for file in files]
  near = [known for known in names if name.lower() in known][:3]
  near = near or difflib.get_close_matches(name, names, n=3, cutoff=0.4)
  hint = f"; perhaps {' or '.join(near)}" if near else ""
  raise InputError(
    f"No published file is called '{shown(name)}'{hint} (python -m privai_tf.converters --list)."
  )


def table(files: Sequence[ZooFile], kind: str = "all") -> list[str]:
  """The list for people, a line for each file.

  Args:
    files: of the zoo.
    kind: "all" or one of `KINDS`.
  """
  rows = [_HEADER] + [_row(file) for file in files if kind in ("all", file.kind)]
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  return [
    "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
  ]


def _row(file: ZooFile) -> tuple[str, ...]:
  size = "unknown" if file.size is None else f"{file.size / 1e6:.0f} MB"
  places = ["Google Drive" if a.is_drive else a.url.split("/")[2] for a in file.addresses]
  side = str(file.resolution)
  return (
    file.name, file.family, file.dataset, side, file.space or "-", file.licence, size, ", ".join(places)
  )  # fmt: skip
