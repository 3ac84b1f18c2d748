r"""Measures what attackers read from releases and what releases cost: one experiment, with a report.

  python -m privai_tf.evaluate --experiment=budget --checkpoint=avatars --output_dir=budget --quick
  python -m privai_tf.evaluate --experiment=residual --attribute=smile,age --output_dir=residual

The folder gets rows.csv, plots (PNG and SVG) and report.html, one page that needs no other file.
Stopped, the same command goes on where it was. What each experiment does, how long it takes and what
to expect is in docs/evidence.md.
"""

import pathlib
import shlex
import sys

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

_EXPERIMENT = flags.DEFINE_string(
  "experiment", None, "budget, residual, composition, identity, reference or audit."
)
_CHECKPOINT = shared_flag("checkpoint")
_ATTRIBUTE = shared_flag("attribute", "Attributes; default: the experiment's choice.", default=[])
_SPACE = shared_flag("latent_space")
_EPSILON = shared_flag("epsilon", "Epsilons; default: the experiment's choice.", default=[])
_MECHANISM = shared_flag(
  "mechanism", "Mechanisms; default: the experiment's choice.", kind="list", default=[]
)
_DECODE = shared_flag(
  "decode", "Decodings, one a flag; default: all.", kind="multi_enum", default=[]
)
_GIVEN = flags.DEFINE_bool(
  "given_codes",
  False,
  "Release the generator's own codes: no encoder, and hardly a picture, needed.",
)
_FACES = flags.DEFINE_integer(
  "faces", None, "Test faces of a cell; default: the experiment's choice.", lower_bound=40
)
_OUTPUT_DIR = shared_flag("output_dir", "Folder of the report.")
_QUICK = flags.DEFINE_bool("quick", False, "Few of everything: three minutes on avatars.")
_SEED = shared_flag("seed", "Of splits, attackers and simulated noise.")
_WORKERS = flags.DEFINE_integer("workers", 1, "Processes.", lower_bound=1)

flags.DEFINE_alias("output", "output_dir")
flags.mark_flags_as_required(["experiment", "output_dir"])
command_help.first("experiment", "checkpoint", "output_dir", "quick")


def main(_: list[str]) -> None:
  from privai_tf.evaluation.experiments import experiment_class
  from privai_tf.evaluation.experiments.experiment import Settings

  settings = Settings(
    checkpoint=_CHECKPOINT.value,
    attributes=tuple(_ATTRIBUTE.value),
    latent_space=_SPACE.value,
    epsilons=tuple(map(_epsilon, _EPSILON.value)),
    mechanisms=_mechanisms(),
    decodings=tuple(_DECODE.value),
    given_codes=_GIVEN.value,
    faces=_FACES.value,
    seed=_SEED.value,
    quick=_QUICK.value,
  )
  experiment_class(_EXPERIMENT.value)  # Before TensorFlow: a wrong name is told at once.
  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()
  from privai_tf.evaluation.experiments.runner import run_experiment

  folder = pathlib.Path(_OUTPUT_DIR.value)
  words = " ".join(["python -m privai_tf.evaluate", *map(shlex.quote, sys.argv[1:])])
  run_experiment(_EXPERIMENT.value, settings, folder, workers=_WORKERS.value, command=words)
  print(folder / "report.html")


def _epsilon(text: str) -> float:
  try:
    value = float(text)
  except ValueError:
    value = 0.0
  if not 0 < value < float("inf"):
    raise ConfigurationError(f"--epsilon={text}: must be a positive number such as 1.0")
  return value


def _mechanisms() -> tuple[str, ...]:
  from privai_tf.privacy.mechanisms import mechanism_class

  for name in _MECHANISM.value:
    mechanism_class(name)
  return tuple(_MECHANISM.value)


if __name__ == "__main__":
  command.run(main)
