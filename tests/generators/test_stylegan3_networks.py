"""StyleGAN3 against plain NumPy over many geometries; its gradients, refusals, what the family promises."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.generators import to_uint8
from privai_tf.generators.checkpoint import load_checkpoint, save_checkpoint
from privai_tf.generators.stylegan3.config import StyleGAN3Config
from privai_tf.generators.stylegan3.design import designed
from privai_tf.generators.stylegan3.generator import StyleGAN3Generator
from privai_tf.generators.stylegan3.geometry import LayerGeometry
from tests.generators import stylegan2_numpy, stylegan3_numpy

SMALL = {"latent_size": 5, "dlatent_size": 6, "mapping_fmaps": 7}
WIDTHS = st.integers(1, 4)


def lively(weights, seed=0):
  """All numbers random, those that must be positive positive; filters without any symmetry."""
  random = np.random.default_rng(seed)
  result = {}
  for name, value in weights.items():
    noise = random.standard_normal(value.shape)
    if name.endswith("magnitude"):
      noise = 1 + np.abs(noise)
    elif name.endswith("filter"):
      noise = 0.2 * noise
    elif name.endswith(("transform", "affine/bias")):
      noise = value + 0.2 * noise
    elif name.endswith(("bias", "mean", "affine/weight")):
      noise = 0.3 * noise
    result[name] = (noise if value.size else value).astype(np.float32)
  return result


@st.composite
def configs(draw):
  """One resampling layer of any geometry that is possible, and colours."""
  before, up, down = draw(st.integers(4, 8)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
  kernel = draw(st.sampled_from([1, 3]))
  up_taps = draw(st.integers(1 if up > 1 else 0, 9))
  down_taps, radial = draw(st.integers(0, 7)), draw(st.booleans())
  needed = 3 * down + 1 + max(up_taps - 1, 0) + max(down_taps - 1, 0)
  spare = draw(st.integers(0, down - 1))  # results that are left out
  total = needed + spare - up * (before + kernel - 1)
  first = draw(st.integers(-8, 12))
  layer = LayerGeometry(
    outputs=draw(WIDTHS),
    size=4,
    kernel=kernel,
    up=up,
    down=down,
    up_taps=up_taps,
    down_taps=down_taps,
    radial=radial and down_taps > 0,
    padding=(first, total - first),
  )
  length = up * (before + kernel - 1)
  if first <= -length or total - first <= -length or length + total < 1:
    layer = dataclasses.replace(layer, padding=(total // 2, total - total // 2))
  return StyleGAN3Config(
    resolution=4,
    num_channels=2,
    layers=(layer, LayerGeometry(outputs=2, size=4)),
    input_channels=draw(WIDTHS),
    input_size=before,
    sampling_rate=draw(st.sampled_from([4.0, 7.5])),
    bandwidth=1.0,
    conv_clamp=draw(st.sampled_from([None, 0.5])),
    output_scale=0.5,
    label_size=draw(st.integers(0, 2)),
    **SMALL,
  )


@settings(max_examples=8, deadline=None)
@given(configs())
def test_generator_is_the_papers(config):
  weights = lively(StyleGAN3Generator(config, seed=3).weights())
  generator = StyleGAN3Generator(config, weights)
  codes = np.random.default_rng(1).standard_normal((2, config.num_layers, 6))
  expected = np.stack([stylegan3_numpy.synthesized(weights, config, code) for code in codes])
  tolerance = 5e-5 * max(1.0, np.abs(expected).max())
  for batch_size in (1, 2):  # a single image takes another way
    images = generator.synthesize(codes, latent_space="W+", batch_size=batch_size)
    np.testing.assert_allclose(images, expected, atol=tolerance)


@pytest.fixture(scope="module", params=[False, True], ids=["T", "R"])
def config(request):
  return designed(16, radial=request.param, num_layers=4, channel_base=64, channel_max=6, **SMALL)


@pytest.fixture(scope="module")
def generator(config):
  return StyleGAN3Generator(config, lively(StyleGAN3Generator(config, seed=1).weights()))


def test_a_designed_network(generator, config):
  z = generator.sample_z(2, seed=0)
  w = generator.map(z)
  plain = stylegan2_numpy.mapped(generator.weights(), config, z)
  np.testing.assert_allclose(w, plain, atol=2e-5, rtol=1e-5)
  image = generator.synthesize(w[:1], latent_space="W")
  code = np.repeat(w[:1], config.num_layers, axis=0)
  expected = stylegan3_numpy.synthesized(generator.weights(), config, code)
  np.testing.assert_allclose(image[0], expected, atol=1e-4 * max(1, np.abs(expected).max()))


def test_the_papers_sizes():
  t, r = designed(1024), designed(1024, radial=True)
  assert [layer.size for layer in t.layers][::2] == [36, 52, 84, 148, 276, 1044, 1044, 1024]
  assert (t.num_layers, t.layers[0].outputs, r.layers[0].outputs) == (16, 512, 1024)
  assert [layer.radial for layer in r.layers] == [True] * 12 + [False] * 3


def test_moving_and_turning_the_image():
  """What the family is for: `transform` moves the whole image, by the pixel."""
  config = designed(32, num_layers=4, channel_base=128, channel_max=8, **SMALL)
  weights = lively(StyleGAN3Generator(config, seed=1).weights())
  plain = StyleGAN3Generator(config, seed=1).weights()
  weights |= {name: value for name, value in plain.items() if name.endswith("filter")}
  weights["synthesis/input/transform"] = np.eye(3, dtype=np.float32)
  moved = dict(weights)
  moved["synthesis/input/transform"] = np.array([[1, 0, 3 / 32], [0, 1, 0], [0, 0, 1]], np.float32)
  images = []
  for these in (weights, moved):
    generator = StyleGAN3Generator(config, these)
    images.append(generator.synthesize(generator.mean_latent("W+")[None], latent_space="W+")[0])
  first, second = images[0][8:-8, 11:-5], images[1][8:-8, 8:-8]
  assert np.abs(first - second).mean() < 0.1 * np.abs(first - images[0][8:-8, 8:-8]).mean()


def test_gradients(generator):
  """Of one and of many images, kept and computed again; all as TensorFlow derives them."""
  learned = StyleGAN3Generator(generator.config, generator.weights())
  learned.synthesis.forget_kernels()
  random = np.random.default_rng(0)
  codes = random.standard_normal((2, *generator.code_shape("W+"))).astype(np.float32)
  target = random.standard_normal((2, 16, 16, 3)).astype(np.float32)

  def gradient(generator, count, recompute=False):
    @tf.function(autograph=False)
    def run(codes):
      with tf.GradientTape() as tape:
        tape.watch(codes)
        images = generator.synthesize_tensor(codes, "W+", recompute=recompute)
        loss = tf.reduce_sum(images * target[:count])
      return tape.gradient(loss, codes)

    return run(tf.constant(codes[:count])).numpy()

  expected = gradient(learned, 2)
  assert np.abs(expected).max(axis=(0, 2)).min() > 0  # every row counts
  for count, recompute in ((1, False), (2, True)):
    found = gradient(generator, count, recompute)
    np.testing.assert_allclose(found, expected[:count], atol=2e-5 * np.abs(expected).max())


def test_checkpoints_keep_everything(generator, tmp_path):
  save_checkpoint(tmp_path, generator.config, generator.weights(), {"licence": "none"})
  loaded = load_checkpoint(tmp_path)
  assert (loaded.config, loaded.fingerprint) == (generator.config, generator.fingerprint)
  codes = loaded.truncate(loaded.map(loaded.sample_z(1, seed=0)), 0.7, 2)
  images = [g.synthesize(codes, latent_space="W+") for g in (loaded, generator)]
  np.testing.assert_array_equal(*images)
  assert to_uint8(np.zeros((1, 1, 3)), loaded.family).tolist() == [[[128, 128, 128]]]


def test_a_changed_config_is_refused(generator, tmp_path):
  save_checkpoint(tmp_path, generator.config, generator.weights())
  values = json.loads((tmp_path / "config.json").read_text())
  for change in (None, [], [{}], [3], values["network"]["layers"][:-1]):
    network = values["network"] | {"layers": change}
    (tmp_path / "config.json").write_text(json.dumps(values | {"network": network}))
    with pytest.raises(CheckpointError) as caught:
      load_checkpoint(tmp_path)
    assert "\n" not in str(caught.value)


def test_it_has_no_noise(generator):
  codes = generator.mean_latent("W+")[None]
  images = [generator.synthesize(codes, latent_space="W+", noise=n) for n in ("fixed", "random")]
  np.testing.assert_array_equal(*images)
  with pytest.raises(ConfigurationError, match="no noise inputs"):
    generator.noise_maps()
  assert generator.activation_bytes > 0


@pytest.mark.parametrize(
  ("change", "words"),
  [
    ({"size": 10**9}, r"layers\[1\].size is 1000000000"),
    ({"size": 40}, r"layers\[1\].size is 40, but"),
    ({"up": 4096}, r"layers\[1\].up is 4096"),
    ({"up": True}, r"layers\[1\].up is True"),
    ({"down": 0}, r"layers\[1\].down is 0"),
    ({"padding": (1, 2, 3, 4)}, r"layers\[1\].padding"),
    ({"padding": (10**9, 10**9)}, r"layers\[1\].padding"),
    ({"up_taps": 0}, "without a filter"),
    ({"down_taps": 10**6}, r"layers\[1\].down_taps"),
    ({"kernel": 99}, r"layers\[1\].kernel"),
    ({"radial": 1}, r"layers\[1\].radial"),
    ({"outputs": "8"}, r"layers\[1\].outputs is '8'"),
    ({"up": 16, "size": 4096, "padding": (16384, 16384), "outputs": 65536}, "layers"),
  ],
)
def test_impossible_layers_are_refused(config, change, words):
  layers = list(config.layers)
  layers[1] = dataclasses.replace(layers[1], **change)
  with pytest.raises(CheckpointError, match=words) as caught:
    dataclasses.replace(config, layers=tuple(layers))
  assert "\n" not in str(caught.value)


def test_more_features_than_any_memory_are_refused():
  wide = LayerGeometry(outputs=65536, size=8, up=16, up_taps=16, padding=(0, 0), down=16)
  with pytest.raises(CheckpointError, match="features in its middle"):
    dataclasses.replace(wide, size=1000, padding=(0, 15)).check("layer", 1000)


@pytest.mark.parametrize(
  ("change", "words"),
  [
    ({"bandwidth": 8.0}, "below half the sampling rate"),
    ({"input_size": 10**6}, "input_size is"),
    ({"sampling_rate": float("inf")}, "sampling_rate is inf"),
    ({"num_channels": 1}, "makes 3 channels"),
    ({"resolution": 32}, "it must make 3 of 32"),
    ({"output_scale": float("nan")}, "output_scale is nan"),
    ({"layers": ()}, "layers is"),
  ],
)
def test_impossible_configurations_are_refused(config, change, words):
  with pytest.raises(CheckpointError, match=words) as caught:
    dataclasses.replace(config, **change)
  assert "\n" not in str(caught.value)
