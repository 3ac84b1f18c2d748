"""The two places a run writes to: what may be published, and what is for the owner's eyes only.

`privacy.md`, section 8: everything computed from a photo besides the release is a release too. So
`PublicFolder` is only ever handed the privatized image and public configuration, and whatever else
is worth keeping goes through `PrivateFolder`.
"""

import dataclasses
import importlib.metadata
import io
import json
import os
import pathlib
import re
from collections.abc import Mapping

import numpy as np
from PIL import Image

from privai_tf.artifacts import Guarantee
from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.comparison import comparison_page
from privai_tf.evaluation.report import read_entries, report_page
from privai_tf.runtime import files

_PACKAGES = ("privai-tf", "tensorflow", "keras", "tensorflow-probability", "dp-accounting", "numpy")


_RUN_RECORD = re.compile(r"run(-\d{5}-of-\d{5})?\.json")


def versions() -> dict[str, str]:
  """The packages that decide what comes out, with their versions."""
  found = {}
  for name in _PACKAGES:
    try:
      found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      found[name] = "not installed"
  return found


def png(pixels: np.ndarray) -> bytes:
  """uint8 [H, W, 3] as a PNG without metadata."""
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, format="PNG")
  return buffer.getvalue()


def is_run_record(name: str) -> bool:
  """Whether a file is a run's own record and no release's."""
  return _RUN_RECORD.fullmatch(name) is not None


def holds_releases(folder: pathlib.Path) -> bool:
  """Whether a publishable folder holds a release at all; looks no further than the first."""
  with os.scandir(folder) as entries:
    return any(
      entry.name.endswith(".tfrecord")
      or (entry.name.endswith(".json") and not is_run_record(entry.name))
      for entry in entries
    )


class PublicFolder:
  """The publishable folder: `NAME.png`, `NAME.json`, `run.json`, `report.html`.

  Attributes:
    path: the folder.
    fresh: whether nothing was recorded in it when it was opened.
  """

  def __init__(self, path: pathlib.Path, configuration: Mapping, overwrite: bool, suffix: str = ""):
    """Opens the folder.

    Args:
      path: created if missing.
      configuration: everything public that decides what a release is; JSON values.
      overwrite: whether results of another configuration, or finished ones, may be replaced.
      suffix: of `run.json`'s stem, so that processes that share the folder keep apart.

    Raises:
      ConfigurationError: if the folder holds releases made with another configuration.
      OutputError: if it cannot be written.
    """
    self.path = files.make_folder(path)
    files.remove_leftovers(self.path)
    self._run = self.path / f"run{suffix}.json"
    self.fresh = not self._run.exists()
    # As it reads back, so that it can be compared with an earlier run's.
    self._configuration = json.loads(json.dumps(configuration))
    self._versions = versions()
    self._overwrite = overwrite
    self._check_configuration()
    self.write_run(released=None, failed=None)

  def _check_configuration(self) -> None:
    if self._overwrite:
      return
    runs = sorted(self.path.glob("run*.json"))
    if not runs or not holds_releases(self.path):
      return
    for run in [path for path in runs if is_run_record(path.name)]:
      self._compare(run)

  def _compare(self, run: pathlib.Path) -> None:
    try:
      earlier = json.loads(run.read_text(encoding="utf-8"))["configuration"]
    except (ValueError, KeyError, TypeError) as error:
      raise ConfigurationError(
        f"{run}: not a run's record; choose another --output_dir, or replace with --overwrite"
      ) from error
    if earlier != self._configuration:
      changed = sorted(
        key
        for key in {*earlier, *self._configuration}
        if earlier.get(key) != self._configuration.get(key)
      )
      raise ConfigurationError(
        f"{self.path}: holds releases made with other settings ({', '.join(changed)}); "
        "choose another --output_dir, or replace them with --overwrite"
      )

  def is_finished(self, name: str) -> bool:
    """Whether a release of this name is complete; releasing it again would cost budget again."""
    return not self._overwrite and all(
      (self.path / f"{name}{suffix}").exists() for suffix in (".png", ".json")
    )

  def content(self, name: str, guarantee: Guarantee, bound: float | None) -> dict:
    """What `NAME.json` says.

    Args:
      name: file name without extension.
      guarantee: the promise.
      bound: the attacker bound in [0.5, 1], None where there is none.
    """
    return {
      "output": f"{name}.png",
      "guarantee": dataclasses.asdict(guarantee),
      "attacker_bound": bound,
      "checkpoint": self._configuration["checkpoint"],
      "versions": self._versions,
    }

  def write(self, name: str, picture: bytes, content: Mapping) -> None:
    """Publishes one image; its JSON comes last and marks it as complete.

    Args:
      name: file name without extension.
      picture: the privatized image as PNG.
      content: see `content`.
    """
    (self.path / f"{name}.json").unlink(missing_ok=True)
    files.write_bytes(self.path / f"{name}.png", picture)
    files.write_json(self.path / f"{name}.json", dict(content))

  def write_run(self, released: int | None, failed: int | None) -> None:
    """Writes `run.json`; counts are None while the run goes on."""
    content = {
      "configuration": self._configuration,
      "counts": {"released": released, "failed": failed},
      "versions": self._versions,
    }
    files.write_json(self._run, content)

  def finish(self, failed: int) -> pathlib.Path:
    """Writes the counts and the report.

    Returns:
      The path of `report.html`.
    """
    self.write_run(released=len(read_entries(self.path)), failed=failed)
    report = self.path / "report.html"
    files.write_text(report, report_page(self.path))
    return report


@dataclasses.dataclass(frozen=True)
class PrivateRecord:
  """What the owner may want to know about one face. All of it is private.

  Attributes:
    figures: JSON values.
    latents: the code before privatization.
    original, inversion: uint8 [R, R, 3], None for an input that is a code.
  """

  name: str
  figures: dict
  latents: np.ndarray
  original: np.ndarray | None = None
  inversion: np.ndarray | None = None


class PrivateFolder:
  """The owner's folder: originals, inversions, quality figures, latents on request."""

  def __init__(self, path: pathlib.Path, save_latents: bool):
    self.path = files.make_private_folder(path)
    self._save_latents = save_latents

  def write(self, record: PrivateRecord) -> None:
    """Keeps what was computed from one face."""
    for kind in ("original", "inversion"):
      pixels = getattr(record, kind)
      if pixels is not None:
        files.write_bytes(self.path / f"{record.name}.{kind}.png", png(pixels), private=True)
    if self._save_latents:
      buffer = io.BytesIO()
      np.save(buffer, record.latents, allow_pickle=False)
      files.write_bytes(self.path / f"{record.name}.latent.npy", buffer.getvalue(), private=True)
    files.write_json(self.path / f"{record.name}.quality.json", record.figures, private=True)

  def finish(self, output_dir: pathlib.Path) -> pathlib.Path:
    """Writes the comparison.

    Returns:
      The path of `comparison.html`.
    """
    comparison = self.path / "comparison.html"
    files.write_text(comparison, comparison_page(self.path, output_dir), private=True)
    return comparison
