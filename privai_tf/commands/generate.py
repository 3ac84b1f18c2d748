"""Samples a generator: pictures, their codes in every space, and a contact sheet.

  python -m privai_tf.generate --checkpoint=avatars --num=64 --seed=0 --output_dir=samples

Stopped, it goes on where it was when called again.
"""

import pathlib

from absl import flags

from privai_tf.runtime import command, command_help
from privai_tf.runtime.startup import start_tensorflow

_CHECKPOINT = flags.DEFINE_string(
  "checkpoint", "avatars", "A name in checkpoints/, a converted folder or an official .pkl file."
)
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for pictures and codes.")
_LATENT_SPACE = flags.DEFINE_enum(
  "latent_space",
  "Z",
  ["Z", "W", "W+"],
  "The space of a sample's code: that of --input_latents; --style_mixing needs W+.",
)
_LATENT_CODES = flags.DEFINE_string(
  "input_latents", None, "A .npy of codes in --latent_space to draw instead of sampling."
)
_NUM = flags.DEFINE_integer(
  "num", 16, "How many samples; all of --input_latents, if given.", lower_bound=1
)
_SEED = flags.DEFINE_integer(
  "seed", 0, "Of all that is random; z is numpy.random.RandomState(seed).randn.", lower_bound=0
)
_TRUNCATION_PSI = flags.DEFINE_float(
  "truncation_psi", None, "Distance kept from the mean of W, 1: all; default: the checkpoint's."
)
_TRUNCATION_CUTOFF = flags.DEFINE_integer(
  "truncation_cutoff", None, "First layer that is not truncated; default: the checkpoint's."
)
_LABELS = flags.DEFINE_string(
  "labels", None, "A class for all samples, or a .npy [n, label_size]; only for such checkpoints."
)
_STYLE_MIXING = flags.DEFINE_float(
  "style_mixing",
  0.0,
  "Probability that a sample's layers, from a random one on, are a second sample's.",
)
_NOISE = flags.DEFINE_enum("noise", "fixed", ["fixed", "random", "none"], "The noise inputs.")
_BATCH_SIZE = flags.DEFINE_integer(
  "batch_size", None, "Pictures at a time; default: by the resolution.", lower_bound=1
)

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
