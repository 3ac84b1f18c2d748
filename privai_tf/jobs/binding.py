"""What a job was begun with, and cannot be gone on without: its ledger, its subject, its folders.

Recorded once for all processes of a job. Flags decide nothing that the record contradicts: what was
drawn for one ledger is never published without it, or charged to another.
"""

import dataclasses
import json
import os
import pathlib
import secrets

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.jobs.parts import Publication
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.ledger.database_url import Location
from privai_tf.runtime import files, outside, stores
from privai_tf.runtime.files import shown
from privai_tf.runtime.manifest_files import read_known
from privai_tf.runtime.stores import StorePath, is_url

BINDING = "binding.json"


@dataclasses.dataclass(frozen=True)
class Binding:
  """What stays the same as long as the output folder does.

  Attributes:
    output_dir, private_dir: absolute; the second None where the owner gets nothing.
    ledger: identity of the one that pays, which its secret subject key decides; None: nobody pays.
    ledger_path: where it was; of a URL without its password.
    subject_id: whose budget pays; None: a keyed hash of each input.
  """

  output_dir: str
  private_dir: str | None
  ledger: str | None
  ledger_path: str | None
  subject_id: str | None

  @classmethod
  def of(cls, publication: Publication, ledger: Ledger | None, subject_id: str | None) -> "Binding":
    """The binding that a job asks for.

    Args:
      publication: where its results go.
      ledger: the one that pays, or None.
      subject_id: whose budget pays, if the job says so.
    """
    return cls(
      output_dir=_text(publication.output_dir),
      private_dir=_text(publication.private_dir) if publication.private_dir else None,
      ledger=ledger.identity if ledger else None,
      ledger_path=_place(ledger.path) if ledger else None,
      subject_id=subject_id,
    )

  def differences(self, now: "Binding") -> list[str]:
    """What contradicts this record, each with both values."""
    found = []
    # One that is gone was moved here, with what is remembered about it.
    there = is_url(self.output_dir) or os.path.isdir(self.output_dir)
    if self.output_dir != now.output_dir and there:
      found.append(_both("--output_dir", self.output_dir, now.output_dir))
    if self.ledger != now.ledger:
      found.append(_both("--ledger", self._ledger, now._ledger))
    for flag in ("subject_id", "private_dir"):
      if getattr(self, flag) != getattr(now, flag):
        found.append(_both(f"--{flag}", getattr(self, flag), getattr(now, flag)))
    return found

  @property
  def _ledger(self) -> str | None:
    return f"{self.ledger_path} ({self.ledger[:8]})" if self.ledger else None


def _text(path: pathlib.Path | StorePath) -> str:
  if isinstance(path, StorePath):
    return path.url
  return shown(os.path.realpath(path))


def _place(ledger: Location) -> str:
  """Without the password of a database's URL."""
  return _text(ledger) if isinstance(ledger, pathlib.Path) else str(ledger)


def _both(flag: str, before: str | None, now: str | None) -> str:
  before, now = (f"{flag}={value}" if value else f"no {flag}" for value in (before, now))
  return f"it was begun with {before}, and is now given {now}"


def require_binding(folder: pathlib.Path | StorePath, binding: Binding) -> None:
  """Records what a job is begun with; refuses one that is not gone on with.

  Args:
    folder: of the manifests.
    binding: what the job asks for.

  Raises:
    ConfigurationError: names both values; also if the record is damaged.
    OutputError: if it cannot be written.
  """
  path = folder / BINDING
  text = json.dumps(dataclasses.asdict(binding), indent=2) + "\n"
  if not _create(path, text):
    recorded = _read(path)
    if recorded == binding:
      return
    differences = recorded.differences(binding)
    if differences and _holds_anything(folder):
      raise ConfigurationError(
        f"{shown(binding.output_dir)}: {'; '.join(differences)}; go on as it was begun, or choose "
        "another --output_dir"
      )
    files.write_text(path, text, private=True)


def _create(path: pathlib.Path | StorePath, text: str) -> bool:
  """Writes the record unless there is one; of several processes at the same time, one does."""
  if isinstance(path, StorePath):
    return stores.create(path, text.encode())
  whole = path.with_name(f".tmp-{secrets.token_hex(8)}")  # Removed by the next run, if need be.
  files.write_text(whole, text, private=True)
  try:
    os.link(whole, path)
  except FileExistsError:
    return False
  except OSError:  # There are file systems without hard links.
    if path.exists():
      return False
    files.write_text(path, text, private=True)
  finally:
    files.remove(whole)
  return True


def _read(path: pathlib.Path | StorePath) -> Binding:
  try:
    return Binding(**outside.read_json(path))
  except (InputError, TypeError) as error:
    raise ConfigurationError(
      f"{shown(path)}: damaged ({error}); restore it, or choose another --output_dir"
    ) from error


def _holds_anything(folder: pathlib.Path | StorePath) -> bool:
  """Whether anything was drawn, or is being drawn by another process."""
  below = [folder, *folder.glob("fleet-*")]
  for path in (path for one in below for path in one.glob("manifest*.db")):
    known = read_known(path)
    if known is None or known.names:
      return True
  return False
