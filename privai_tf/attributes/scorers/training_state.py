"""The file of an unfinished training: all variables of network and optimizer, and the step."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown, write_bytes

_STEP = "step"


def write_state(path: Path, variables: Sequence[Any], step: int) -> None:
  """Writes the state, whole or not at all.

  Args:
    path: the file; its folder exists.
    variables: Keras variables, always in the same order.
    step: steps done.

  Raises:
    OutputError: if it cannot be written.
  """
  from safetensors.numpy import save

  arrays = {
    f"{number:05d}": np.ascontiguousarray(variable.value.numpy())
    for number, variable in enumerate(variables)
  }
  write_bytes(path, save({**arrays, _STEP: np.array([step])}))


def read_state(path: Path, variables: Sequence[Any]) -> int:
  """Sets the variables to a written state.

  Args:
    path: the file; absent: nothing is set.
    variables: as given to `write_state`.

  Returns:
    Steps done.

  Raises:
    CheckpointError: if the file is damaged or another network's.
  """
  if not path.is_file():
    return 0
  remedy = "delete it to begin anew"
  other = CheckpointError(f"{shown(path)} is damaged, or of another network; {remedy}.")
  arrays = outside.read_tensors(path, CheckpointError, remedy)
  with outside.damage_as(other):
    step = int(arrays.pop(_STEP)[0])
    if len(arrays) != len(variables):
      raise ValueError(f"{len(arrays)} arrays for {len(variables)} variables")
    for number, variable in enumerate(variables):
      variable.assign(arrays[f"{number:05d}"].reshape(variable.shape))
  return step
