"""LPIPS by hand, from files of the published forms with random weights."""

import json

import keras
import numpy as np
import pytest
import safetensors.numpy
import tensorflow as tf

from privai_tf.converters import lpips_weights
from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.inversion import InversionSpec, invert, lpips
from privai_tf.inversion.perceptual import perceptual_loss
from privai_tf.inversion.quality import quality_report


@pytest.fixture(scope="module")
def arrays():
  """He's initialization, so that features neither vanish nor explode."""
  random = np.random.default_rng(0)
  result = {}
  for name, inputs, outputs in lpips_weights.LAYERS:
    kernel = random.normal(0, np.sqrt(2 / (9 * inputs)), (3, 3, inputs, outputs))
    result[f"{name}/kernel"] = kernel.astype(np.float32)
    result[f"{name}/bias"] = random.normal(0, 0.1, outputs).astype(np.float32)
  for name, channels in lpips_weights.TAPS:
    result[f"{name}/head"] = random.uniform(0, 1, channels).astype(np.float32)
  return result


@pytest.fixture(scope="module")
def weights_file(arrays, tmp_path_factory):
  path = tmp_path_factory.mktemp("lpips") / "lpips.safetensors"
  lpips_weights.write_lpips(lpips_weights.LpipsWeights(arrays, "torchvision", ("a.pth",)), path)
  return path


@pytest.fixture(scope="module")
def spec(weights_file):
  return InversionSpec(perceptual="lpips", lpips_weights=str(weights_file))


@pytest.fixture(scope="module")
def images():
  return np.random.default_rng(1).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)


def features_by_hand(arrays, images):
  """VGG16 layer by layer, after ImageNet's normalization on [0, 1]."""
  x = ((images + 1) / 2 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
  x = tf.constant(x, tf.float32)
  taps = []
  for name, _, _ in lpips_weights.LAYERS:
    if name.endswith("conv1") and name != "block1_conv1":
      x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    x = tf.nn.relu(tf.nn.conv2d(x, arrays[f"{name}/kernel"], 1, "SAME") + arrays[f"{name}/bias"])
    if name in dict(lpips_weights.TAPS):
      taps.append(x.numpy())
  return taps


def test_distance_by_hand(arrays, spec, images):
  loss = perceptual_loss(spec, 32, 3)
  found = loss.distance(tf.constant(images), loss.features(tf.constant(images[::-1].copy())))
  expected = 0.0
  for (tap, _), one in zip(lpips_weights.TAPS, features_by_hand(arrays, images), strict=True):
    unit = one / np.sqrt(np.sum(one**2, axis=-1, keepdims=True) + 1e-10)
    squares = (unit - unit[::-1]) ** 2 * arrays[f"{tap}/head"]
    expected += squares.sum(axis=-1).mean(axis=(1, 2))
  np.testing.assert_allclose(found, expected, rtol=1e-3)
  assert float(found[0]) == pytest.approx(float(found[1]), rel=1e-4)
  same = loss.distance(tf.constant(images), loss.features(tf.constant(images)))
  np.testing.assert_allclose(same, [0, 0], atol=1e-9)


def test_preprocessings(arrays, images, tmp_path):
  """Caffe's: BGR on [0, 255] less the mean; the first layer then shows what came in."""
  path = tmp_path / "caffe.safetensors"
  lpips_weights.write_lpips(lpips_weights.LpipsWeights(arrays, "caffe", ()), path)
  loss = lpips.load_lpips(str(path), 0)
  first = loss.features(tf.constant(images))[0] / np.sqrt(arrays["block1_conv2/head"])
  expected = keras.applications.vgg16.preprocess_input((images + 1) * 127.5)
  for name in ("block1_conv1", "block1_conv2"):
    expected = tf.nn.relu(
      tf.nn.conv2d(expected, arrays[f"{name}/kernel"], 1, "SAME") + arrays[f"{name}/bias"]
    )
  expected = expected / tf.norm(expected, axis=-1, keepdims=True)
  np.testing.assert_allclose(first, expected, atol=1e-3)


def test_large_images_are_averaged_down():
  board = np.indices((512, 512)).sum(axis=0) % 2 * 2.0 - 1
  board = np.broadcast_to(board[None, :, :, None], (1, 512, 512, 3)).astype(np.float32)
  np.testing.assert_allclose(
    lpips._reduced(tf.constant(board)), np.zeros((1, 256, 256, 3)), atol=1e-7
  )


def test_as_loss_and_as_figure(tiny, spec, weights_file):
  photos = tiny.synthesize(tiny.map(tiny.sample_z(2, seed=4)), "W")
  settings = {"steps": 20, "steps_per_call": 10, "init": "mean", "lpips_weights": str(weights_file)}
  seen = InversionSpec(perceptual="lpips", perceptual_weight=1.0, pixel_weight=0.0, **settings)
  found = invert(photos, tiny, seen)
  assert (found.losses[-1] < 0.8 * found.losses[0]).all()
  report = quality_report(found, photos, tiny, seen)
  start = quality_report(
    invert(photos, tiny, InversionSpec(perceptual="none", learning_rate=1e-9, **settings)),
    photos,
    tiny,
    seen,
  )
  for after, before in zip(report, start, strict=True):
    assert 0 < after.lpips < before.lpips


class TestRefusals:
  def test_no_weights(self):
    with pytest.raises(ConfigurationError, match=r"converters\.perceptual"):
      perceptual_loss(InversionSpec(perceptual="lpips"), 64, 3)

  def test_absent(self):
    with pytest.raises(ConfigurationError, match="/nowhere"):
      perceptual_loss(InversionSpec(perceptual="lpips", lpips_weights="/nowhere/x"), 64, 3)

  @pytest.mark.parametrize(("side", "channels"), [(8, 3), (64, 1)])
  def test_images(self, spec, side, channels):
    with pytest.raises(ConfigurationError, match="RGB"):
      perceptual_loss(spec, side, channels)

  @pytest.mark.parametrize("kind", ["text", "no heads", "other", "negative", "nan"])
  def test_files(self, arrays, tmp_path, kind):
    changed = dict(arrays)
    described = {"format": lpips.FORMAT, "preprocessing": "torchvision"}
    if kind == "no heads":  # Features of equal weight are not LPIPS.
      changed = {name: value for name, value in arrays.items() if not name.endswith("head")}
    elif kind == "other":
      described["format"] = "privai_tf encoder"
    elif kind == "negative":
      changed["block1_conv2/head"] = -arrays["block1_conv2/head"]
    elif kind == "nan":
      changed["block1_conv1/bias"] = arrays["block1_conv1/bias"] * np.nan
    path = tmp_path / "x.safetensors"
    data = safetensors.numpy.save(changed, {"privai_tf": json.dumps(described)})
    path.write_bytes(b"text" if kind == "text" else data)
    with pytest.raises(CheckpointError, match=r"x\.safetensors") as caught:
      lpips.load_lpips(str(path), 0)
    assert "\n" not in str(caught.value)


def test_perceptual_none_and_lpips_take_no_vgg16_file():
  for mode in ("none", "lpips"):
    with pytest.raises(ConfigurationError, match="vgg16_weights"):
      InversionSpec(perceptual=mode, vgg16_weights="a.h5")
