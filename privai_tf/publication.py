"""The two places a run writes to: what may be published, and what is for the owner's eyes only.

`privacy.md`, section 8: everything computed from a photo besides the release is a release too. So
`PublicFolder` is only ever handed the privatized image and public configuration, and whatever else
is worth keeping goes through `PrivateFolder`.
"""

import dataclasses
import importlib.metadata
import io
import json
import pathlib
from collections.abc import Mapping

import numpy as np
from PIL import Image

from privai_tf.artifacts import Guarantee
from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.comparison import comparison_page
from privai_tf.evaluation.report import read_entries, report_page
from privai_tf.runtime import files

_PACKAGES = ("privai-tf", "tensorflow", "keras", "tensorflow-probability", "dp-accounting", "numpy")


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


class PublicFolder:
  """The publishable folder: `NAME.png`, `NAME.json`, `run.json`, `report.html`."""

  def __init__(self, path: pathlib.Path, configuration: Mapping, overwrite: bool):
    """Opens the folder.

    Args:
      path: created if missing.
      configuration: everything public that decides what a release is; JSON values.
      overwrite: whether results of another configuration, or finished ones, may be replaced.

    Raises:
      ConfigurationError: if the folder holds releases made with another configuration.
      OutputError: if it cannot be written.
    """
    self.path = files.make_folder(path)
    # As it reads back, so that it can be compared with an earlier run's.
    self._configuration = json.loads(json.dumps(configuration))
    self._versions = versions()
    self._overwrite = overwrite
    self._check_configuration()
    self.write_run(released=None, failed=None)

  def _check_configuration(self) -> None:
    run = self.path / "run.json"
    if self._overwrite or not run.exists() or not read_entries(self.path):
      return
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

  def write(self, name: str, pixels: np.ndarray, guarantee: Guarantee, bound: float | None) -> None:
    """Publishes one image; its JSON comes last and marks it as complete.

    Args:
      name: file name without extension.
      pixels: uint8 [H, W, 3], the privatized image.
      guarantee: its promise.
      bound: the attacker bound in [0.5, 1], None where there is none.
    """
    content = {
      "output": f"{name}.png",
      "guarantee": dataclasses.asdict(guarantee),
      "attacker_bound": bound,
      "checkpoint": self._configuration["checkpoint"],
      "versions": self._versions,
    }
    (self.path / f"{name}.json").unlink(missing_ok=True)
    files.write_bytes(self.path / f"{name}.png", png(pixels))
    files.write_json(self.path / f"{name}.json", content)

  def write_run(self, released: int | None, failed: int | None) -> None:
    """Writes `run.json`; counts are None while the run goes on."""
    content = {
      "configuration": self._configuration,
      "counts": {"released": released, "failed": failed},
      "versions": self._versions,
    }
    files.write_json(self.path / "run.json", content)

  def finish(self, failed: int) -> pathlib.Path:
    """Writes the counts and the report.

    Returns:
      The path of `report.html`.
    """
    self.write_run(released=len(read_entries(self.path)), failed=failed)
    report = self.path / "report.html"
    files.write_text(report, report_page(self.path))
    return report


class PrivateFolder:
  """The owner's folder: originals, inversions, quality figures, latents on request."""

  def __init__(self, path: pathlib.Path, save_latents: bool):
    self.path = files.make_private_folder(path)
    self._save_latents = save_latents

  def write(
    self,
    name: str,
    quality: Mapping,
    latents: np.ndarray,
    original: np.ndarray | None = None,
    inversion: np.ndarray | None = None,
  ) -> None:
    """Keeps what was computed from one input.

    Args:
      name: as in the public folder.
      quality: figures, JSON values.
      latents: the code before privatization; written only if the folder keeps latents.
      original: uint8 [R, R, 3] or None.
      inversion: uint8 [R, R, 3] or None.
    """
    for kind, pixels in (("original", original), ("inversion", inversion)):
      if pixels is not None:
        files.write_bytes(self.path / f"{name}.{kind}.png", png(pixels), private=True)
    if self._save_latents:
      buffer = io.BytesIO()
      np.save(buffer, latents, allow_pickle=False)
      files.write_bytes(self.path / f"{name}.latent.npy", buffer.getvalue(), private=True)
    files.write_json(self.path / f"{name}.quality.json", dict(quality), private=True)

  def finish(self, output_dir: pathlib.Path) -> pathlib.Path:
    """Writes the comparison.

    Returns:
      The path of `comparison.html`.
    """
    comparison = self.path / "comparison.html"
    files.write_text(comparison, comparison_page(self.path, output_dir), private=True)
    return comparison
