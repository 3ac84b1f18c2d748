"""Inversion of unseen portraits with the demo checkpoint: what the demo depends on."""

import numpy as np
import pytest

import privai_tf
from privai_tf.inversion import InversionSpec, invert


@pytest.mark.slow
def test_unseen_portraits(repository):
  if not (repository / "checkpoints" / "avatars" / "config.json").exists():
    pytest.skip("the avatars checkpoint is not there")
  from privai_tf.attributes.classifier import load_classifier
  from privai_tf.demo import portrait

  generator = privai_tf.load_generator("avatars")
  portraits = portrait.portraits(4, seed=777, resolution=generator.resolution)
  read, found = (
    invert(portraits, generator, InversionSpec(latent_space="W+", steps=steps)) for steps in (0, 20)
  )
  assert read.psnr.min() > 24
  assert found.psnr.mean() > max(30, read.psnr.mean())
  classifier = load_classifier("avatars")
  before, after = (classifier.logits(images) > 0 for images in (portraits, found.images))
  assert np.mean(before == after) >= 0.95
