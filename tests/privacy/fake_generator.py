"""A small stand-in for a generator: a fixed linear mapping, no networks."""

import numpy as np


class FakeGenerator:
  """StyleGAN-like, with correlated W coordinates of known covariance."""

  family = "stylegan"
  latent_spaces = ("Z", "W", "W+")
  fingerprint = "fake"

  def __init__(self, width: int = 16, layers: int = 4, seed: int = 3):
    random = np.random.default_rng(seed)
    self.latent_size = width
    self.num_layers = layers
    rotation, _ = np.linalg.qr(random.normal(size=(width, width)))
    self.scales = np.geomspace(2.0, 0.05, width)
    self.mixing = (rotation * self.scales).T
    self.center = random.normal(size=width).astype(np.float32)

  def sample_z(self, n, seed):
    return np.random.RandomState(seed).standard_normal((n, self.latent_size)).astype(np.float32)

  def map(self, z, labels=None):
    return (z @ self.mixing + self.center).astype(np.float32)

  def mean_latent(self, latent_space):
    if latent_space == "Z":
      return np.zeros(self.latent_size, np.float32)
    if latent_space == "W":
      return self.center
    return np.tile(self.center, (self.num_layers, 1))

  def synthesize(self, codes, *, latent_space, noise="fixed"):
    return np.zeros((len(codes), 4, 4, 3), np.float32)
