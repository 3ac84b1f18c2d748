"""MobileStyleGAN against a plain evaluation in NumPy, and against OpenVINO where its files are at hand."""

import numpy as np
import pytest

from privai_tf.converters.mobilestylegan_files import convert_folder
from privai_tf.errors import CheckpointError, LatentSpaceError
from privai_tf.generators import load_generator, to_uint8
from privai_tf.generators.checkpoint import save_checkpoint
from privai_tf.generators.families import create_generator
from privai_tf.generators.load import load_discriminator
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from tests.converters.ir_writer import random_weights, write_ir


@pytest.fixture(scope="module")
def weights():
  return random_weights()


@pytest.fixture(scope="module")
def tiny(weights, tmp_path_factory):
  folder = tmp_path_factory.mktemp("mobilestylegan")
  write_ir(weights, folder / "ir")
  convert_folder(folder / "ir", folder / "checkpoint")
  return load_generator(folder / "checkpoint")


def _map(weights, z):
  x = z / np.sqrt((z**2).mean(axis=1, keepdims=True) + 1e-8)
  for weight, bias in weights["dense"]:
    x = x @ weight.T.astype(np.float64) + bias
    x = np.where(x >= 0, x, 0.2 * x) * np.sqrt(2)
  return x


def _haar(x):
  """The transform by its definition, channel by channel in the file's order."""
  channels, height, width = x.shape
  quarter = channels // 4
  result = np.zeros((quarter, 2 * height, 2 * width))
  for c in range(quarter):
    bands = [x[c], *(x[quarter + 3 * c + d] for d in range(3))]
    for u, v in np.ndindex(2, 2):
      s, t = 1 - 2 * u, 1 - 2 * v
      result[c, u::2, v::2] = 0.5 * (bands[0] + s * bands[1] + t * bands[2] + s * t * bands[3])
  return result


def _convolved(x, part, w, noise=None):
  style = part["style"].astype(np.float64) @ w + part["style_bias"]
  x = x * (part["scale"] * style)[:, None, None]
  height, width = x.shape[1:]
  padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
  windows = np.stack(
    [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)], 1
  )
  if part["dw"] is not None:
    x = np.einsum("ckhw,ck->chw", windows, part["dw"].reshape(-1, 9))
  if part["kernel"].shape[2] == 3:
    x = np.einsum("ckhw,ock->ohw", windows, part["kernel"].reshape(*part["kernel"].shape[:2], 9))
  else:
    x = np.einsum("chw,oc->ohw", x, part["kernel"][..., 0, 0])
  if noise is not None:
    x = x + noise
  return x + part["bias"][:, None, None]


def _leaky(x):
  return np.where(x >= 0, x, 0.2 * x)


def _image(weights, rows, noises):
  """float64 [R, R, colours] of one W+ code; `noises`: [r, r] for each convolution."""
  convs = weights["convs"]
  x = _leaky(_convolved(weights["const"][0], convs[0], rows[0], noises[0]))
  for k, (weight, bias) in enumerate(weights["ups"]):
    x = _haar(x * (weight.astype(np.float64) @ rows[2 * k + 1] + bias)[:, None, None])
    for half in (1, 2):
      index = 2 * k + half
      x = _leaky(_convolved(x, convs[index], rows[index], noises[index]))
  return _haar(_convolved(x, weights["to_img"], rows[-1])).transpose(1, 2, 0)


def _rows(tiny, count, seed=3):
  return (
    np.random.default_rng(seed).standard_normal((count, *tiny.code_shape("W+"))).astype(np.float32)
  )


def _stored(weights):
  return [part["noise"][0, 0] for part in weights["convs"]]


def test_mapping_equals_the_plain_evaluation(tiny, weights):
  z = tiny.sample_z(5, 0)
  np.testing.assert_allclose(tiny.map(z), _map(weights, z.astype(np.float64)), atol=2e-5)
  # Its length does not matter.
  np.testing.assert_allclose(tiny.map(3 * z), tiny.map(z), atol=2e-5)


def test_the_mean_is_that_of_the_stated_samples(tiny, weights):
  z = np.random.RandomState(12345).standard_normal((65536, 6)).astype(np.float32)
  expected = _map(weights, z.astype(np.float64)).mean(axis=0)
  np.testing.assert_allclose(tiny.mean_latent("W"), expected, atol=1e-5)
  w = tiny.map(z[:2])
  half = tiny.truncate(w)  # The package's default: half way, in all layers.
  np.testing.assert_allclose(half[:, 0], expected + 0.5 * (w - expected), atol=1e-5)
  assert (half == half[:, :1]).all()


@pytest.mark.parametrize("batch_size", [1, 3])
def test_images_equal_the_plain_evaluation(tiny, weights, batch_size):
  """One code at a time its styles go into kernels, several at a time into features."""
  rows = _rows(tiny, 3)
  images = tiny.synthesize(rows, latent_space="W+", batch_size=batch_size)
  expected = [_image(weights, row.astype(np.float64), _stored(weights)) for row in rows]
  assert images.shape == (3, 32, 32, 3)
  np.testing.assert_allclose(images, expected, atol=1e-4 * np.abs(expected).max())


def test_one_code_serves_all_rows(tiny):
  w = tiny.map(tiny.sample_z(2, 1))
  same = np.repeat(w[:, None], tiny.num_layers, axis=1)
  images = tiny.synthesize(w, latent_space="W")
  np.testing.assert_array_equal(images, tiny.synthesize(same, latent_space="W+"))
  np.testing.assert_allclose(
    images, tiny.synthesize(tiny.sample_z(2, 1), latent_space="Z"), atol=1e-4 * np.abs(images).max()
  )


def test_noise(tiny, weights):
  rows = _rows(tiny, 1)
  none = [np.zeros_like(values) for values in _stored(weights)]
  expected = _image(weights, rows[0].astype(np.float64), none)
  silent = tiny.synthesize(rows, latent_space="W+", noise="none")[0]
  np.testing.assert_allclose(silent, expected, atol=1e-4 * np.abs(expected).max())
  drawn = [tiny.synthesize(rows, latent_space="W+", noise="random", seed=s)[0] for s in (1, 1, 2)]
  np.testing.assert_array_equal(drawn[0], drawn[1])
  assert np.abs(drawn[0] - drawn[2]).max() > 1e-3
  # Random noise is as strong as the stored one.
  values = tiny._draw_noise(1, 0, 1)
  strong = [
    np.sqrt(np.mean(stored**2)) * new[0, ..., 0]
    for stored, new in zip(_stored(weights), values, strict=True)
  ]
  expected = _image(weights, rows[0].astype(np.float64), strong)
  np.testing.assert_allclose(drawn[0], expected, atol=1e-4 * np.abs(expected).max())
  given = tiny.synthesize_tensor(rows, "W+", tiny.noise_maps())
  fixed = tiny.synthesize(rows, latent_space="W+")
  np.testing.assert_allclose(given, fixed, atol=1e-4 * np.abs(fixed).max())
  assert (
    [m.shape[1] for m in tiny.noise_maps()] == [4, 8, 8, 16, 16] == list(tiny.noise_resolutions)
  )


def test_the_preview_is_the_box_mean(tiny):
  rows = _rows(tiny, 3)
  images = tiny.synthesize(rows, latent_space="W+")
  previews = np.concatenate(list(tiny.preview_batches(rows, latent_space="W+", batch_size=2)))
  expected = images.reshape(3, 16, 2, 16, 2, 3).mean(axis=(2, 4))
  np.testing.assert_allclose(previews, expected, atol=1e-5 * np.abs(images).max())
  w = tiny.map(tiny.sample_z(1, 0))
  (of_z,) = tiny.preview_batches(tiny.sample_z(1, 0), latent_space="Z")
  (of_w,) = tiny.preview_batches(w, latent_space="W")
  np.testing.assert_array_equal(of_z, of_w)


@pytest.mark.parametrize("recompute", [False, True])
def test_gradients(tiny, weights, recompute):
  import tensorflow as tf

  rows = tf.constant(_rows(tiny, 1))
  direction = np.random.default_rng(0).standard_normal(rows.shape).astype(np.float32)
  goal = np.random.default_rng(1).standard_normal((1, 32, 32, 3)).astype(np.float32)
  with tf.GradientTape() as tape:
    tape.watch(rows)
    loss = tf.reduce_sum(tiny.synthesize_tensor(rows, "W+", recompute=recompute) * goal)
  slope = float(tf.reduce_sum(tape.gradient(loss, rows) * direction))

  def value(step):
    moved = (rows.numpy() + step * direction)[0].astype(np.float64)
    return float((_image(weights, moved, _stored(weights)) * goal[0]).sum())

  step = 1e-4
  assert slope == pytest.approx((value(step) - value(-step)) / (2 * step), rel=1e-3)


def test_a_checkpoint_comes_back(tiny, tmp_path):
  save_checkpoint(tmp_path, tiny.config, tiny.weights())
  again = load_generator(tmp_path)
  assert again.config == tiny.config
  assert again.fingerprint == tiny.fingerprint
  assert (again.family, again.num_layers) == ("mobilestylegan", 6)
  with pytest.raises(CheckpointError):
    load_discriminator(tmp_path)
  with pytest.raises(LatentSpaceError):
    again.code_shape("S")


def test_xla_draws_the_same(tiny):
  rows = _rows(tiny, 2)
  compiled = create_generator(tiny.config, tiny.weights(), jit="on")
  expected = tiny.synthesize(rows, latent_space="W+")
  images = compiled.synthesize(rows, latent_space="W+")
  np.testing.assert_allclose(images, expected, atol=1e-4 * np.abs(expected).max())


def test_random_weights_draw_something():
  config = MobileStyleGANConfig(
    resolution=16, fmaps=(8, 8), latent_size=8, dlatent_size=8, mapping_fmaps=8
  )
  images = create_generator(config).synthesize(np.ones((2, 8), np.float32), latent_space="Z")
  assert images.shape == (2, 16, 16, 3)
  assert images.std() > 0


@pytest.mark.parametrize(
  "values",
  [{"fmaps": (8, 8)}, {"fmaps": (6, 8, 8)}, {"resolution": 8, "fmaps": (8,)}, {"fmaps": [8, 0, 8]}],
)
def test_impossible_configurations_are_refused(values):
  with pytest.raises(CheckpointError, match="fmaps"):
    MobileStyleGANConfig(**{"resolution": 32, **values})


def test_pixels_are_stylegan_s():
  images = np.linspace(-1.1, 1.1, 300, dtype=np.float32)
  np.testing.assert_array_equal(to_uint8(images, "mobilestylegan"), to_uint8(images, "stylegan"))
