"""The published MobileStyleGAN against OpenVINO. Tolerances: in float32 that is within 4e-5 of float64."""

import os
import pathlib
import zipfile

import numpy as np
import pytest

from privai_tf.converters.mobilestylegan_files import convert_folder
from privai_tf.converters.mobilestylegan_published import PUBLISHED
from privai_tf.generators import load_generator, to_uint8
from privai_tf.generators.mobilestylegan_config import haar_order

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


SHARED = pathlib.Path(os.environ.get("PRIVAI_SHARED", REPOSITORY.parent / "shared"))


REFERENCE = SHARED / "networks" / "mobilestylegan.npz"


WHEEL = os.environ.get("PRIVAI_RANDOM_FACE", "")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
  if not pathlib.Path(WHEEL).is_file() or not REFERENCE.is_file():
    pytest.skip(
      "PRIVAI_RANDOM_FACE names no random-face wheel, or the reference outputs are not there"
    )
  folder = tmp_path_factory.mktemp("published")
  with zipfile.ZipFile(WHEEL) as wheel:
    for name in PUBLISHED:
      (folder / name).write_bytes(wheel.read(f"random_face/data/{name}"))
  _, verified = convert_folder(folder, folder / "checkpoint")
  assert verified
  return load_generator(folder / "checkpoint")


@pytest.fixture(scope="module")
def reference():
  return np.load(REFERENCE)


def _close(images, reference, key, rows=slice(None)):
  """`images` NHWC against the crops and the means that are stored of KEY."""
  images = images.transpose(0, 3, 1, 2)
  crops = {"crop_tl": 0, "crop_c": 480, "crop_br": 960}
  found = {name: images[:, :, at : at + 64, at : at + 64] for name, at in crops.items()}
  found["down8"] = images.reshape(len(images), 3, 128, 8, 128, 8).mean(
    axis=(3, 5), dtype=np.float64
  )
  for name, values in found.items():
    difference = values - reference[f"{key}_{name}"][rows]
    assert np.abs(difference).max() < 2e-4, (key, name)
    assert np.sqrt((difference**2).mean()) < 5e-6, (key, name)


@pytest.mark.slow
def test_the_published_network_equals_openvino(published, reference):
  w = published.map(reference["z"])
  np.testing.assert_allclose(w, reference["w"], atol=2e-5, rtol=0)
  np.testing.assert_allclose(published.mean_latent("W"), reference["w_mean"], atol=2e-5, rtol=0)
  np.testing.assert_allclose(
    published.truncate(reference["w"][2:3])[:, 0],
    reference["codes_trunc"].reshape(1, 512),
    atol=2e-5,
    rtol=0,
  )
  images = published.synthesize(reference["w"][:2], latent_space="W")
  _close(images, reference, "images")
  pixels = to_uint8(images, "mobilestylegan")
  for key, values in (
    ("crop_c", pixels[:, 480:544, 480:544]),
    ("every8", pixels[:, 3::8, 3::8]),
  ):
    difference = np.abs(values.astype(int) - reference[f"images_uint8_{key}"])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3
  _close(published.synthesize(reference["wplus"], latent_space="W+"), reference, "images_wplus")
  silent = published.synthesize(reference["w"][:1], latent_space="W", noise="none")
  _close(silent, reference, "images_nonoise")
  truncated = published.synthesize(published.truncate(reference["w"][2:3]), latent_space="W+")
  _close(truncated, reference, "images_trunc")
  together = published.synthesize(reference["w"][:2], latent_space="W", batch_size=2)
  _close(together, reference, "images")
  (preview,) = published.preview_batches(reference["w"][:1], latent_space="W")
  np.testing.assert_allclose(
    preview[0], images[0].reshape(512, 2, 512, 2, 3).mean(axis=(1, 3)), atol=1e-5
  )


@pytest.mark.slow
def test_the_published_layers_equal_openvino(published, reference):
  """Styles and activations, in the file's order of channels."""
  w = reference["w"][:1]
  network = published.synthesis
  checked = 0
  for name, layer in _styles(network, published.config).items():
    (key,) = [k for k in reference.files if k.startswith("style.") and _same_style(k, name)]
    found, expected = np.asarray(layer(w))[0], reference[key].ravel()
    if name.endswith("up"):
      found = found[np.argsort(haar_order(len(found)))]
    # Ours holds the factor that follows.
    factor = (found @ expected) / (expected @ expected)
    np.testing.assert_allclose(found / factor, expected, atol=2e-5, rtol=2e-6)
    checked += 1
  assert checked == 23
  x = network.constant.weight
  for index, key in ((0, "act_4_0"), (1, "act_8_1"), (2, "act_8_2")):
    x = network._layer(index, x, w, [network.noises[index].values])
    found = np.asarray(x)[0].transpose(2, 0, 1)
    if index % 2 == 0:
      found = found[np.argsort(haar_order(len(found)))]
    np.testing.assert_allclose(found, reference[key].reshape(found.shape), atol=2e-4, rtol=0)


def _styles(network, config):
  styles = dict(zip(config.layer_names, (c.style for c in network.convolutions), strict=True))
  styles |= {f"{r}x{r}/up": up for r, up in zip(config.block_resolutions, network.ups, strict=True)}
  return {**styles, "to_img": network.to_img.style}


def _same_style(key, name):
  if name == "4x4/conv":
    return key in ("style.m.conv1.conv", "style.conv1.conv", "style.m.conv1")
  if name == "to_img":
    return "to_img" in key
  side, layer = name.split("/")
  block = int(side.split("x")[0]).bit_length() - 4
  return f"layers.{block}.{layer}" in key
