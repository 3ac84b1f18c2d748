"""A generator small enough to invert in a second, with the interface of `privai_tf.Generator`."""

import types

import numpy as np
import pytest

from privai_tf.errors import LatentSpaceError


class TinyGenerator:
  """Smooth 16 x 16 pictures from 3 layers of 8 numbers; W is a squashed, correlated Z."""

  family = "stylegan"
  resolution = 16
  num_channels = 3
  latent_size = 8
  num_layers = 3
  latent_spaces = ("Z", "W", "W+")
  activation_bytes = 3 * 16 * 16 * 4
  folder = None
  fingerprint = "0" * 64

  def __init__(self, seed: int = 0):
    random = np.random.default_rng(seed)
    self._mapping = random.normal(size=(8, 8)).astype(np.float32) * 0.5
    self._mean = np.full(8, 0.3, np.float32)
    self._layers = random.normal(size=(3, 8, 4 * 4 * 3)).astype(np.float32) * 0.4

  config = types.SimpleNamespace(label_size=0)

  def code_shape(self, latent_space):
    if latent_space not in self.latent_spaces:
      raise LatentSpaceError(f"There is no latent space {latent_space} here.")
    return (3, 8) if latent_space == "W+" else (8,)

  def sample_z(self, count, seed):
    return np.random.RandomState(seed).randn(count, 8).astype(np.float32)

  def mean_latent(self, latent_space):
    return self._mean if latent_space != "Z" else np.zeros(8, np.float32)

  def map(self, z, labels=None):
    z = np.asarray(z)
    z = z / np.sqrt(np.mean(z**2, axis=1, keepdims=True) + 1e-8)
    return (np.tanh(z @ self._mapping) + self._mean).astype(np.float32)

  def synthesize_tensor(self, codes, latent_space, noise):
    import tensorflow as tf

    if latent_space == "Z":
      codes = codes * tf.math.rsqrt(tf.reduce_mean(codes**2, axis=1, keepdims=True) + 1e-8)
      codes = tf.tanh(codes @ self._mapping) + self._mean
    if latent_space != "W+":
      codes = tf.repeat(codes[:, None], 3, axis=1)
    flat = tf.einsum("nld,ldf->nf", codes, tf.constant(self._layers))
    small = tf.reshape(tf.tanh(flat), [-1, 4, 4, 3])
    return tf.image.resize(small, (16, 16))

  def synthesize(self, codes, latent_space, noise="fixed", batch_size=None, labels=None):
    return self.synthesize_tensor(np.asarray(codes), latent_space, noise).numpy()


@pytest.fixture(scope="session")
def tiny():
  return TinyGenerator()
