"""Configurations that ask for more than their file holds, and weights of an absurd scale."""

import json
import logging
import shutil

import numpy as np
import pytest
from safetensors.numpy import save

from privai_tf.attributes.classifier import load_classifier
from privai_tf.errors import CheckpointError
from privai_tf.generators import load_discriminator, load_generator
from privai_tf.generators.checkpoint import read_checkpoint, save_checkpoint
from privai_tf.generators.config import PGGANConfig, StyleGANDiscriminatorConfig
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.stylegan2.config import StyleGAN2Config
from privai_tf.inversion.encoder_storage import read_encoder


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
  """A checkpoint folder of the test's own."""
  return shutil.copytree(tiny_checkpoint, tmp_path / "tiny")


@pytest.fixture
def no_large_variables(monkeypatch):
  """Fails the test where a variable of more than 64 MB is made; none is made for a hostile file."""
  import keras

  make = keras.Variable.__init__

  def checked(self, initializer, shape=None, **options):
    size = np.prod(shape, dtype=float) if shape is not None else np.size(initializer)
    assert size < 16 << 20, shape
    make(self, initializer, shape, **options)

  monkeypatch.setattr(keras.Variable, "__init__", checked)


@pytest.mark.usefixtures("no_large_variables")
@pytest.mark.parametrize(
  "network",
  [
    {"mapping_fmaps": 65536, "mapping_layers": 64},
    {"latent_size": 65536, "dlatent_size": 65536},
    {"fmap_base": 1 << 30, "fmap_max": 65536},
    {"label_size": 1 << 40},
    {"resolution": 4096},
    PGGANConfig(fmap_base=1 << 30, fmap_max=65536).to_json(),
    StyleGAN2Config(resolution=32, channel_counts=(65536,) * 4).to_json(),
    {**MobileStyleGANConfig().to_json(), "latent_size": 65536, "dlatent_size": 65536},
  ],
  ids=["mapping", "latents", "maps", "labels", "resolution", "pggan", "stylegan2", "mobile"],
)
def test_a_network_that_its_file_cannot_fill_is_not_built(folder, network):
  path = folder / "config.json"
  content = json.loads(path.read_text())
  content["network"] = network if "family" in network else {**content["network"], **network}
  path.write_text(json.dumps(content))
  with pytest.raises(CheckpointError) as caught:
    load_generator(folder)
  assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("no_large_variables")
def test_nor_a_discriminator(tmp_path):
  config = StyleGANDiscriminatorConfig(fmap_base=1 << 30, fmap_max=65536)
  save_checkpoint(tmp_path, config, {"a": np.zeros(3)})
  with pytest.raises(CheckpointError, match="far larger network than the file"):
    load_discriminator(tmp_path)


@pytest.mark.usefixtures("no_large_variables")
@pytest.mark.parametrize(
  "network",
  [
    {"latent_space": "W", "code_shape": [65536], "hidden": 65536},
    {"latent_space": "W+", "code_shape": [18, 512], "hidden": 65536},
    {"latent_space": "W", "code_shape": [16], "width": 65536, "most": 65536},
    {"kind": "e4e", "latent_space": "W+", "code_shape": [18, 16384], "heads": 18},
    {"kind": "psp", "latent_space": "W", "code_shape": [512], "heads": 18, "channels": [16384] * 4},
  ],
)
def test_nor_an_encoder(network):
  from privai_tf.generators.room import require_room
  from privai_tf.inversion.encoder_kinds import config_from_json

  common = {"resolution": 256, "num_channels": 3, **network}
  config = config_from_json(common)
  with pytest.raises(CheckpointError, match="far larger network"):
    require_room(config.least_weights, {"hidden/kernel": np.zeros((4, 4), np.float32)})


def test_what_an_encoder_has_at_least_is_no_more_than_it_has():
  from privai_tf.inversion.encoder_network import EncoderConfig, build_network

  for config in (
    EncoderConfig(32, 3, "W", (16,), width=4, most=8, hidden=8),
    EncoderConfig(8, 3, "W+", (3, 5), width=7, most=4, hidden=9),
    EncoderConfig(512, 3, "Z", (6,), width=2, most=64, hidden=3),
  ):
    count = sum(np.size(weight) for weight in build_network(config).get_weights())
    assert 0 < config.least_weights <= count


def test_absurd_scales_are_said(folder, caplog):
  checkpoint = read_checkpoint(folder)
  weights = dict(checkpoint.weights)
  name = next(name for name in weights if name.endswith("conv0/weight"))
  with caplog.at_level(logging.WARNING):
    load_generator(folder)
    assert not caplog.records
    weights[name] = weights[name] * 1e4
    save_checkpoint(folder, checkpoint.config, weights)
    load_generator(folder)
  assert name in caplog.text
  assert "more than 1000 times" in caplog.text


def test_a_classifier_of_impossible_widths(tmp_path):
  import hashlib

  data = save({"logits/kernel": np.zeros((4, 1), np.float32)})
  (tmp_path / "weights.safetensors").write_bytes(data)
  content = {
    "format": "privai_tf attribute classifier",
    "weights_sha256": hashlib.sha256(data).hexdigest(),
    "attributes": ["smile"],
    "resolution": 64,
  }
  for channels in ([65536, 65536], ["x"], [-1, 3], [1 << 70], 7, None, [[]]):
    (tmp_path / "classifier.json").write_text(json.dumps({**content, "channels": channels}))
    with pytest.raises(CheckpointError) as caught:
      load_classifier(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_encoder_folder_of_an_impossible_description(tmp_path):
  (tmp_path / "encoder.json").write_text("[" * 100_000)
  with pytest.raises(CheckpointError) as caught:
    read_encoder(tmp_path)
  assert "\n" not in str(caught.value)
