r"""Trains a classifier that scores your own attributes.

  python -m privai_tf.train_classifier --input=faces --labels=labels.csv --attribute=smile,beard \
      --backbone=MobileNetV2 --weights=imagenet --resolution=160 --output_dir=my_classifier
  python -m privai_tf.train_classifier --input=faces --labels=folders --output_dir=my_classifier

The pictures must be cut as those that will be scored (a generator's). Stopped, it goes on where it
was when called again.
"""

import pathlib

from absl import flags

from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

_IMAGES = shared_flag("input", "The folder of the labelled pictures.")
_LABELS = shared_flag(
  "labels",
  "A table (CelebA's list_attr, or CSV: file,attribute,... with 1 and 0, or 1 and -1), or 'folders': "
  "a subfolder for each attribute.",
)
_ATTRIBUTES = shared_flag("attribute", "Which of them; default: all.")
_BACKBONE = flags.DEFINE_string(
  "backbone", "small", "'small', or a network of keras.applications, such as MobileNetV2."
)
_WEIGHTS = flags.DEFINE_string(
  "weights", "none", "What a backbone starts from: none, imagenet (downloaded) or a file."
)
_RESOLUTION = flags.DEFINE_integer("resolution", 64, "Side of the network's input, in pixels.")
_EPOCHS = flags.DEFINE_integer("epochs", 8, "Passes over the training pictures.")
_BATCH_SIZE = shared_flag("batch_size", "Pictures a step.", default=64, lower_bound=None)
_LEARNING_RATE = shared_flag(
  "learning_rate", "At first; default: 2e-3 from random weights, 1e-4 from given ones."
)
_HELD_OUT = flags.DEFINE_float(
  "held_out", 0.2, "Share that does not train: half of it calibrates, half measures."
)
_AUGMENT = flags.DEFINE_bool("augment", True, "Vary light, colour and sharpness.")
_SEED = shared_flag("seed", "Of the split, the weights and the order.")
_OUTPUT_DIR = shared_flag("output_dir", "The classifier's folder.")

flags.DEFINE_alias("images", "input")
flags.DEFINE_alias("attributes", "attribute")
flags.mark_flags_as_required(["input", "labels", "output_dir"])
command_help.first("input", "labels", "attribute", "output_dir")


def _job():
  """The job that the flags ask for."""
  from privai_tf.toolkit.classifier_job import ClassifierJob

  return ClassifierJob(
    images=_IMAGES.value,
    labels=_LABELS.value,
    output_dir=pathlib.Path(_OUTPUT_DIR.value),
    attributes=None if _ATTRIBUTES.value is None else tuple(_ATTRIBUTES.value),
    options={
      "backbone": _BACKBONE.value,
      "weights": _WEIGHTS.value,
      "resolution": _RESOLUTION.value,
      "epochs": _EPOCHS.value,
      "batch_size": _BATCH_SIZE.value,
      "learning_rate": _LEARNING_RATE.value,
      "held_out": _HELD_OUT.value,
      "augment": _AUGMENT.value,
      "seed": _SEED.value,
    },
  )


def _share(value: float | None) -> str:
  return "-" if value is None else f"{value:.1%}"


def main(_: list[str]) -> None:
  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()
  from privai_tf.runtime.progress import progress_bar
  from privai_tf.toolkit.classifier_job import make_classifier

  job = _job()
  with (
    progress_bar("Reading pictures", unit="picture") as reading,
    progress_bar("Training") as training,
  ):
    summary = make_classifier(job, reading, training)
  classifier = summary.classifier
  if summary.labelled.missing:
    print(f"{summary.labelled.missing} labels have no picture and were left out.")
  counts = classifier.provenance["pictures"]
  print(
    f"{'Was there already: ' if summary.was_there else ''}{job.output_dir}, trained on "
    f"{counts['train']} pictures, calibrated on {counts['calibrate']}, measured on "
    f"{counts['measure']} others:"
  )
  print(
    f"{'attribute':<24} {'present':>8} {'accuracy':>9} {'balanced':>9} {'calibration error':>18}"
  )
  for name, figures in classifier.provenance["held_out_figures"].items():
    error = f"{figures['calibration_error']:.3f} (was {figures['calibration_error_before']:.3f})"
    print(
      f"{name:<24} {_share(figures['present']):>8} {_share(figures['accuracy']):>9} "
      f"{_share(figures['balanced_accuracy']):>9} {error:>18}"
    )
  print(f"Use it: python -m privai_tf.score --scorer={job.output_dir} --input=... --output=...")


if __name__ == "__main__":
  command.run(main)
