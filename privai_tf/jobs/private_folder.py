"""The owner's folder: what was computed from the photos themselves, for nobody else's eyes."""

import dataclasses
import io
import pathlib
from collections.abc import Iterable, Sequence

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.evaluation.comparison import comparison_page
from privai_tf.inversion.code_record import ANY_CODES, RECORD
from privai_tf.jobs.charges import ChargeBook
from privai_tf.jobs.failures import Failure, failures_csv
from privai_tf.privacy.ledger import Charge
from privai_tf.runtime import files
from privai_tf.runtime.pictures import png


@dataclasses.dataclass(frozen=True)
class PrivateRecord:
  """What the owner may want to know about one face. All of it is private.

  Attributes:
    figures: JSON values.
    latents: the code before privatization, None for a stand-in.
    original, inversion: uint8 [R, R, 3], None for an input that is a code.
    release: uint8 [R, R, 3], the privatized face, where it is published in its frame only.
    attributes: before and after, from `attribute_changes`; {} where nobody asks.
  """

  name: str
  figures: dict
  latents: np.ndarray | None = None
  original: np.ndarray | None = None
  inversion: np.ndarray | None = None
  release: np.ndarray | None = None
  attributes: dict = dataclasses.field(default_factory=dict)


class PrivateFolder:
  """The owner's folder: originals, inversions, quality figures, charges, latents on request.

  Args:
    path: the folder; made if need be.
    save_latents: whether codes are kept.
    suffix: tells apart the processes that share the folder.
  """

  def __init__(self, path: pathlib.Path, save_latents: bool, suffix: str = ""):
    self.path = files.make_private_folder(path)
    self._save_latents = save_latents
    self._suffix = suffix
    self._book: ChargeBook | None = None

  def write(self, record: PrivateRecord, output: str | None = None) -> None:
    """Keeps what was computed from one face, before it is paid for: nothing of the release.

    Args:
      record: the record.
      output: name of the output that the face is in; None: the record's own.
    """
    for kind in ("original", "inversion"):
      pixels = getattr(record, kind)
      if pixels is not None:
        files.write_bytes(self.path / f"{record.name}.{kind}.png", png(pixels), private=True)
    if self._save_latents and record.latents is not None:
      buffer = io.BytesIO()
      # [1, d] or [1, L, d], as every command reads codes.
      np.save(buffer, record.latents[np.newaxis], allow_pickle=False)
      files.write_bytes(self.path / f"{record.name}.latent.npy", buffer.getvalue(), private=True)
    figures = {
      **record.figures,
      "output": output or record.name,
      "pasted": record.release is not None,
    }
    files.write_json(self.path / f"{record.name}.quality.json", figures, private=True)

  def write_release(self, record: PrivateRecord) -> None:
    """Keeps what tells of the release, once that is paid for: a refused draw was never seen."""
    if record.release is not None:
      data = png(record.release)
      files.write_bytes(self.path / f"{record.name}.release.png", data, private=True)
    if record.attributes:
      path = self.path / f"{record.name}.release.json"
      files.write_json(path, {"attributes": record.attributes}, private=True)

  def write_published(self, name: str, picture: bytes) -> None:
    """Keeps an output that goes into a file of many, once it is paid for, as PNG."""
    files.write_bytes(self.path / f"{name}.published.png", picture, private=True)

  def write_charges(self, charges: Iterable[tuple[str, Charge]]) -> None:
    """Notes in `charges.csv` what paid for which output; see `ChargeBook.write`."""
    if self._book is None:  # Late: of a fleet's workers, one alone pays.
      self._book = ChargeBook(self.path / f"charges{self._suffix}.csv")
    self._book.write(charges)

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
    guarantee: Guarantee | None = None,
    configuration: dict | None = None,
    notes: Sequence[str] = (),
  ) -> pathlib.Path:
    """Writes the comparison, and `failures.csv`.

    Args:
      output_dir: the publishable folder.
      failures: of this process's inputs, stand-ins of earlier runs included.
      guarantee: of the releases.
      configuration: the job's, from `Stages.configuration`.
      notes: of the run's `Advice`.

    Returns:
      The path of `comparison.html`.
    """
    table = self.path / f"failures{self._suffix}.csv"
    files.write_text(table, failures_csv(failures), private=True)
    comparison = self.path / "comparison.html"
    pieces = comparison_page(self.path, output_dir, guarantee, configuration, notes)
    with files.atomic_file(comparison, "w", private=True) as file:
      file.writelines(pieces)
    return comparison
