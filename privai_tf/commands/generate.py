"""Samples a generator: pictures, their codes in every space, and a contact sheet.

  python -m privai_tf.generate --checkpoint=avatars --num=64 --seed=0 --output_dir=samples

Stopped, it goes on where it was when called again.
"""

import pathlib

from absl import flags

from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag
from privai_tf.runtime.startup import start_tensorflow

_CHECKPOINT = shared_flag("checkpoint")
_OUTPUT_DIR = shared_flag("output_dir", "Folder for pictures and codes.")
_LATENT_SPACE = shared_flag(
  "latent_space",
  "The space of a sample's code: that of --input_latents; --style_mixing needs W+.",
  default="Z",
  values=("Z", "W", "W+"),
)
_LATENT_CODES = shared_flag(
  "input_latents", "A .npy of codes in --latent_space to draw instead of sampling."
)
_NUM = shared_flag("num", "How many samples; all of --input_latents, if given.", default=16)
_SEED = shared_flag("seed", "Of all that is random; z is numpy.random.RandomState(seed).randn.")
_TRUNCATION_PSI = shared_flag(
  "truncation_psi", "Distance kept from the mean of W, 1: all; default: the checkpoint's."
)
_TRUNCATION_CUTOFF = shared_flag("truncation_cutoff")
_LABELS = shared_flag(
  "labels", "A class for all samples, or a .npy [n, label_size]; only for such checkpoints."
)
_STYLE_MIXING = flags.DEFINE_float(
  "style_mixing",
  0.0,
  "Probability that a sample's layers, from a random one on, are a second sample's.",
)
_NOISE = shared_flag("noise")
_BATCH_SIZE = shared_flag("batch_size")
_PRECISION = shared_flag("precision")

flags.mark_flag_as_required("output_dir")

flags.DEFINE_alias("latent_codes", "input_latents")
command_help.first("checkpoint", "num", "output_dir", "latent_space", "input_latents")


def _job():
  """The job that the flags ask for."""
  from privai_tf.toolkit.drawing import Drawing
  from privai_tf.toolkit.samples import SampleJob

  return SampleJob(
    output_dir=pathlib.Path(_OUTPUT_DIR.value),
    latent_space=_LATENT_SPACE.value,
    num=_NUM.value,
    seed=_SEED.value,
    style_mixing=_STYLE_MIXING.value,
    labels=_LABELS.value,
    latent_codes=_LATENT_CODES.value,
    drawing=Drawing(
      truncation_psi=_TRUNCATION_PSI.value,
      truncation_cutoff=_TRUNCATION_CUTOFF.value,
      noise=_NOISE.value,
      noise_seed=_SEED.value,
      batch_size=_BATCH_SIZE.value,
      precision=_PRECISION.value,
    ),
  )


def main(_: list[str]) -> None:
  job = _job()  # Bad settings are told at once, before TensorFlow is loaded.
  start_tensorflow()

  from privai_tf.generators import load_generator
  from privai_tf.runtime.progress import progress_bar
  from privai_tf.toolkit.samples import generate_samples

  generator = load_generator(_CHECKPOINT.value)
  with progress_bar("Generating", unit="image") as progress:
    summary = generate_samples(job, generator, progress)
  kept = f", {summary.kept} of them from an earlier run" if summary.kept else ""
  print(f"{summary.num} pictures{kept}; codes in {', '.join(summary.codes)}.")
  print(f"Contact sheet: {summary.sheet}")


if __name__ == "__main__":
  command.run(main)
