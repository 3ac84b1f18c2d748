"""The VGG16 loss, with random weights in every file format that users may have."""

import hashlib
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.inversion import InversionSpec, invert, perceptual

KERAS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


@pytest.fixture(scope="module")
def network():
  keras.utils.set_random_seed(0)
  return keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))


def write_legacy(path, network, skip=(), extra=()):
  """The layout of the files that keras.applications downloads."""
  layers = [layer for layer in network.layers if layer.name not in skip]
  with h5py.File(path, "w") as file:
    file.attrs["layer_names"] = [layer.name.encode() for layer in layers] + [
      name.encode() for name in extra
    ]
    for layer in layers:
      group = file.create_group(layer.name)
      names = [f"{layer.name}_{kind}".encode() for kind in ("W_1:0", "b_1:0") if layer.weights]
      group.attrs["weight_names"] = names
      for name, weight in zip(names, layer.get_weights(), strict=True):
        group.create_dataset(name.decode(), data=weight)
    for name in extra:
      group = file.create_group(name)
      group.attrs["weight_names"] = [b"w"]
      group.create_dataset("w", data=np.zeros((3, 3), np.float32))


@pytest.fixture(scope="module")
def weights_file(network, tmp_path_factory):
  path = tmp_path_factory.mktemp("vgg") / KERAS_FILE
  write_legacy(path, network)
  return path


@pytest.fixture(scope="module")
def loss(weights_file):
  spec = InversionSpec(perceptual="vgg16", vgg16_weights=str(weights_file))
  return perceptual.perceptual_loss(spec, 64, 3)


@pytest.fixture(scope="module")
def images():
  return np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)


def test_features_are_those_of_keras_applications(network, loss, images):
  large = tf.image.resize(images, (224, 224))
  caffe = keras.applications.vgg16.preprocess_input((large.numpy() + 1) * 127.5)
  taps = [network.get_layer(name).output for name in perceptual.LAYERS]
  expected = keras.Model(network.input, taps)(caffe)
  found = loss.features(tf.constant(images))
  assert [list(f.shape[1:]) for f in found] == [
    [224, 224, 64],
    [224, 224, 64],
    [112, 112, 128],
    [112, 112, 128],
    [56, 56, 256],
    [56, 56, 256],
    [28, 28, 512],
    [14, 14, 512],
  ]
  for one, other in zip(found, expected, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3 * np.abs(other).max())


def test_distance(loss, images):
  goals = loss.features(tf.constant(images))
  np.testing.assert_allclose(loss.distance(tf.constant(images), goals), [0, 0], atol=1e-6)
  other = images.copy()
  other[1] *= -1
  found = loss.distance(tf.constant(other), goals).numpy()
  assert found[0] == pytest.approx(0, abs=1e-6)
  assert found[1] > 0.01


def test_layer_weights_select_layers(loss, images):
  image = tf.constant(images[:1])
  goals = loss.features(image)

  def distance(*weights):
    return perceptual.PerceptualLoss(loss._network, weights).distance(-image, goals).numpy()

  first = distance(1, 0, 0, 0, 0, 0, 0, 0)
  last = distance(0, 0, 0, 0, 0, 0, 0, 1)
  assert first != pytest.approx(last)
  np.testing.assert_allclose(
    distance(1, 0, 0, 0, 0, 0, 0, 3), 0.25 * first + 0.75 * last, rtol=1e-5
  )


def test_gradient(loss):
  """Along one random direction, in float32: finite differences agree to a few percent."""
  random = np.random.default_rng(1)
  point, goal = random.uniform(-0.5, 0.5, (2, 1, 8, 8, 3)).astype(np.float32)
  goals = loss.features(tf.constant(goal))
  variable = tf.constant(point)
  with tf.GradientTape() as tape:
    tape.watch(variable)
    value = loss.distance(variable, goals)
  gradient = tape.gradient(value, variable).numpy()
  direction = gradient / np.linalg.norm(gradient)
  ahead, behind = (float(loss.distance(point + s * direction, goals)[0]) for s in (0.02, -0.02))
  assert (ahead - behind) / 0.04 == pytest.approx(np.linalg.norm(gradient), rel=0.05)


def test_large_images_are_averaged_down(loss):
  board = np.indices((448, 448)).sum(axis=0) % 2 * 2.0 - 1
  board = np.broadcast_to(board[None, :, :, None], (1, 448, 448, 3)).astype(np.float32)
  grey = loss.features(tf.zeros((1, 448, 448, 3)))
  np.testing.assert_allclose(loss.distance(tf.constant(board), grey), [0], atol=1e-6)


@pytest.mark.very_slow
def test_inversion_with_it(tiny, weights_file):
  photos = tiny.synthesize(tiny.map(tiny.sample_z(1, seed=4)), "W")
  spec = InversionSpec(
    perceptual="vgg16",
    vgg16_weights=str(weights_file),
    pixel_weight=0.0,
    mean_weight=0.0,
    perceptual_weight=1.0,
    steps=5,
    learning_rate=0.7,
  )
  found = invert(photos, tiny, spec)
  assert found.losses[-1, 0] < 0.8 * found.losses[0, 0]


def test_files_with_the_classifier_on_top(network, tmp_path, images, loss):
  write_legacy(tmp_path / "full.h5", network, extra=["fc1", "predictions"])
  found = perceptual.load_network(str(tmp_path / "full.h5"), 0)
  expected = loss._network.get_weights()
  for one, other in zip(found.get_weights(), expected, strict=True):
    np.testing.assert_array_equal(one, other)


def test_new_format(network, tmp_path, loss):
  network.save_weights(tmp_path / "vgg.weights.h5")
  found = perceptual.load_network(str(tmp_path / "vgg.weights.h5"), 0)
  for one, other in zip(found.get_weights(), loss._network.get_weights(), strict=True):
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["text", "empty", "missing layer", "other shape", "not finite"])
def test_unusable_files(network, tmp_path, kind):
  path = tmp_path / "vgg.h5"
  if kind == "text":
    path.write_text("not a weights file")
  elif kind == "empty":
    path.write_bytes(b"")
  elif kind == "missing layer":
    write_legacy(path, network, skip=["block3_conv3"])
  else:
    write_legacy(path, network)
    with h5py.File(path, "a") as file:
      name = "block1_conv1/block1_conv1_W_1:0"
      value = file[name][:]
      del file[name]
      file[name] = value[:2] if kind == "other shape" else value * np.nan
  with pytest.raises(CheckpointError, match=r"vgg\.h5") as caught:
    perceptual.load_network(str(path), 0)
  assert "\n" not in str(caught.value)


class TestChoice:
  """Which loss a specification gives; nothing is ever downloaded."""

  @pytest.fixture(autouse=True)
  def _empty_cache(self, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def refuse(*_, **__):
      raise AssertionError("a download was tried")

    monkeypatch.setattr(keras.utils, "get_file", refuse)

  def test_auto_without_weights(self):
    assert perceptual.perceptual_loss(InversionSpec(), 1024, 3) is None

  def test_vgg16_without_weights(self, tmp_path):
    with pytest.raises(ConfigurationError, match=r"'download'.*perceptual='none'") as caught:
      perceptual.perceptual_loss(InversionSpec(perceptual="vgg16"), 1024, 3)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)

  def test_named_file_is_absent(self):
    spec = InversionSpec(vgg16_weights="/nowhere/vgg.h5")
    with pytest.raises(ConfigurationError, match=r"/nowhere/vgg\.h5"):
      perceptual.perceptual_loss(spec, 1024, 3)

  def test_grey_images(self):
    with pytest.raises(ConfigurationError, match="RGB"):
      perceptual.perceptual_loss(InversionSpec(perceptual="vgg16"), 1024, 1)

  @pytest.fixture
  def published(self, weights_file, monkeypatch):
    """As if the small file were the one that Keras publishes."""
    digest = hashlib.md5(Path(weights_file).read_bytes()).hexdigest()
    monkeypatch.setattr(perceptual, "_KERAS_NAMES", {KERAS_FILE: digest})

  def test_another_file_in_the_cache_is_not_even_opened_as_hdf5(self, tmp_path, weights_file):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / KERAS_FILE).symlink_to(weights_file)
    assert perceptual.find_weights(None) is None
    assert perceptual.perceptual_loss(InversionSpec(), 256, 3) is None

  @pytest.mark.usefixtures("published")
  def test_cache_of_keras(self, tmp_path, weights_file):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / KERAS_FILE).symlink_to(weights_file)
    assert perceptual.perceptual_loss(InversionSpec(), 256, 3) is not None
    assert perceptual.perceptual_loss(InversionSpec(), 64, 3) is None
    assert perceptual.perceptual_loss(InversionSpec(), 256, 1) is None
    assert perceptual.perceptual_loss(InversionSpec(perceptual="none"), 256, 3) is None
    assert perceptual.perceptual_loss(InversionSpec(perceptual_weight=0.0), 256, 3) is None
    assert perceptual.perceptual_loss(InversionSpec(perceptual="vgg16"), 64, 3) is not None

  @pytest.mark.usefixtures("published")
  def test_download_on_request(self, tmp_path, weights_file, monkeypatch):
    """Keras is asked once, and only where it has no copy yet."""
    asked = []

    def fetch(**options):
      asked.append(options)
      (tmp_path / "models").mkdir()
      (tmp_path / "models" / KERAS_FILE).symlink_to(weights_file)

    monkeypatch.setattr(keras.applications, "VGG16", fetch)
    for _ in range(2):
      assert perceptual.find_weights("download") == tmp_path / "models" / KERAS_FILE
    assert asked == [{"include_top": False, "weights": "imagenet"}]

  def test_download_that_fails(self, monkeypatch):
    def fail(**_):
      try:
        raise OSError("no route to host")
      except OSError:
        raise Exception("URL fetch failure:\nNone -- no route to host")  # noqa: B904  As Keras does.

    monkeypatch.setattr(keras.applications, "VGG16", fail)
    with pytest.raises(ConfigurationError, match="cannot download") as caught:
      perceptual.find_weights("download")
    assert "\n" not in str(caught.value)

  def test_defect_in_the_download_keeps_its_traceback(self, monkeypatch):
    def fail(**_):
      raise TypeError("a defect")

    monkeypatch.setattr(keras.applications, "VGG16", fail)
    with pytest.raises(TypeError, match="a defect"):
      perceptual.find_weights("download")
