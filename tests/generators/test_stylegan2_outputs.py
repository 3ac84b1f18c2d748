"""Parity with the original code of StyleGAN2, ADA (TensorFlow) and ADA (PyTorch), from the files' bytes on.

The limits stand with the data: several times the rounding of the original float32 code.
"""

import numpy as np
import pytest

from privai_tf.generators import load_discriminator, load_generator, to_uint8
from tests.generators.network_files import network_files  # noqa: F401 - a fixture

CROPS = {"tl": slice(0, 64), "c": slice(480, 544), "br": slice(960, 1024)}
TENSORFLOW = ("sg2_tiny", "sg2_orig", "sg2_revised", "ada_labels")
PYTORCH = ("adapt_tiny", "adapt_labels")
CASES = [(name, variant) for name in TENSORFLOW for variant in (None, "easydict")]
CASES += [(name, variant) for name in PYTORCH for variant in (None, "modern", "old_dtype")]


def close(images, expected, largest=1e-4, root_mean_square=2e-5):
  error = images.astype(np.float64) - expected
  assert np.abs(error).max() <= largest
  assert np.sqrt(np.mean(error**2)) <= root_mean_square


def first_channels(images):
  return images.transpose(0, 3, 1, 2)


@pytest.mark.parametrize(("config", "variant"), CASES)
def test_outputs(config, variant, network_files):  # noqa: F811
  arrays, path = network_files.arrays(config), network_files.path(config, variant)
  generator = load_generator(path)
  assert generator.family == "stylegan2"
  labels = arrays.get("labels")
  w = generator.map(arrays["z"], labels)
  np.testing.assert_allclose(w, arrays["w"], atol=4e-5, rtol=1e-5)

  def drawn(codes, noise="fixed"):
    return first_channels(generator.synthesize(codes, latent_space="W+", noise=noise))

  if config in PYTORCH:
    own, judged = generator.truncate(w, 0.7), "images_psi07"
    codes = generator.truncate(w, 0.7, 4)
    np.testing.assert_allclose(codes, arrays["ws_psi07_cut4"], atol=4e-5, rtol=1e-5)
    close(drawn(generator.truncate(w), "none"), arrays["images_nonoise"])
  else:
    own, judged = generator.truncate(w), "images"
    np.testing.assert_allclose(own, arrays["dlatents"], atol=4e-5, rtol=1e-5)
  images = drawn(own)
  close(images, arrays[judged])
  close(drawn(generator.truncate(w, 1.0)), arrays["images_psi1"])
  close(drawn(generator.truncate(w, 0.7, 4)), arrays["images_psi07_cut4"])
  close(drawn(arrays["wplus"]), arrays["images_wplus"])
  pixels = to_uint8(images.transpose(0, 2, 3, 1), generator.family)
  difference = np.abs(pixels.astype(int) - arrays["images_uint8"])
  assert difference.max() <= 1
  assert np.mean(difference > 0) < 1e-3

  critic = load_discriminator(path)
  same = arrays[judged].transpose(0, 2, 3, 1)
  eight = np.concatenate([same, 0.5 * same[:, :, ::-1]])
  twice = None if labels is None else np.concatenate([labels, labels])
  one = None if labels is None else labels[:1]
  for name, batch, batch_labels in (
    ("scores", same, labels),
    ("scores_b1", same[:1], one),
    ("scores_b8", eight, twice),
  ):
    scores = critic(batch, batch_labels)
    np.testing.assert_allclose(scores, arrays[name], atol=3e-5, rtol=1e-5, err_msg=name)


@pytest.mark.very_slow
def test_the_whole_architecture(network_files):  # noqa: F811
  arrays, path = network_files.arrays("sg2_full"), network_files.path("sg2_full")
  generator = load_generator(path)
  w = generator.map(arrays["z"])
  np.testing.assert_allclose(w, arrays["w"], atol=4e-5, rtol=1e-5)
  images = generator.synthesize(generator.truncate(w), latent_space="W+")
  for name, drawn in (
    ("images", images),
    ("images_wplus", generator.synthesize(arrays["wplus"], latent_space="W+")),
  ):
    drawn = first_channels(drawn).astype(np.float64)
    boxes = drawn.reshape(1, 3, 128, 8, 128, 8).mean(axis=(3, 5))
    close(boxes, arrays[f"{name}_down8"], 2e-4, 5e-5)
    for key, crop in CROPS.items():
      close(drawn[:, :, crop, crop], arrays[f"{name}_crop_{key}"], 2e-4, 5e-5)
  scores = load_discriminator(path)(images)
  np.testing.assert_allclose(scores, arrays["scores"], atol=5e-4)
