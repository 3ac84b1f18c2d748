r"""Trains the encoder of a generator, which lets an inversion start near the answer.

  python -m privai_tf.train_encoder --checkpoint=avatars --minutes=40

It learns from the generator's own samples; no photo is needed. The encoder goes into the folder
"encoder" of the checkpoint, where inversions find it. Broken off, the same command goes on.
"""

import pathlib

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

_CHECKPOINT = shared_flag("checkpoint", default=None)
_OUTPUT_DIR = shared_flag(
  "output_dir", "Folder for the encoder; default: encoder/ in the checkpoint's folder."
)
_LATENT_SPACE = shared_flag(
  "latent_space",
  "The space it answers in; default: W where there is one (it also serves W+), else Z.",
)
_MINUTES = flags.DEFINE_float("minutes", None, "Time to train, instead of --steps.")
_STEPS = shared_flag("steps", "Steps to train, instead of --minutes.", lower_bound=None)
_BATCH_SIZE = shared_flag(
  "batch_size", "Samples a step; default: 32, above 128 x 128 fewer.", lower_bound=None
)
_LEARNING_RATE = shared_flag("learning_rate", "Peak rate of Adam.", default=2e-3)
_SEED = shared_flag("seed", "Of weights and samples.", lower_bound=None)
_AUGMENTATION = flags.DEFINE_enum(
  "augmentation",
  "light",
  ["light", "photo"],
  'How samples are changed before the encoder sees them; "photo" for encoders that will see photos '
  "(framing, blur, light, JPEG, grain).",
)

flags.mark_flag_as_required("checkpoint")
command_help.first("checkpoint", "minutes", "latent_space", "output_dir")


def _folder(generator) -> pathlib.Path:
  from privai_tf.inversion.encoder import FOLDER

  if _OUTPUT_DIR.value is not None:
    return pathlib.Path(_OUTPUT_DIR.value)
  if generator.folder is None:
    raise ConfigurationError(
      f"--checkpoint={_CHECKPOINT.value} is no folder to put an encoder into; convert it with "
      "python -m privai_tf.converters, or give --output_dir."
    )
  return generator.folder / FOLDER


def main(_: list[str]) -> None:
  from privai_tf.inversion.encoder_settings import EncoderTraining

  training = EncoderTraining(
    latent_space=_LATENT_SPACE.value,
    steps=_STEPS.value,
    minutes=_MINUTES.value,
    batch_size=_BATCH_SIZE.value,
    learning_rate=_LEARNING_RATE.value,
    seed=_SEED.value,
    augmentation=_AUGMENTATION.value,
  )
  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()
  from privai_tf.generators import load_generator
  from privai_tf.inversion.encoder_training import train_encoder
  from privai_tf.runtime.progress import progress_bar

  generator = load_generator(_CHECKPOINT.value)
  folder = _folder(generator)
  with progress_bar("Encoder", unit="step" if training.steps else "second") as report:
    encoder = train_encoder(generator, training, folder, report, report.line)
  figures = ", ".join(f"{k} {v:g}" for k, v in encoder.provenance["held_out"].items())
  print(f"{folder}: encoder to {encoder.latent_space}; held out: {figures}.")


if __name__ == "__main__":
  command.run(main)
