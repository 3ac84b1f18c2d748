"""StyleGAN2's networks against plain NumPy, over many small shapes; gradients; what the family promises."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.generators import to_uint8
from privai_tf.generators.checkpoint import load_checkpoint, save_checkpoint
from privai_tf.generators.discriminator import Discriminator
from privai_tf.generators.stylegan2 import resampling
from privai_tf.generators.stylegan2.config import (
  WHOLE_BATCH,
  StyleGAN2Config,
  StyleGAN2DiscriminatorConfig,
)
from privai_tf.generators.stylegan2.generator import StyleGAN2Generator
from tests.generators import stylegan2_numpy as plain

WIDTHS = st.integers(1, 7)
TAPS = st.sampled_from([(1, 1), (1, 2, 1), (1, 3, 3, 1), (1, 2, 3, 4), (1, 4, 6, 4, 1)])


@st.composite
def shared_fields(draw):
  resolution = draw(st.sampled_from([4, 8, 16]))
  count = resolution.bit_length() - 2
  return {
    "resolution": resolution,
    "channel_counts": tuple(draw(st.lists(WIDTHS, min_size=count, max_size=count))),
    "resample_filter": draw(TAPS),
    "conv_clamp": draw(st.sampled_from([None, 0.5])),
    "num_channels": draw(st.integers(1, 3)),
    "label_size": draw(st.integers(0, 2)),
  }


@st.composite
def generator_configs(draw):
  return StyleGAN2Config(
    **draw(shared_fields()),
    architecture=draw(st.sampled_from(["orig", "skip", "resnet"])),
    latent_size=draw(WIDTHS),
    dlatent_size=draw(WIDTHS),
    mapping_layers=draw(st.integers(1, 3)),
    mapping_fmaps=draw(WIDTHS),
    normalize_latents=draw(st.booleans()),
    normalize_labels=draw(st.booleans()),
    label_fmaps=draw(WIDTHS),
    const_size=draw(WIDTHS),
    use_noise=draw(st.booleans()),
    nonlinearity=draw(st.sampled_from(["lrelu", "relu"])),
  )


@st.composite
def discriminator_configs(draw):
  features = draw(st.integers(1, 2))
  fields = draw(shared_fields())
  counts = fields.pop("channel_counts")
  return StyleGAN2DiscriminatorConfig(
    **fields,
    channel_counts=(counts[0] * features, *counts[1:]),
    architecture=draw(st.sampled_from(["orig", "skip", "resnet"])),
    mbstd_group_size=draw(st.sampled_from([0, 1, 2, 4, WHOLE_BATCH])),
    mbstd_num_features=features,
    dense_size=draw(WIDTHS),
    label_widths=tuple(draw(st.lists(WIDTHS, max_size=3))),
  )


def lively(weights, seed=0):
  """Random numbers also where initial weights are zeros: biases, noise strengths, the mean of w."""
  random = np.random.default_rng(seed)
  return {
    name: value if value.any() else 0.3 * random.standard_normal(value.shape).astype(np.float32)
    for name, value in weights.items()
  }


def labels_of(config, count):
  if not config.label_size:
    return None
  return np.eye(config.label_size, dtype=np.float32)[np.arange(count) % config.label_size]


@settings(max_examples=12, deadline=None)
@given(generator_configs())
def test_generator_is_the_papers(config):
  weights = lively(StyleGAN2Generator(config, seed=3).weights())
  generator = StyleGAN2Generator(config, weights)
  z = generator.sample_z(2, seed=5)
  labels = labels_of(config, 2)
  w = generator.map(z, labels)
  np.testing.assert_allclose(w, plain.mapped(weights, config, z, labels), atol=2e-5, rtol=1e-5)
  codes = np.random.default_rng(1).standard_normal((2, *generator.code_shape("W+")))
  expected = np.stack([plain.synthesized(weights, config, code) for code in codes])
  for batch_size in (1, 2):  # a single image takes another way
    images = generator.synthesize(codes, latent_space="W+", batch_size=batch_size)
    np.testing.assert_allclose(images, expected, atol=5e-5 * max(1.0, np.abs(expected).max()))


@settings(max_examples=12, deadline=None)
@given(discriminator_configs())
def test_discriminator_is_the_papers(config):
  weights = lively(Discriminator(config, seed=3).weights())
  shape = (4, config.resolution, config.resolution, config.num_channels)
  images = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
  labels = labels_of(config, 4)
  expected = plain.scored(weights, config, images, labels)
  scores = Discriminator(config, weights)(images, labels)
  np.testing.assert_allclose(scores, expected, atol=5e-5 * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("taps", [(1,), (1, 1), (1, 2), (1, 3, 3, 1), (1, 2, 3, 4, 5)])
def test_the_adjoint_of_the_filter(taps):
  random = np.random.default_rng(0)
  x, y = random.standard_normal((1, 9, 9, 2)), random.standard_normal((1, 8, 8, 2))
  x, y = x.astype(np.float32), y.astype(np.float32)
  forward = np.sum(np.asarray(resampling.smoothed_up(x, taps)) * y)
  np.testing.assert_allclose(
    np.sum(x * np.asarray(resampling.smoothed_up_adjoint(y, taps))), forward, rtol=1e-4
  )


@pytest.fixture(scope="module")
def config():
  return StyleGAN2Config(
    resolution=16,
    channel_counts=(8, 6, 5),
    latent_size=7,
    dlatent_size=9,
    mapping_fmaps=8,
    mapping_layers=2,
  )


@pytest.fixture(scope="module")
def generator(config):
  return StyleGAN2Generator(config, lively(StyleGAN2Generator(config, seed=1).weights()))


def value_and_gradient(generator, codes, target, recompute=False, noise="fixed"):
  @tf.function(autograph=False)
  def run(codes):
    with tf.GradientTape() as tape:
      tape.watch(codes)
      images = generator.synthesize_tensor(codes, "W+", noise, recompute)
      loss = tf.reduce_sum(images * target)
    return images, tape.gradient(loss, codes)

  return [tensor.numpy() for tensor in run(tf.constant(codes))]


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_gradients_of_one_and_of_many_images(config, architecture):
  config = dataclasses.replace(config, architecture=architecture)
  learned = StyleGAN2Generator(config, lively(StyleGAN2Generator(config, seed=1).weights()))
  frozen = StyleGAN2Generator(config, learned.weights())
  learned.synthesis.forget_kernels()  # gradients as TensorFlow derives them
  random = np.random.default_rng(0)
  codes = random.standard_normal((2, config.num_layers, 9)).astype(np.float32)
  target = random.standard_normal((2, 16, 16, 3)).astype(np.float32)
  images, gradient = value_and_gradient(learned, codes, target)
  assert np.abs(gradient).min(axis=(0, 2)).max() > 0
  for count, recompute in ((1, False), (2, True)):
    ours = value_and_gradient(frozen, codes[:count], target[:count], recompute)
    np.testing.assert_allclose(ours[0], images[:count], atol=2e-5)
    np.testing.assert_allclose(ours[1], gradient[:count], atol=1e-5 * np.abs(gradient).max())


def test_noise(generator, config):
  assert generator.noise_resolutions == (4, 8, 8, 16, 16)
  maps = generator.noise_maps()
  assert [m.shape for m in maps] == [(1, r, r, 1) for r in generator.noise_resolutions]
  w = generator.map(generator.sample_z(2, seed=0))
  fixed = generator.synthesize(w, latent_space="W")
  given_ = np.asarray(generator.synthesize_tensor(w, "W", maps))
  np.testing.assert_allclose(given_, fixed, atol=1e-5)
  for noise in ("none", "random"):
    assert np.abs(generator.synthesize(w, latent_space="W", noise=noise) - fixed).max() > 0.01
  alone = generator.synthesize(w[1:], latent_space="W", noise="none")
  both = generator.synthesize(w, latent_space="W", noise="none")
  np.testing.assert_allclose(alone[0], both[1], atol=1e-5)
  without = StyleGAN2Generator(dataclasses.replace(config, use_noise=False))
  assert not any("noise" in name for name in without.weights())
  images = [without.synthesize(w, latent_space="W", noise=n) for n in ("fixed", "random", "none")]
  np.testing.assert_array_equal(images[0], images[1])
  np.testing.assert_array_equal(images[0], images[2])
  with pytest.raises(ConfigurationError, match="no noise inputs"):
    without.noise_maps()


@pytest.mark.parametrize("lod", [0.0, 0.5, 1.0, 1.25, 2.0, 7.0])
def test_a_progressive_network_fades_between_resolutions(config, lod):
  def at(level):
    progressive = dataclasses.replace(config, architecture="progressive", lod=level)
    generator = StyleGAN2Generator(progressive, seed=1)
    critic = dataclasses.replace(
      StyleGAN2DiscriminatorConfig(resolution=16, channel_counts=(4, 4, 4)),
      architecture="progressive",
      lod=level,
    )
    image = np.asarray(generator.synthesize_tensor(np.ones((1, 6, 9), np.float32), "W+", "none"))
    return image, Discriminator(critic, seed=1)(image)

  image, score = at(lod)
  assert np.isfinite(score).all()
  whole = min(int(lod), 2)
  fraction = lod - whole if lod < 2 else 0.0
  expected = (1 - fraction) * at(float(whole))[0] + fraction * at(float(min(whole + 1, 2)))[0]
  np.testing.assert_allclose(image, expected, atol=1e-5)


def test_checkpoints_keep_everything(generator, tmp_path):
  save_checkpoint(tmp_path, generator.config, generator.weights(), {"licence": "none"})
  loaded = load_checkpoint(tmp_path)
  assert loaded.config == generator.config
  assert loaded.fingerprint == generator.fingerprint
  codes = loaded.map(loaded.sample_z(1, seed=0))
  np.testing.assert_array_equal(
    loaded.synthesize(codes, latent_space="W"), generator.synthesize(codes, latent_space="W")
  )
  assert to_uint8(np.zeros((1, 1, 3)), loaded.family).tolist() == [[[128, 128, 128]]]


def test_graphs_with_xla_agree(generator):
  codes = generator.truncate(generator.map(generator.sample_z(2, seed=0)), 1)
  eager = np.asarray(generator.synthesize_tensor(codes, "W+"))
  compiled = StyleGAN2Generator(generator.config, generator.weights(), jit="on")
  np.testing.assert_allclose(compiled.synthesize(codes, latent_space="W+"), eager, atol=1e-4)


def test_random_weights_have_a_seed(config):
  first, again, other = (StyleGAN2Generator(config, seed=seed).fingerprint for seed in (1, 1, 2))
  assert first == again != other
  full = StyleGAN2Config()
  assert full.channel_counts == (512, 512, 512, 512, 512, 256, 128, 64, 32)
  assert full.num_layers == 18


@pytest.mark.parametrize(
  ("change", "words"),
  [
    ({"channel_counts": (8, 6)}, "2 entries for 3 resolutions"),
    ({"channel_counts": (8, 6, 0)}, "channel_counts is"),
    ({"architecture": "unet"}, "architecture is 'unet'"),
    ({"resample_filter": ()}, "resample_filter is"),
    ({"resample_filter": (1, -1)}, "resample_filter is"),
    ({"conv_clamp": 0}, "conv_clamp is 0"),
    ({"lod": 1.0}, "only a progressive network"),
    ({"resolution": 17}, "resolution is 17"),
    ({"mapping_lrmul": float("nan")}, "mapping_lrmul"),
  ],
)
def test_impossible_configurations_are_refused(config, change, words):
  with pytest.raises(CheckpointError, match=words) as caught:
    dataclasses.replace(config, **change)
  assert "\n" not in str(caught.value)
