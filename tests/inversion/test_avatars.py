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
  from privai_tf.demo import renderer

  generator = privai_tf.load_generator("avatars")
  portraits = renderer.portraits(8, seed=777, resolution=generator.resolution)
  found = invert(portraits, generator, InversionSpec(latent_space="W+", steps=60))
  assert found.psnr.mean() > 27
  classifier = load_classifier("avatars")
  before, after = (classifier.logits(images) > 0 for images in (portraits, found.images))
  assert np.mean(before == after) >= 0.95
