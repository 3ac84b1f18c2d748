r"""Hides an attribute of faces on a fleet of workers, by Apache Beam.

  python -m privai_tf.beam_privatize --input='/data/*.jpg' --attribute=smile --epsilon=1 \
    --output_dir=/data/out --runner=DirectRunner --num_workers=4

The flags are those of run_privatize.py. Options of Beam's own follow after `--`, see
docs/scaling.md.
"""

import logging

from absl import flags

from privai_tf.fleet.runners import require_runner
from privai_tf.jobs import flags as job_flags
from privai_tf.runtime import command
from privai_tf.runtime.extras import require_packages
from privai_tf.runtime.startup import start_tensorflow

_RUNNER = flags.DEFINE_string(
  "runner",
  "DirectRunner",
  "A runner of Beam: DirectRunner, DaskRunner, FlinkRunner, DataflowRunner; see docs/scaling.md.",
)
_NUM_WORKERS = flags.DEFINE_integer(
  "num_workers", 2, "Worker processes of the DirectRunner.", lower_bound=1
)

flags.adopt_module_key_flags(job_flags)


def _options(rest: list[str]) -> list[str]:
  # Beam's workers tell much that is of no use to people; their own option, given later, wins.
  options = [f"--runner={_RUNNER.value}", "--default_sdk_harness_log_level=WARNING", *rest]
  if _RUNNER.value == "DirectRunner":
    options += [f"--direct_num_workers={_NUM_WORKERS.value}"]
    # Processes, since one interpreter's lock would keep threads from preparing pictures.
    options += ["--direct_running_mode=multi_processing"] if _NUM_WORKERS.value > 1 else []
  return options


def main(rest: list[str]) -> int:
  job = job_flags.job_from_flags()
  require_packages("A fleet", "beam", "apache_beam")
  options = require_runner(_options(rest))

  from privai_tf.jobs.given_names import check_names

  check_names(job)
  start_tensorflow()
  logging.getLogger("apache_beam").setLevel(logging.ERROR)
  logging.disable(logging.WARNING)  # Of what Beam misses of Google's cloud, by the root's logger.
  from privai_tf.fleet import beam

  logging.disable(logging.NOTSET)
  from privai_tf.runtime.progress import progress_bar
  from privai_tf.runtime.words import wrapped

  with progress_bar("Privatizing", unit="part") as progress:
    summary = beam.run(job, options, progress, progress.line)
  print(wrapped(summary.text))
  return 1 if summary.failures else 0


if __name__ == "__main__":
  command.run(main, arguments=None)
