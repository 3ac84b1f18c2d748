"""Parts of e4e's and pSp's encoders: resizing, descriptions of networks, layers."""

import dataclasses

import keras
import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import CheckpointError
from privai_tf.inversion.encoder import Encoder, load_encoder
from privai_tf.inversion.encoder_kinds import config_from_json
from privai_tf.inversion.ir_se.config import IRSEConfig
from privai_tf.inversion.ir_se.layers import convolution
from privai_tf.inversion.ir_se.network import build_network
from privai_tf.inversion.ir_se.resampling import aligned_matrix, resized, smoothing_matrix

CONFIG = IRSEConfig("e4e", 8, "W+", (4, 6), 4, (2, 2, 2, 2), (1, 1, 1, 1))


@pytest.mark.parametrize("side", [1024, 300, 256, 32])
def test_pictures_are_resized_as_pil_does(side):
  picture = np.random.default_rng(1).random((side, side), np.float32)
  ours = np.asarray(resized(picture[None, :, :, None], smoothing_matrix(side, 256)))
  theirs = Image.fromarray(picture).resize((256, 256), Image.Resampling.BILINEAR)
  np.testing.assert_allclose(ours[0, :, :, 0], np.asarray(theirs), atol=1e-6)


def test_corners_stay():
  ramp = np.arange(4, dtype=np.float32)
  np.testing.assert_allclose(aligned_matrix(4, 8) @ ramp, np.linspace(0, 3, 8), atol=1e-6)


def test_stride_two_sees_a_border_before_and_none_after():
  images = keras.Input((4, 4, 1))
  network = keras.Model(images, convolution(images, 1, "c", stride=2, bias=False))
  # Each place is told by what the last tap sees: row 1, column 1 of the window that begins at -1.
  kernel = np.zeros((3, 3, 1, 1), np.float32)
  kernel[2, 2] = 1
  network.layers[-1].set_weights([kernel])
  x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
  np.testing.assert_array_equal(network(x)[0, :, :, 0], [[5, 7], [13, 15]])


def test_description_and_back():
  assert config_from_json(CONFIG.to_json()) == CONFIG


@pytest.mark.parametrize(
  "changes",
  [
    {"kind": "restyle"},
    {"heads": 3},  # fewer than rows
    {"heads": 1000},
    {"channels": (2, 2, 2)},
    {"channels": (2, 2, 2, 1 << 20)},
    {"squeezed": (1, 1, 1, 0)},
    {"latent_space": "Z"},
    {"latent_space": "W"},  # of codes with rows
    {"num_channels": 4},
    {"resolution": True},
    {"depth": 50},
  ],
)
def test_descriptions_out_of_range_are_refused(changes):
  with pytest.raises(CheckpointError, match="description"):
    config_from_json(CONFIG.to_json() | changes)


def test_stored_and_loaded_again(tmp_path):
  network = build_network(CONFIG)
  random = np.random.default_rng(1)
  for weight in network.weights:
    weight.assign(random.normal(0, 0.3, weight.shape))
  encoder = Encoder(CONFIG, network, "0" * 64, {"source": "e4e.pt"})
  encoder.save(tmp_path)
  again = load_encoder(tmp_path)
  assert (again.config, again.provenance) == (CONFIG, {"source": "e4e.pt"})
  assert again.digest == encoder.digest
  pictures = random.uniform(-1, 1, (2, 8, 8, 3))
  np.testing.assert_array_equal(again.encode(pictures), encoder.encode(pictures))
  other = dataclasses.replace(CONFIG, kind="psp")
  assert Encoder(other, network, "0" * 64, {}).digest != encoder.digest
  # Another description than the weights fit.
  text = (tmp_path / "config.json").read_text()
  (tmp_path / "config.json").write_text(text.replace('"heads": 4', '"heads": 5'))
  with pytest.raises(CheckpointError, match="do not fit its description") as caught:
    load_encoder(tmp_path)
  assert "\n" not in str(caught.value)
