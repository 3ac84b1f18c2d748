"""Where a job remembers what it did: the place follows from the output folder alone.

Whoever asked for another place gets a symbolic link there, and so does every later run, with or
without the flag. Two processes on one output folder cannot but meet.
"""

import contextlib
import json
import os
import pathlib

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.parts import Publication
from privai_tf.runtime import store_files, stores
from privai_tf.runtime.files import make_private_folder, output_error, shown
from privai_tf.runtime.stores import StorePath

_POINTER = "leads_to.json"  # In a store, what a symbolic link is on a disk.


def state_folder(publication: Publication) -> pathlib.Path | StorePath:
  """The private folder of the manifests; made if need be.

  Args:
    publication: where the job's results go, and what it remembers is wanted.

  Raises:
    ConfigurationError: if the job's is elsewhere than `state_dir`, or lost.
    OutputError: if it cannot be made.
  """
  place, wanted = publication.manifest_dir, publication.state_dir
  if isinstance(place, StorePath):
    return _in_store(publication, place, wanted or place)
  if wanted is not None and wanted.resolve() != place and not os.path.lexists(place):
    make_private_folder(wanted)
    _link(place, wanted)
  if place.is_symlink() and not place.exists():
    raise ConfigurationError(
      f"{shown(place)}: leads to {shown(os.readlink(place))}, which is not there; put it back, for it "
      "knows what was released, or choose another --output_dir"
    )
  if wanted is not None and wanted.resolve() != place.resolve():
    raise ConfigurationError(
      f"--state_dir={shown(wanted)}: what --output_dir={shown(publication.output_dir)} was made of is "
      f"remembered in {shown(place.resolve())}; name that, or leave the flag out"
    )
  return make_private_folder(place)


def _in_store(publication: Publication, place: StorePath, wanted: StorePath) -> StorePath:
  store_files.require_conditions(place)
  pointer = place / _POINTER
  if not stores.create(pointer, json.dumps({"state_dir": wanted.url}).encode()):
    try:
      recorded = stores.place(json.loads(pointer.read_text())["state_dir"])
    except (ValueError, KeyError, TypeError) as error:
      raise ConfigurationError(
        f"{pointer}: damaged ({error}); restore it, or choose another --output_dir"
      ) from error
    if publication.state_dir is not None:
      raise ConfigurationError(
        f"--state_dir={wanted}: what --output_dir={publication.output_dir} was made of is remembered in {recorded}; "
        "name that, or leave the flag out"
      )
    wanted = recorded
  if wanted != place:
    store_files.require_conditions(wanted)
  return wanted


def _link(place: pathlib.Path, target: pathlib.Path) -> None:
  try:
    place.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(
      FileExistsError
    ):  # Another process was faster; compared by the caller.
      place.symlink_to(target.resolve(), target_is_directory=True)
  except OSError as error:
    raise output_error(place, error) from error
