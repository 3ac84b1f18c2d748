"""Hides an attribute of faces, with a stated differential-privacy guarantee.

  privai privatize --input=photo.png --attribute=smile --epsilon=1 --output_dir=out

Without --input, avatar portraits are rendered afresh and privatized: the demo.
"""

import sys

from absl import flags

from privai_tf.jobs import flags as job_flags
from privai_tf.runtime import command
from privai_tf.runtime.startup import start_tensorflow

flags.adopt_module_key_flags(job_flags)


def main(_: list[str]) -> int:
  job = job_flags.job_from_flags()  # Bad settings are told at once, before TensorFlow is loaded.

  from privai_tf.jobs.given_names import check_names

  check_names(job)
  start_tensorflow()

  from privai_tf import pipeline
  from privai_tf.runtime.progress import progress_bar
  from privai_tf.runtime.words import wrapped

  with progress_bar("Privatizing", unit="face") as progress:
    summary = pipeline.run(job, progress, progress.line)
  print(wrapped(summary.text))
  if summary.gave_up:
    print("Gave up (--max_errors); the same command goes on.", file=sys.stderr)
  return 1 if summary.failures else 0


if __name__ == "__main__":
  command.run(main)
