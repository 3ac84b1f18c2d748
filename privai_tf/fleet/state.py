"""What a fleet's job remembers between two runs: its identity and how it is cut into parts."""

import dataclasses
import json
import math
import pathlib
import secrets
import shutil

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.parts import Publication, Shard
from privai_tf.jobs.publication import holds_releases
from privai_tf.jobs.state_folder import state_folder
from privai_tf.runtime import files, store_files
from privai_tf.runtime.stores import StorePath

_MOST_PARTS = 1000
_BATCHES_A_PART = 16  # A part is what a lost worker does again: long enough to be worth its start.


@dataclasses.dataclass(frozen=True)
class FleetState:
  """Identity of a job on a fleet; small and picklable.

  Attributes:
    identity: random; names what is paid for, so that no payment serves two draws.
    parts: in how many parts the inputs are cut.
    folder: private; the parts' manifests and results.
  """

  identity: str
  parts: int
  folder: pathlib.Path | StorePath

  def shard(self, part: int) -> Shard:
    """The inputs of a part."""
    return Shard(part, self.parts)

  def release_id(self, key: str) -> str:
    """Under which the ledger knows the payment for an input."""
    return f"{self.identity}/{key}"

  def result(self, part: int) -> pathlib.Path | StorePath:
    """The file of a part's result."""
    return self.folder / f"result{self.shard(part).suffix or '-00000-of-00001'}.json"


def open_state(publication: Publication, count: int, batch_size: int) -> FleetState:
  """The state of a job; a new one where the output folder holds no run yet.

  Call it before the output folder is opened. What an earlier job had drawn for a folder that is
  gone is forgotten: paid for, never seen.

  Args:
    publication: where the job's results go.
    count: how many inputs it has, 0 or more.
    batch_size: faces that go through the stages together, at least 1.

  Raises:
    ConfigurationError: if the state's file is damaged.
    OutputError: if it cannot be written.
  """
  folder = state_folder(publication)
  path = folder / "fleet.json"
  if path.exists() and not _is_empty(publication.output_dir):
    try:
      content = json.loads(path.read_text(encoding="utf-8"))
      return _state(folder, str(content["id"]), int(content["parts"]))
    except (ValueError, KeyError, TypeError) as error:
      raise ConfigurationError(
        f"{files.shown(path)} is damaged; restore it, or choose another --output_dir"
      ) from error
  for old in folder.glob("fleet-*"):
    if isinstance(old, StorePath):
      store_files.remove_below(old)
    else:
      shutil.rmtree(old, ignore_errors=True)
  identity = secrets.token_hex(16)
  parts = min(_MOST_PARTS, max(1, math.ceil(count / (_BATCHES_A_PART * batch_size))))
  files.write_json(path, {"id": identity, "parts": parts}, private=True)
  return _state(folder, identity, parts)


def _is_empty(output_dir: pathlib.Path | StorePath) -> bool:
  """Whether no run was begun in the output folder, or somebody removed all of it."""
  if not output_dir.is_dir():
    return True
  return not (output_dir / "run.json").exists() and not holds_releases(output_dir)


def _state(folder: pathlib.Path | StorePath, identity: str, parts: int) -> FleetState:
  return FleetState(identity, parts, files.make_private_folder(folder / f"fleet-{identity}"))
