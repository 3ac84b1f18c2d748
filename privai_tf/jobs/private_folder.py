"""The owner's folder: what was computed from the photos themselves, for nobody else's eyes."""

import dataclasses
import io
import pathlib
from collections.abc import Iterable

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.evaluation.comparison import comparison_page
from privai_tf.inversion.code_record import ANY_CODES, RECORD
from privai_tf.jobs.failures import Failure, failures_csv
from privai_tf.runtime import files
from privai_tf.runtime.pictures import png


@dataclasses.dataclass(frozen=True)
class PrivateRecord:
  """What the owner may want to know about one face. All of it is private.

  Attributes:
    figures: JSON values.
    latents: the code before privatization, None for a stand-in.
    original, inversion: uint8 [R, R, 3], None for an input that is a code.
  """

  name: str
  figures: dict
  latents: np.ndarray | None = None
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
    if self._save_latents and record.latents is not None:
      buffer = io.BytesIO()
      # [1, d] or [1, L, d], as every command reads codes.
      np.save(buffer, record.latents[np.newaxis], allow_pickle=False)
      files.write_bytes(self.path / f"{record.name}.latent.npy", buffer.getvalue(), private=True)
    files.write_json(self.path / f"{record.name}.quality.json", record.figures, private=True)

  def describe_codes(self, configuration: dict) -> None:
    """Says what the codes are of: without it, nobody could tell Z from W.

    Args:
      configuration: the job's, from `Stages.configuration`.
    """
    if not self._save_latents:
      return
    record = {
      "checkpoint": configuration["checkpoint"],
      "codes": {ANY_CODES: configuration["inversion"]["latent_space"]},
    }
    files.write_json(self.path / RECORD, record, private=True)

  def finish(
    self,
    output_dir: pathlib.Path,
    failures: Iterable[Failure],
    suffix: str = "",
    guarantee: Guarantee | None = None,
  ) -> pathlib.Path:
    """Writes the comparison, and `failures.csv`.

    Args:
      output_dir: the publishable folder.
      failures: of this process's inputs, stand-ins of earlier runs included.
      suffix: tells apart the processes that share the folder.
      guarantee: of the releases.

    Returns:
      The path of `comparison.html`.
    """
    table = self.path / f"failures{suffix}.csv"
    files.write_text(table, failures_csv(failures), private=True)
    comparison = self.path / "comparison.html"
    text = comparison_page(self.path, output_dir, guarantee)
    files.write_text(comparison, text, private=True)
    return comparison
