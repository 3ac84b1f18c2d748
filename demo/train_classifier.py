r"""Trains the attribute classifier of "avatars" on renders.

    python -m demo.train_classifier

The renders are blurred, tinted and made noisy a little, at random: the classifier must also read
what a generator draws, which is softer than a render.
"""

from pathlib import Path

import numpy as np
from absl import app, flags, logging

from privai_tf.demo.factors import ATTRIBUTES, labels, sample_factors

_OUTPUT = flags.DEFINE_string("output", "checkpoints/avatars_classifier", "Its folder.")
_POOL_FOLDER = flags.DEFINE_string("pool_folder", "training/pool", "Where renders are kept.")
_CHUNKS = flags.DEFINE_integer("chunks", 32, "Of 512 portraits each, to learn from.", lower_bound=1)
_EPOCHS = flags.DEFINE_integer("epochs", 10, "Passes over them.")
_SEED = flags.DEFINE_integer("seed", 1, "Of portraits, weights and their order.")

RESOLUTION = 64
CHANNELS = (16, 32, 48, 64)
_BATCH = 64
_LEARNING_RATE = 2e-3


def soften(images, seed):
  """Blurs, tints and roughens images [N, R, R, 3] in [-1, 1], each in its own measure.

  Args:
    images: float32.
    seed: two integers.
  """
  import tensorflow as tf

  count = tf.shape(images)[0]
  seeds = tf.unstack(tf.random.split(seed, 5))
  blurred = tf.nn.avg_pool2d(tf.nn.avg_pool2d(images, 2, 1, "SAME"), 2, 1, "SAME")
  amount = tf.random.stateless_uniform((count, 1, 1, 1), seeds[0])
  images = images + (blurred - images) * amount
  gain = tf.random.stateless_uniform((count, 1, 1, 3), seeds[1], 0.85, 1.15)
  shift = tf.random.stateless_uniform((count, 1, 1, 3), seeds[2], -0.1, 0.1)
  roughness = tf.random.stateless_uniform((count, 1, 1, 1), seeds[3], 0.0, 0.08)
  noise = tf.random.stateless_normal(tf.shape(images), seeds[4])
  return images * gain + shift + noise * roughness


def train_network(images: np.ndarray, present: np.ndarray, epochs: int, seed: int):
  """Trains a new network.

  Args:
    images: uint8 [N, 64, 64, 3].
    present: bool [N, 5].
    epochs: passes over the images.
    seed: of weights, order and changes.

  Returns:
    A Keras model, images -> logits.
  """
  import keras
  import tensorflow as tf

  from privai_tf.attributes.classifier import build_network

  keras.utils.set_random_seed(seed)
  network = build_network(images.shape[1], CHANNELS, present.shape[1])
  steps = max(1, len(images) // _BATCH) * epochs
  optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps))
  optimizer.build(network.trainable_variables)

  @tf.function
  def step(pixels, goals, step_seed):
    inputs = soften(tf.cast(pixels, tf.float32) / 127.5 - 1.0, step_seed)
    with tf.GradientTape() as tape:
      logits = network(inputs, training=True)
      loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(goals, logits))
    variables = network.trainable_variables
    gradients = tape.gradient(loss, [v.value for v in variables])
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return loss

  rng = np.random.default_rng(seed)
  for number in range(steps):
    chosen = np.sort(rng.choice(len(images), min(_BATCH, len(images)), replace=False))
    loss = step(images[chosen], present[chosen].astype(np.float32), tf.constant([seed, number]))
    if number % 200 == 0:
      logging.info("Step %d of %d: loss %.4f", number, steps, float(loss))
  return network


def accuracy(classifier, images: np.ndarray, present: np.ndarray) -> dict[str, float]:
  """Share of images that are read rightly, for each attribute."""
  right = (classifier.logits(images) > 0) == present
  return {name: float(v) for name, v in zip(classifier.attributes, right.mean(0), strict=True)}


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from privai_tf.attributes.classifier import AttributeClassifier
  from privai_tf.demo.embedding import factors_of_scores
  from privai_tf.demo.portrait import render
  from privai_tf.demo.portrait.pool import Pool

  logging.set_verbosity(logging.INFO)
  pool = Pool(Path(_POOL_FOLDER.value), _CHUNKS.value, _SEED.value, RESOLUTION)
  images, present = pool.images(np.arange(len(pool))), labels(factors_of_scores(pool.scores))
  network = train_network(images, present, _EPOCHS.value, _SEED.value)
  fresh = sample_factors(2000, _SEED.value + 5000)
  provenance = {
    "made_by": "python -m demo.train_classifier",
    "seed": _SEED.value,
    "renders": len(pool),
    "epochs": _EPOCHS.value,
    "licence": "Apache-2.0",
  }
  classifier = AttributeClassifier(network, ATTRIBUTES, provenance)
  provenance["accuracy_on_2000_fresh_renders"] = {
    name: round(value, 4)
    for name, value in accuracy(classifier, render(fresh, RESOLUTION), labels(fresh)).items()
  }
  classifier.provenance = provenance
  classifier.save(_OUTPUT.value)
  logging.info("%s", provenance)


if __name__ == "__main__":
  app.run(main)
