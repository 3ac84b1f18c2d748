"""Photos to latent codes, without a release: the code, its picture beside the original, figures.

  python -m privai_tf.invert --input=photos --checkpoint=avatars --output_dir=codes

Everything in the folder is private: a code is the photo in another form. Its codes serve `edit`,
`generate`, `score` and `run_privatize.py --input_latents`. Stopped, it goes on where it was when
called again.
"""

import pathlib
import sys

from absl import flags

from privai_tf.faces import flags as face_flags
from privai_tf.inversion import flags as inversion_flags
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

flags.adopt_module_key_flags(face_flags)
inversion_flags.define()

_INPUT = shared_flag(
  "input",
  "A picture, a folder or a glob of pictures, TFRecords likewise, or @FILE with a path a line.",
)
_CHECKPOINT = shared_flag("checkpoint")
_OUTPUT_DIR = shared_flag("output_dir", "A folder for the owner's eyes only.")

flags.mark_flags_as_required(["input", "output_dir"])
command_help.first("input", "output_dir", "checkpoint", "latent_space", "steps")


def main(_: list[str]) -> int:
  spec, faces = inversion_flags.spec_from_flags(), face_flags.spec_from_flags()

  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()

  from privai_tf.generators import load_generator
  from privai_tf.inversion.initialization import missing_likeness
  from privai_tf.runtime.progress import progress_bar
  from privai_tf.toolkit.inverting import InvertJob, invert_photos

  job = InvertJob(_INPUT.value, pathlib.Path(_OUTPUT_DIR.value), faces, spec)
  generator = load_generator(_CHECKPOINT.value)
  if (missing := missing_likeness(spec, generator)) is not None:
    print(missing, file=sys.stderr)
  with progress_bar("Inverting", unit="photo") as progress:
    summary = invert_photos(job, generator, progress, progress.line)
  kept = f", {summary.kept} kept from an earlier run" if summary.kept else ""
  failed = f", {len(summary.failures)} failed" if summary.failures else ""
  print(f"{summary.inverted} faces inverted{kept}{failed}.\nFor your eyes:   {summary.page}")
  if summary.failures:
    print(f"Named in {_OUTPUT_DIR.value}/failures.csv.", file=sys.stderr)
  return 1 if summary.failures else 0


if __name__ == "__main__":
  command.run(main)
