"""Makes the public codes of a release path ahead of the first job that needs them.

    python -m privai_tf.public_codes --checkpoint=avatars --latent_space=W --steps=50 --num=1024

Codes of generated pictures, inverted as a job inverts photos: the split of a release is fitted on
them. Kept in the user's cache, or in --output_dir (CHECKPOINT/public_codes is found by every job).
An interrupted run goes on.
"""

from privai_tf.inversion import flags as inversion_flags
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

_CHECKPOINT = shared_flag("checkpoint")
_NUM = shared_flag("num", "How many; default: 4096 of an encoder, 1024 of a search.")
_OUTPUT_DIR = shared_flag("output_dir", "The folder; default: the user's cache.")

# As the jobs will search: all but what they have no flag for.
inversion_flags.define(without=("batch_size", "noise_maps"))
command_help.first("checkpoint", "latent_space", "steps", "output_dir")


def main(_: list[str]) -> None:
  spec = inversion_flags.spec_from_flags()  # Bad settings are told before TensorFlow is loaded.
  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()

  from privai_tf.generators import load_generator
  from privai_tf.inversion.public_codes import public_codes
  from privai_tf.runtime.progress import progress_bar

  generator = load_generator(_CHECKPOINT.value)
  with progress_bar("Public codes", unit="code") as progress:
    made = public_codes(
      generator, spec, count=_NUM.value, folder=_OUTPUT_DIR.value, progress=progress
    )
  print(
    f"{len(made.codes)} codes ({made.release_path}); pictures need {made.directions} of their "
    "directions."
  )


if __name__ == "__main__":
  command.run(main)
