"""The networks by themselves: names, noise, gradients, levels of detail."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from privai_tf.generators.convolutions import Convolution, DownConvolution, UpConvolution
from privai_tf.generators.pggan import PGGANNetwork
from privai_tf.generators.stylegan import MappingNetwork, SynthesisNetwork

_random = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_numbers_for_each_test():
  global _random
  _random = np.random.default_rng(0)


def normal(*shape):
  return _random.standard_normal(shape).astype(np.float32)


def convolve(x, weight):
  """A zero-padded convolution, tap by tap, in float64."""
  size = weight.shape[0]
  padded = np.pad(x.astype(np.float64), [(0, 0), (size // 2,) * 2, (size // 2,) * 2, (0, 0)])
  height, width = x.shape[1:3]
  return sum(
    padded[:, i : i + height, j : j + width] @ weight[i, j]
    for i in range(size)
    for j in range(size)
  )


def test_convolutions_against_tap_by_tap_sums():
  x = normal(2, 6, 8, 3)
  layers = {
    "same": Convolution("a", 3, 5),
    "up": UpConvolution("b", 3, 5, fused=False),
    "fused": UpConvolution("c", 3, 5, fused=True),
    "down": DownConvolution("d", 3, 5),
  }
  scaled = {key: np.asarray(layer.weight) * layer.factor for key, layer in layers.items()}
  nearest = x.repeat(2, axis=1).repeat(2, axis=2)
  boxes = convolve(x, scaled["down"]).reshape(2, 3, 2, 4, 2, 5).mean(axis=(2, 4))
  expected = {
    "same": convolve(x, scaled["same"]),
    "up": convolve(nearest, scaled["up"]),
    "fused": convolve(nearest, scaled["fused"][::-1, ::-1]),
    "down": boxes,
  }
  for key, layer in layers.items():
    np.testing.assert_allclose(layer(x), expected[key], atol=1e-5, err_msg=key)


@pytest.mark.parametrize("fused", [None, False, True])
def test_frozen_for_a_processor_values_and_gradients_stay(fused):
  layer = Convolution("a", 3, 5) if fused is None else UpConvolution("a", 3, 5, fused=fused)
  x = tf.constant(normal(2, 6, 8, 3))

  def value_and_gradient():
    with tf.GradientTape() as tape:
      tape.watch(x)
      y = layer(x)
    upstream = np.sin(np.arange(y.numpy().size, dtype=np.float32)).reshape(y.shape)
    return y, tape.gradient(y, x, tf.constant(upstream))

  expected = value_and_gradient()
  layer.frozen_kernels = layer.compute_kernels(for_processor=True)
  assert len(layer.frozen_kernels) == (2 if fused is None else 3)
  for found, wanted in zip(value_and_gradient(), expected, strict=True):
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_weights_load_by_name_into_a_larger_network(small_config):
  small = SynthesisNetwork(small_config)
  larger = SynthesisNetwork(dataclasses.replace(small_config, resolution=32))
  variables = larger.named_variables()
  for name, variable in small.named_variables().items():
    assert variables[name].shape == variable.shape
    # Not only the shapes: a weight's first value depends on its name and the seed alone.
    np.testing.assert_array_equal(variables[name], variable)
  assert "synthesis/32x32/conv0/weight" in variables
  assert "synthesis/torgb_32x32/bias" in variables


def test_trainable_variables_are_those_that_matter(small_config):
  network = SynthesisNetwork(small_config, constant="normal")
  codes = normal(2, small_config.num_layers, small_config.dlatent_size)
  target = normal(2, 16, 16, 3)
  with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(network(codes) - target))
  gradients = tape.gradient(loss, network.trainable_variables)
  for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
    assert gradient is not None, variable.path
    assert np.abs(gradient).max() > 0, variable.path
  assert not network.named_variables()["synthesis/torgb_8x8/weight"].trainable
  assert not network.named_variables()["synthesis/8x8/conv0/noise"].trainable


def test_frozen_kernels_keep_the_outputs_and_can_be_forgotten(small_config):
  network = SynthesisNetwork(small_config)
  codes = normal(1, small_config.num_layers, small_config.dlatent_size)
  before = np.asarray(network(codes))
  network.freeze()
  np.testing.assert_allclose(network(codes), before, atol=1e-5)
  weight = network.named_variables()["synthesis/16x16/conv1/weight"]
  weight.assign(2.0 * normal(*weight.shape))
  np.testing.assert_allclose(network(codes), before, atol=1e-5)
  network.forget_kernels()
  assert np.abs(np.asarray(network(codes)) - before).max() > 0.01


def test_gradient_agrees_with_differences(small_generator):
  w = tf.constant(small_generator.map(small_generator.sample_z(1, seed=5)), tf.float32)
  direction = tf.constant(normal(*w.shape))
  weights = tf.constant(normal(1, 16, 16, 3))

  @tf.function
  def value_and_slope(step):
    codes = w + step * direction
    with tf.GradientTape() as tape:
      tape.watch(codes)
      images = small_generator.synthesize_tensor(codes, "W")
      value = tf.reduce_sum(images * weights)
    return value, tf.reduce_sum(tape.gradient(value, codes) * direction)

  step = 1e-4  # small, since the slope jumps at the kinks of the leaky ReLUs
  difference = (value_and_slope(tf.constant(step))[0] - value_and_slope(tf.constant(-step))[0]) / (
    2 * step
  )
  np.testing.assert_allclose(value_and_slope(tf.constant(0.0))[1], difference, rtol=0.02)


def test_noise_strengths_scale_the_noise(small_generator):
  z = small_generator.sample_z(2, seed=1)
  fixed, none = (
    small_generator.synthesize(z, latent_space="Z", noise=noise) for noise in ("fixed", "none")
  )
  assert np.abs(fixed - none).max() > 0.05
  first, again, other = (
    small_generator.synthesize(z, latent_space="Z", noise="random", seed=seed) for seed in (1, 1, 2)
  )
  np.testing.assert_array_equal(first, again)
  assert np.abs(first - other).max() > 0.05
  assert np.abs(first[0] - none[0]).max() > 0.05
  alone = small_generator.synthesize(z, latent_space="Z", noise="random", seed=1, batch_size=1)
  np.testing.assert_allclose(alone, first, atol=1e-5)
  codes = small_generator.truncate(small_generator.map(z), 1)
  drawn = [small_generator.synthesize_tensor(codes, "W+", "random") for _ in range(2)]
  assert np.abs(drawn[0] - drawn[1]).max() > 0.05


@pytest.mark.parametrize("lod", [0.0, 0.5, 1.0, 1.5, 2.0, 7.0])
@pytest.mark.parametrize("config_class", [StyleGANConfig, PGGANConfig])
def test_level_of_detail_fades_between_resolutions(config_class, lod):
  options = {"resolution": 16, "fmap_base": 64, "fmap_max": 8, "latent_size": 8}
  if config_class is StyleGANConfig:
    options |= {"dlatent_size": 8}

  def image(level):
    config = config_class(**options, lod=level)
    if config_class is PGGANConfig:
      return np.asarray(PGGANNetwork(config)(np.ones((1, 8), np.float32)))
    codes = np.ones((1, config.num_layers, 8), np.float32)
    return np.asarray(SynthesisNetwork(config, constant="normal")(codes, noise="none"))

  whole = min(int(lod), 2)
  fraction = lod - whole if lod < 2 else 0.0
  expected = (1 - fraction) * image(whole) + fraction * image(min(whole + 1, 2))
  np.testing.assert_allclose(image(lod), expected, atol=1e-5)
  size = 2**whole
  blocks = image(float(whole)).reshape(16 // size, size, 16 // size, size, 3)
  assert np.ptp(blocks, axis=(1, 3)).max() == 0


def test_parts_can_be_left_out(small_config):
  for options in (
    {"use_noise": False},
    {"use_styles": False},
    {"use_instance_norm": False},
    {"use_instance_norm": False, "use_styles": False},
    {"use_pixel_norm": True},
    {"use_wscale": False},
    {"blur_filter": None},
    {"nonlinearity": "relu"},
  ):
    config = dataclasses.replace(small_config, **options)
    images = SynthesisNetwork(config, constant="normal")(normal(2, 6, 10))
    assert images.shape == (2, 16, 16, 3), options
    assert np.isfinite(images).all(), options


def test_mapping_is_invariant_to_the_scale_of_z(small_config):
  mapping = MappingNetwork(small_config)
  z = normal(3, 12)
  np.testing.assert_allclose(mapping(z), mapping(7 * z), atol=1e-5)


def test_the_compiled_network_agrees(small_config):
  network = SynthesisNetwork(small_config, constant="normal")
  codes = normal(2, 6, 10)
  eager = np.asarray(network(codes))
  for jit in (False, True):
    compiled = tf.function(network, jit_compile=jit)(tf.constant(codes))
    np.testing.assert_allclose(compiled, eager, atol=1e-4)
