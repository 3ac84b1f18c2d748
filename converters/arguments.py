"""The official networks' keyword arguments: which we use, which only training used, which we do not know."""

import dataclasses
import reprlib
from typing import Any

from privai_tf.errors import CheckpointError

# They say how a graph is built or a network trained, and do not change what it computes here.
WITHOUT_EFFECT = frozenset(
  {
    "components",
    "dlatent_avg_beta",
    "dlatent_broadcast",
    "force_clean_graph",
    "func",
    "func_name",
    "fused_modconv",
    "is_template_graph",
    "is_training",
    "is_validation",
    "mapping_func",
    "num_fp16_res",
    "randomize_noise",
    "structure",
    "style_mixing_prob",
    "synthesis_func",
    "truncation_cutoff_val",
    "truncation_psi_val",
    "use_fp16",
  }
)


@dataclasses.dataclass(frozen=True)
class Arguments:
  """A network's keyword arguments, sorted by what we make of them.

  Attributes:
    used: those that are fields of our configuration.
    without_effect: known, but of no effect on the outputs.
    unknown: kept and listed, without effect.
  """

  used: dict[str, Any]
  without_effect: dict[str, Any]
  unknown: dict[str, Any]


def sort_arguments(
  values: dict[str, Any], fields: set[str], fixed: dict[str, tuple[Any, ...]], path: str
) -> Arguments:
  """Sorts keyword arguments.

  Args:
    values: the arguments.
    fields: names that our configuration takes over.
    fixed: arguments of which we support only certain values.
    path: of the network, for messages.

  Raises:
    CheckpointError: for a value that would change the network to one that we do not have.
  """
  used, without_effect, unknown = {}, {}, {}
  for name, value in values.items():
    if name in fields:
      used[name] = tuple(value) if isinstance(value, list) else value
    elif name in fixed:
      if value not in fixed[name]:
        choices = " or ".join(repr(choice) for choice in fixed[name])
        raise CheckpointError(
          f"Network {path} was built with {name}={reprlib.repr(value)}; only {choices} is supported, so this "
          "network cannot be converted."
        )
      without_effect[name] = value
    else:
      (without_effect if name in WITHOUT_EFFECT else unknown)[name] = value
  return Arguments(used, without_effect, unknown)
