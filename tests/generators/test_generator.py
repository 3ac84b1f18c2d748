"""The generator as its users see it: batches, spaces, truncation, errors."""

import numpy as np
import pytest

from privai_tf.errors import CheckpointError, ConfigurationError, InputError, LatentSpaceError
from privai_tf.generators import to_uint8
from privai_tf.generators.config import (
  PGGANConfig,
  PGGANDiscriminatorConfig,
  StyleGANConfig,
  StyleGANDiscriminatorConfig,
)
from privai_tf.generators.discriminator import Discriminator
from privai_tf.generators.families import create_generator


def test_seeds_give_the_official_latents(small_generator):
  expected = np.random.RandomState(7).randn(3, 12).astype(np.float32)
  np.testing.assert_array_equal(small_generator.sample_z(3, seed=7), expected)
  with pytest.raises(ConfigurationError, match="seed is -1"):
    small_generator.sample_z(3, seed=-1)


def test_spaces_agree(small_generator):
  z = small_generator.sample_z(3, seed=0)
  w = small_generator.map(z)
  layers = small_generator.truncate(w, truncation_psi=1)
  assert layers.shape == (3, small_generator.num_layers, 10)
  expected = small_generator.synthesize(layers, latent_space="W+")
  for codes, space in ((z, "Z"), (w, "W")):
    np.testing.assert_allclose(
      small_generator.synthesize(codes, latent_space=space), expected, atol=1e-5
    )


def test_truncation(small_generator):
  w = small_generator.map(small_generator.sample_z(2, seed=0))
  mean = small_generator.mean_latent("W")
  assert np.abs(mean).max() > 0.1
  codes = small_generator.truncate(w, truncation_psi=0.25, truncation_cutoff=2)
  np.testing.assert_allclose(codes[:, 1], mean + 0.25 * (w - mean), atol=1e-6)
  np.testing.assert_array_equal(codes[:, 2], w)
  own = small_generator.truncate(w)
  np.testing.assert_allclose(own[:, 3], mean + 0.7 * (w - mean), atol=1e-6)
  np.testing.assert_array_equal(own[:, 4], w)
  np.testing.assert_allclose(
    small_generator.truncate(codes, 0.0, 6), small_generator.mean_latent("W+")[None].repeat(2, 0)
  )


def test_batches_are_of_one_size_and_change_nothing(small_generator, monkeypatch):
  z = small_generator.sample_z(7, seed=0)
  sizes = []
  function = small_generator._function("W", "fixed")

  def recorded(codes, drawn):
    sizes.append(len(codes))
    return function(codes, drawn)

  monkeypatch.setitem(small_generator._functions, ("W", "fixed", "float32"), recorded)
  whole = small_generator.synthesize(z, latent_space="Z")
  parts = small_generator.synthesize(z, latent_space="Z", batch_size=3)
  assert sizes == [8, 3, 3, 3]
  np.testing.assert_allclose(whole, parts, atol=1e-5)
  batches = list(small_generator.synthesize_batches(z, latent_space="Z", batch_size=4))
  assert [len(batch) for batch in batches] == [4, 3]


def test_default_batch_keeps_to_the_memory_of_one_large_image(small_generator, monkeypatch):
  for resolution, expected in ((1024, 1), (512, 4), (256, 16), (64, 64), (16, 64), (2048, 1)):
    monkeypatch.setattr(small_generator, "resolution", resolution)
    assert small_generator.default_batch_size == expected


@pytest.mark.parametrize(
  ("codes", "space", "error", "words"),
  [
    (np.zeros((2, 12)), "W+", LatentSpaceError, r"\[2, 12\].*\[N, 6, 10\]"),
    (np.zeros((2, 12)), "W", LatentSpaceError, r"W codes .*\[N, 10\]"),
    (np.zeros((0, 12)), "Z", LatentSpaceError, "at least 1"),
    (np.zeros(12), "Z", LatentSpaceError, r"\[12\]"),
    (np.zeros((2, 12)), "S", LatentSpaceError, "'S'.*Z, W, W+"),
    (np.full((2, 12), np.nan), "Z", InputError, "code 0 holds NaN"),
    (np.array([["a"] * 12]), "Z", LatentSpaceError, "not numbers"),
  ],
)
def test_unusable_codes_are_refused(small_generator, codes, space, error, words):
  with pytest.raises(error, match=words) as caught:
    small_generator.synthesize(codes, latent_space=space)
  assert "\n" not in str(caught.value)


def test_unusable_arguments_are_refused(small_generator):
  z = small_generator.sample_z(2, seed=0)
  with pytest.raises(ConfigurationError, match="noise is 'loud'"):
    small_generator.synthesize(z, latent_space="Z", noise="loud")
  with pytest.raises(ConfigurationError, match="batch_size"):
    small_generator.synthesize(z, latent_space="Z", batch_size=0)
  with pytest.raises(InputError, match="no labels"):
    small_generator.synthesize(z, latent_space="Z", labels=np.zeros((2, 3)))
  with pytest.raises(ConfigurationError, match="truncation_psi"):
    small_generator.truncate(small_generator.map(z), truncation_psi=np.nan)
  with pytest.raises(TypeError):
    small_generator.synthesize(z)  # the space is never guessed


def test_labels():
  config = StyleGANConfig(
    resolution=8, label_size=3, latent_size=6, dlatent_size=6, fmap_base=32, fmap_max=8
  )
  generator = create_generator(config)
  z = generator.sample_z(2, seed=0)
  labels = np.eye(3, dtype=np.float32)[:2]
  w = generator.map(z, labels)
  assert np.abs(w - generator.map(z, labels[::-1])).max() > 0.01
  np.testing.assert_allclose(
    generator.synthesize(z, latent_space="Z", labels=labels),
    generator.synthesize(w, latent_space="W"),
    atol=1e-5,
  )
  with pytest.raises(InputError, match="needs labels"):
    generator.map(z)
  with pytest.raises(InputError, match=r"\[2, 3\]"):
    generator.map(z, labels[:1])


def test_pggan_with_labels():
  config = PGGANConfig(resolution=8, label_size=3, latent_size=6, fmap_base=32, fmap_max=8)
  generator = create_generator(config)
  z = generator.sample_z(2, seed=0)
  labels = np.eye(3, dtype=np.float32)[:2]
  first = generator.synthesize(z, latent_space="Z", labels=labels)
  assert first.shape == (2, 8, 8, 3)
  other = generator.synthesize(z, latent_space="Z", labels=labels[::-1])
  assert np.abs(first - other).max() > 0.01
  assert generator.latent_spaces == ("Z",)
  assert not generator.mean_latent("Z").any()
  for call in (generator.map, generator.truncate):
    with pytest.raises(LatentSpaceError, match="no W space"):
      call(z)


def test_discriminators_refuse_what_they_cannot_score():
  config = StyleGANDiscriminatorConfig(resolution=8, fmap_base=32, fmap_max=8)
  critic = Discriminator(config)
  images = np.random.default_rng(0).standard_normal((6, 8, 8, 3)).astype(np.float32)
  with pytest.raises(InputError, match="batch of 6 images"):
    critic(images)
  with pytest.raises(InputError, match=r"\[N, 8, 8, 3\]"):
    critic(images[:, :4])
  with pytest.raises(InputError, match="finite"):
    critic((images * 100).astype(np.uint8))
  alone = critic(images, batch_size=1)
  np.testing.assert_allclose(alone[:1], critic(images[:1]), atol=1e-6)
  assert np.abs(critic(images[:4]) - alone[:4]).max() > 1e-4  # the deviation of the batch
  with pytest.raises(CheckpointError, match="not a generator"):
    create_generator(config)
  with pytest.raises(CheckpointError, match="not a discriminator"):
    Discriminator(StyleGANConfig(resolution=8, fmap_base=32, fmap_max=8))


def test_pggan_discriminator_gives_label_logits():
  config = PGGANDiscriminatorConfig(resolution=8, fmap_base=32, fmap_max=8, label_size=4)
  critic = Discriminator(config)
  images = np.zeros((3, 8, 8, 3), np.float32)
  assert critic(images).shape == (3, 1)
  assert critic.label_logits(images).shape == (3, 4)


def test_pixels_round_as_the_families_do():
  values = np.array([-2, -1, -0.998, 0, 0.0079, 0.998, 1, 2], np.float32)
  np.testing.assert_array_equal(to_uint8(values), [0, 0, 0, 128, 129, 255, 255, 255])
  np.testing.assert_array_equal(to_uint8(values, "pggan"), [0, 0, 0, 128, 129, 255, 255, 255])
  np.testing.assert_array_equal(to_uint8(np.float32(-0.99), "stylegan"), 1)
  np.testing.assert_array_equal(to_uint8(np.float32(0.99), "pggan"), 254)
  with pytest.raises(ConfigurationError, match="family"):
    to_uint8(values, "biggan")
