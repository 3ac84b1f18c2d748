"""A stand-in for a generator, and noise that a test can repeat."""

import numpy as np
import pytest


class FakeGenerator:
  """StyleGAN-like: W is a fixed linear map of Z with known, unequal variances; no networks."""

  family = "stylegan"
  latent_spaces = ("Z", "W", "W+")

  def __init__(self, width: int = 16, layers: int = 4, seed: int = 3):
    random = np.random.default_rng(seed)
    self.fingerprint = f"fake-{width}-{layers}-{seed}"
    self.latent_size = width
    self.num_layers = layers
    axis = random.normal(size=(width, 1))
    rotation = np.eye(width) - 2 * axis @ axis.T / (axis.T @ axis)
    self.deviations = np.geomspace(2.0, 0.05, width)
    self.mixing = (rotation * self.deviations).T
    self.center = random.normal(size=width).astype(np.float32)
    self.sampled = 0

  def sample_z(self, n, seed):
    self.sampled += 1
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
    assert noise == "fixed"
    return np.zeros((len(codes), 4, 4, 3), np.float32)


class FakePGGAN(FakeGenerator):
  """Z only, as PGGAN."""

  family = "pggan"
  latent_spaces = ("Z",)


class PinnedSource:
  """Words of a seeded generator in place of the system's: for tests that repeat a release."""

  def __init__(self, seed: int = 0):
    self._random = np.random.Generator(np.random.PCG64(seed))

  def words(self, count: int) -> np.ndarray:
    return self._random.integers(0, 1 << 64, size=count, dtype=np.uint64)


@pytest.fixture(scope="session")
def make_generator():
  return FakeGenerator


@pytest.fixture(scope="session")
def make_pggan():
  return FakePGGAN


@pytest.fixture(scope="session")
def pinned_source():
  return PinnedSource
