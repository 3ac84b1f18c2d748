"""Where the checkpoint of a path or a name is. Needs neither Keras nor TensorFlow."""

import os
from pathlib import Path

from privai_tf.errors import CheckpointError
from privai_tf.generators.checkpoint import is_checkpoint
from privai_tf.runtime import search_path
from privai_tf.runtime.fetched import fetched
from privai_tf.runtime.files import shown
from privai_tf.runtime.stores import is_url
from privai_tf.runtime.weight_folders import CONFIG_FILE

KIND = "checkpoints"
NETWORKS = ("Gs", "G", "D")  # A file with several networks is converted to a folder for each.


def available_checkpoints() -> list[str]:
  """The names that `load_generator` knows, wherever they lie; see `search_path`."""
  described = search_path.names(KIND, f"*/{CONFIG_FILE}")
  return [str(path.parent) for path in described if _place(str(path.parent)) is not None]


def checkpoint_place(path_or_name: str | os.PathLike, networks: tuple[str, ...] = NETWORKS) -> Path:
  """The network file or the folder that is meant.

  Args:
    path_or_name: a network file of others, a converted folder (or its `config.json`), the URL of
      either, or a name.
    networks: subfolders of a folder in which one may be.

  Returns:
    An existing file, or an existing folder with a checkpoint.

  Raises:
    CheckpointError: if there is none; it says where was looked.
  """
  if is_url(path_or_name):
    path_or_name = fetched(path_or_name.rstrip("/"))
  path = Path(path_or_name)
  if path.is_file():
    return path.parent if path.name == CONFIG_FILE else path
  for folder in (path / network for network in (*networks, ".")):
    if is_checkpoint(folder):
      return folder
  is_name = path.name == str(path_or_name)
  if is_name and (named := _place(path.name, networks)) is not None:
    return named
  problem = f"holds no {CONFIG_FILE}" if path.is_dir() else "does not exist"
  looked = f"looked in {search_path.where_looked(KIND)}; " if is_name else ""
  raise CheckpointError(
    f"Checkpoint {shown(path_or_name)} {problem}; {looked}give a network file, a folder made by "
    f"`python -m privai_tf.converters`, or a name ({', '.join(available_checkpoints()) or 'none is there'})."
  )


def _place(name: str, networks: tuple[str, ...] = ()) -> Path | None:
  for network in (*networks, "."):
    if (folder := search_path.found(KIND, f"{name}/{network}", is_checkpoint)) is not None:
      return folder
  return None
