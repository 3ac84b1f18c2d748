"""What the private folder holds of every face, read back for the owner's page."""

import csv
import dataclasses
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from privai_tf.errors import OutputError
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown
from privai_tf.runtime.stores import StorePath

_RECORD = ".quality.json"


@dataclasses.dataclass(frozen=True)
class Face:
  """A face of an input, or a code.

  Attributes:
    name: of its private files.
    output: name of the output that it is in.
    figures: what was recorded of the inversion.
    attributes: before and after, see `privai_tf.jobs.attribute_changes`; {} if not recorded.
    original, inversion, picture: files of the photo's face, of what the generator makes of its code,
      and of what was released; None if there is none.
    whole: whether `picture` is the whole photo, for want of the face alone.
    released: whether its output is published.
  """

  name: str
  output: str
  figures: dict[str, Any]
  attributes: dict[str, dict[str, Any]]
  original: pathlib.Path | None
  inversion: pathlib.Path | None
  picture: pathlib.Path | None
  whole: bool
  released: bool

  @property
  def warning(self) -> str | None:
    """What speaks against its release, in words."""
    return self.figures.get("warning")

  def urgency(self) -> tuple:
    """Sorts what needs a look first: what was not released, what has a warning, the worst fit."""
    missed = self.figures.get("unexplained")
    return (self.released, self.warning is None, -(missed or 0.0), self.name)


def read_faces(private_dir: pathlib.Path, output_dir: pathlib.Path | StorePath) -> Iterator[Face]:
  """The faces that a private folder knows, one by one, in no order.

  Args:
    private_dir: what `PrivateFolder` writes.
    output_dir: the publishable folder.
  """
  with os.scandir(private_dir) as entries:
    for entry in entries:
      if entry.name.endswith(_RECORD):
        name = entry.name.removesuffix(_RECORD)
        yield _face(name, _read(pathlib.Path(entry)), private_dir, output_dir)


def _face(
  name: str,
  figures: dict[str, Any],
  private_dir: pathlib.Path,
  output_dir: pathlib.Path | StorePath,
) -> Face:
  output, pasted = figures.pop("output", name), figures.pop("pasted", False)
  # In TFRecords a release is no file of its own; a copy of it is kept.
  published = _existing(output_dir / f"{output}.png", private_dir / f"{output}.published.png")
  # Of a frame that a killed run had drawn, the face alone was not kept.
  own = _existing(private_dir / f"{name}.release.png") if pasted and published else None
  told = private_dir / f"{name}.release.json"
  return Face(
    name=name,
    output=output,
    figures=figures,
    attributes=_read(told)["attributes"] if told.exists() and published else {},
    original=_existing(private_dir / f"{name}.original.png"),
    inversion=_existing(private_dir / f"{name}.inversion.png"),
    picture=own or published,
    whole=pasted and own is None,
    released=published is not None,
  )


def _read(path: pathlib.Path) -> dict[str, Any]:
  remedy = "remove it, or restore it: the page is made of the private folder's files"
  content = outside.read_json(path, OutputError, remedy)
  if not isinstance(content, dict):
    raise OutputError(f"{shown(path)} is no record of a face; {remedy}.")
  return content


def read_tables(private_dir: pathlib.Path, kind: str) -> list[dict[str, str]]:
  """The rows of `KIND.csv`, and of those of the processes that share the folder."""
  paths = [private_dir / f"{kind}.csv", *sorted(private_dir.glob(f"{kind}-*-of-*.csv"))]
  rows = []
  for path in filter(pathlib.Path.exists, paths):
    with open(path, newline="", encoding="utf-8") as file:
      rows += csv.DictReader(file)
  return rows


def _existing(*paths: pathlib.Path | StorePath) -> pathlib.Path | StorePath | None:
  return next((path for path in paths if path.exists()), None)
