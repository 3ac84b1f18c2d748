"""Experiments: what attackers read from releases, and what releases cost, measured.

Each has a file of its own in this package, whose docstring says how long it takes and what to
expect, and which defines `EXPERIMENT`, a subclass of `experiment.Experiment`.
"""

import importlib
from typing import TYPE_CHECKING

from privai_tf.errors import ConfigurationError

if TYPE_CHECKING:
  from privai_tf.evaluation.experiments.experiment import Experiment

NAMES = ("budget", "residual", "composition", "identity", "reference", "audit")


def experiment_class(name: str) -> "type[Experiment]":
  """The experiment of a name; only its own module is imported.

  Raises:
    ConfigurationError: naming those that there are.
  """
  if name not in NAMES:
    raise ConfigurationError(f"No experiment '{name}': use one of {', '.join(NAMES)}.")
  return importlib.import_module(f"{__name__}.{name}").EXPERIMENT
