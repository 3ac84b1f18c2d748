"""Weights by name: into networks, out of them, and their fingerprint."""

from collections.abc import Mapping, Sequence

import numpy as np

from privai_tf.errors import CheckpointError
from privai_tf.generators.fingerprints import fingerprint
from privai_tf.generators.layers import Network
from privai_tf.generators.scale import warn_of_scale

__all__ = ["assign_weights", "fingerprint", "named_variables", "read_weights"]

_SHOWN_PROBLEMS = 8


def named_variables(networks: Sequence[Network]) -> dict:
  """Every variable of several networks by its full name."""
  return {
    name: variable for network in networks for name, variable in network.named_variables().items()
  }


def assign_weights(
  networks: Sequence[Network], weights: Mapping[str, np.ndarray], source: str = "The checkpoint"
) -> None:
  """Sets every variable, or none if the names or shapes do not agree.

  Args:
    networks: the networks.
    weights: arrays by full name.
    source: what the weights come from, for messages.

  Raises:
    CheckpointError: naming the variables that are missing, surplus, misshapen or not finite.
  """
  variables = named_variables(networks)
  problems = [f"missing {name}" for name in variables if name not in weights]
  problems += [f"surplus {name}" for name in weights if name not in variables]
  for name, variable in variables.items():
    if name in weights and tuple(weights[name].shape) != tuple(variable.shape):
      shapes = f"{tuple(weights[name].shape)}, not {tuple(variable.shape)}"
      problems.append(f"misshapen {name}: {shapes}")
  if problems:
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(problems[:_SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
    raise CheckpointError(
      f"{source} does not fit its configuration: {shown}. Convert or download it again."
    )
  broken = [name for name in variables if not np.isfinite(weights[name]).all()]
  if broken:
    raise CheckpointError(
      f"{source} holds NaN or infinity in {broken[0]} ({len(broken)} of {len(variables)} weights do); "
      "convert or download it again."
    )
  usual = {name: scale for network in networks for name, scale in network.usual_scales().items()}
  warn_of_scale(weights, source, usual)
  for name, variable in variables.items():
    variable.assign(weights[name])


def read_weights(networks: Sequence[Network]) -> dict[str, np.ndarray]:
  """The reverse of `assign_weights`: float32 arrays by full name."""
  return {name: np.asarray(variable) for name, variable in named_variables(networks).items()}
