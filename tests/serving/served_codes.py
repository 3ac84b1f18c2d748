"""Codes for served releases."""

import numpy as np


def codes_of(generator, space, count=64):
  """Codes of faces of the generator, float32 [count, d] or [count, L, d], the rows of W+ apart."""
  codes = generator.map(generator.sample_z(count, seed=1))
  if space == "W+":
    codes = np.repeat(codes[:, np.newaxis], generator.num_layers, axis=1)
    codes += np.random.default_rng(2).normal(size=codes.shape) * 0.1
  return codes.astype(np.float32)
