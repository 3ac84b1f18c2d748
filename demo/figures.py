"""What is measured of "avatars", on portraits and codes that nothing was trained on."""

import time
from collections.abc import Iterator

import numpy as np

from privai_tf.demo.embedding import factors_of_scores, scores_of_z
from privai_tf.demo.factors import ATTRIBUTES, labels
from privai_tf.inversion.quality import psnr


def sample_figures(generator, classifier, boundaries, count: int, seed: int) -> Iterator:
  """Figures on the generator's own samples.

  Args:
    generator: "avatars", or another whose factors are those of `demo.embedding`.
    classifier: an `AttributeClassifier`.
    boundaries: lists in the order of `ATTRIBUTES`, by latent space.
    count: samples.
    seed: of the samples.

  Yields:
    (name, value): PSNR against the renders of the same factors in dB; for each attribute how often
    classifier and boundaries agree with the factors.
  """
  from privai_tf.demo.portrait import render

  z = generator.sample_z(count, seed=seed)
  factors = factors_of_scores(scores_of_z(z))
  present = labels(factors)
  codes = {"Z": z, "W": generator.map(z)}
  images = generator.synthesize(z, latent_space="Z")
  quality = psnr(images, render(factors, generator.resolution))
  yield "PSNR against renders, dB", float(np.mean(quality))
  read = classifier.logits(images) > 0
  for index, name in enumerate(ATTRIBUTES):
    yield f"classifier on samples, {name}", float(np.mean(read[:, index] == present[:, index]))
  for space, of_space in boundaries.items():
    for index, boundary in enumerate(of_space):
      side = boundary.coordinate(codes[space]) > 0
      name = boundary.name
      yield f"boundary in {space} and factors, {name}", float(np.mean(side == present[:, index]))
      yield f"boundary in {space} and classifier, {name}", float(np.mean(side == read[:, index]))


def inversion_figures(generator, steps: int, seed: int) -> Iterator:
  """Inversion of eight renders that no generator made, in the generator's largest space.

  Yields:
    (name, value): mean and least PSNR in dB, seconds.
  """
  import privai_tf
  from privai_tf.demo.portrait import portraits

  images = portraits(8, seed, generator.resolution)
  start = time.monotonic()
  space = generator.latent_spaces[-1]
  spec = privai_tf.InversionSpec(latent_space=space, steps=steps)
  inversion = privai_tf.invert(images, generator, spec)
  yield f"inversion of 8 renders in {space}, seconds", time.monotonic() - start
  yield "inversion, mean PSNR, dB", float(np.mean(inversion.psnr))
  yield "inversion, least PSNR, dB", float(np.min(inversion.psnr))
