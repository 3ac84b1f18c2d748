"""Trains an attribute classifier on labelled pictures, calibrates and measures it on held-out ones."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.attributes.classifier import AttributeClassifier, build_network
from privai_tf.attributes.scorers.augmentation import varied
from privai_tf.attributes.scorers.backbones import SMALL, build_backbone, preprocess
from privai_tf.attributes.scorers.calibration import fit_calibration, measured
from privai_tf.attributes.scorers.training_state import read_state, write_state
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.runtime.progress import ProgressCallback

# Of the small network: half as many pixels and more channels a layer.
_CHANNELS = (16, 32, 48, 64, 96, 128, 160)
_SMALLEST_SIDE = 4
_SAVE_EVERY = 500


@dataclasses.dataclass(frozen=True)
class ClassifierSpec:
  """How a classifier is made.

  Attributes:
    attributes: names of the columns of labels.
    backbone: "small" or a name of keras.applications.
    weights: what a backbone starts from: "none" (random), "imagenet" or a file.
    resolution: side R of its input.
    epochs: passes over the training pictures.
    batch_size: pictures a step.
    learning_rate: of Adam at first, falling to 0 (cosine); None: 2e-3 from random weights, else 1e-4.
    held_out: share of the pictures that does not train: half of it calibrates, half measures.
    augment: whether light, colour and sharpness are varied.
    seed: of the split, the weights, the order and the variation.
  """

  attributes: tuple[str, ...]
  backbone: str = SMALL
  weights: str = "none"
  resolution: int = 64
  epochs: int = 8
  batch_size: int = 64
  learning_rate: float | None = None
  held_out: float = 0.2
  augment: bool = True
  seed: int = 0

  def __post_init__(self):
    if not self.attributes or len(set(self.attributes)) < len(self.attributes):
      raise ConfigurationError(
        f"The attributes are {list(self.attributes)}; name each of them once."
      )
    if self.backbone == SMALL and self.weights != "none":
      raise ConfigurationError(
        "--weights are for a backbone of keras.applications; the small network starts from random "
        "ones: leave --weights out."
      )
    low = _SMALLEST_SIDE if self.backbone == SMALL else 32
    if self.resolution < low:
      raise ConfigurationError(
        f"--resolution={self.resolution}: at least {low} for {self.backbone}."
      )
    if self.epochs < 1 or self.batch_size < 1:
      raise ConfigurationError(
        f"--epochs={self.epochs} and --batch_size={self.batch_size} must be at least 1."
      )
    if not 0 < self.held_out < 1:
      raise ConfigurationError(f"--held_out={self.held_out:g}; use a share above 0 and below 1.")
    rate = self.learning_rate
    if rate is not None and not (rate > 0 and math.isfinite(rate)):
      raise ConfigurationError(f"--learning_rate={rate:g}; use a number above 0.")

  @property
  def first_rate(self) -> float:
    """The learning rate of the first step."""
    if self.learning_rate is not None:
      return self.learning_rate
    return 2e-3 if self.weights == "none" else 1e-4


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
  """Rows of pictures by what they are for: "train", "calibrate", "measure"."""

  train: np.ndarray
  calibrate: np.ndarray
  measure: np.ndarray


def split_rows(present: np.ndarray, spec: ClassifierSpec) -> Split:
  """Splits pictures at random.

  Args:
    present: [N, attributes], 1 present, 0 absent, NaN unknown.
    spec: `held_out`, `seed` and the attributes' names.

  Raises:
    InputError: if a part lacks pictures with, or without, an attribute.
  """
  order = np.random.default_rng(spec.seed).permutation(len(present))
  held = round(len(order) * spec.held_out)
  split = Split(
    *(np.sort(rows) for rows in np.split(order, [len(order) - held, len(order) - held // 2]))
  )
  for part, rows in vars(split).items():
    for name, values in zip(spec.attributes, present[rows].T, strict=True):
      for value, word in ((1, "with"), (0, "without")):
        if not (values == value).any():
          raise InputError(
            f"None of the {len(rows)} pictures to {part} with is {word} '{name}'; give more labelled "
            "pictures of both kinds, or another --held_out."
          )
  return split


def train_classifier(
  pictures: np.ndarray,
  present: np.ndarray,
  spec: ClassifierSpec,
  *,
  state_path: Path | None = None,
  progress: ProgressCallback | None = None,
) -> AttributeClassifier:
  """Trains, calibrates and measures a classifier.

  Args:
    pictures: uint8 [N, R, R, 3]; may be mapped from a file.
    present: float [N, attributes], 1 present, 0 absent, NaN unknown (which does not train).
    spec: how.
    state_path: a file that holds the unfinished training; an existing one is continued, step by step
      as if it had not stopped.
    progress: called with (steps done, steps in all).

  Returns:
    The classifier; its provenance says on what it was trained and how good it is on pictures that
    neither its weights nor its calibration have seen.

  Raises:
    InputError: if a part of the pictures lacks an attribute, or labels do not fit pictures.
    ConfigurationError: if the network cannot be made.
  """
  present = np.asarray(present, np.float32)
  if present.shape != (len(pictures), len(spec.attributes)):
    raise InputError(
      f"{len(pictures)} pictures and labels of shape {list(present.shape)} for "
      f"{len(spec.attributes)} attributes do not fit together."
    )
  split = split_rows(present, spec)
  network = _build(spec)
  _train(network, pictures, present, split.train, spec, state_path, progress)
  classifier = AttributeClassifier(network, spec.attributes, {}, backbone=spec.backbone)
  logits = {
    part: _logits(classifier, pictures, getattr(split, part)) for part in ("calibrate", "measure")
  }
  calibration = fit_calibration(logits["calibrate"], present[split.calibrate])
  figures = measured(logits["measure"], present[split.measure], calibration)
  provenance = {
    "made_by": "python -m privai_tf.train_classifier",
    **{key: value for key, value in dataclasses.asdict(spec).items() if key != "attributes"},
    "learning_rate": spec.first_rate,
    "pictures": {part: len(rows) for part, rows in vars(split).items()},
    "held_out_figures": dict(zip(spec.attributes, figures, strict=True)),
  }
  return AttributeClassifier(
    network, spec.attributes, provenance, backbone=spec.backbone, calibration=calibration
  )


def _build(spec: ClassifierSpec):
  import keras

  keras.utils.set_random_seed(spec.seed)
  outputs = len(spec.attributes)
  if spec.backbone != SMALL:
    return build_backbone(spec.backbone, spec.resolution, outputs, spec.weights)
  # Down to about 4 x 4, where the dense layer begins.
  layers = max(1, round(math.log2(spec.resolution / _SMALLEST_SIDE)))
  return build_network(spec.resolution, _CHANNELS[:layers], outputs)


def _logits(classifier: AttributeClassifier, pictures: np.ndarray, rows: np.ndarray) -> np.ndarray:
  parts = [
    classifier.logits(pictures[rows[start : start + 256]] / np.float32(127.5) - 1.0)
    for start in range(0, len(rows), 256)
  ]
  return np.concatenate(parts)


def _train(
  network: Any,
  pictures: np.ndarray,
  present: np.ndarray,
  rows: np.ndarray,
  spec: ClassifierSpec,
  state_path: Path | None,
  progress: ProgressCallback | None,
) -> None:
  import keras
  import tensorflow as tf

  size = min(spec.batch_size, len(rows))
  in_epoch = len(rows) // size
  total = in_epoch * spec.epochs
  schedule = keras.optimizers.schedules.CosineDecay(spec.first_rate, total)
  optimizer = keras.optimizers.Adam(schedule)
  optimizer.build(network.trainable_variables)

  @tf.function
  def step(pixels, goals, seed):
    images = tf.cast(pixels, tf.float32) / 127.5 - 1.0
    if spec.augment:
      images = varied(images, seed)
    known = tf.logical_not(tf.math.is_nan(goals))
    with tf.GradientTape() as tape:
      logits = network(preprocess(spec.backbone, images), training=True)
      losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.where(known, goals, 0.0), logits)
      loss = tf.reduce_sum(tf.where(known, losses, 0.0)) / tf.cast(tf.size(goals), tf.float32)
    variables = network.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return loss

  # Not `weights`: the state of dropout's random numbers is a variable too.
  variables = [*network.variables, *optimizer.variables]
  done = 0 if state_path is None else read_state(state_path, variables)
  for number in range(done, total):
    chosen = _batch(rows, number, in_epoch, size, spec.seed)
    seed = tf.constant([spec.seed % (1 << 31), number], tf.int32)
    loss = step(pictures[chosen], present[chosen], seed)
    if not math.isfinite(float(loss)):
      raise InputError(f"The training diverged at step {number}; lower --learning_rate.")
    if progress is not None:
      progress(number + 1, total)
    if state_path is not None and ((number + 1) % _SAVE_EVERY == 0 or (number + 1) % in_epoch == 0):
      write_state(state_path, variables, number + 1)


def _batch(rows: np.ndarray, number: int, in_epoch: int, size: int, seed: int) -> np.ndarray:
  """The rows of a step, which its number alone decides, ascending (they may be on a disk)."""
  epoch, place = divmod(number, in_epoch)
  order = np.random.default_rng([seed, epoch]).permutation(rows)
  return np.sort(order[place * size : (place + 1) * size])
