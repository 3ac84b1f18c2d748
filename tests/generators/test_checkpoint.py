"""Checkpoint folders: what is saved comes back; what is damaged is refused by its right name."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from privai_tf.errors import CheckpointError, OutputError
from privai_tf.generators import load_discriminator, load_generator
from privai_tf.generators.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from privai_tf.generators.config import (
  PGGANConfig,
  PGGANDiscriminatorConfig,
  StyleGANConfig,
  StyleGANDiscriminatorConfig,
)
from privai_tf.generators.discriminator import Discriminator
from privai_tf.runtime import search_path


@pytest.fixture
def folder(tmp_path, small_generator):
  path = tmp_path / "small"
  save_checkpoint(path, small_generator.config, small_generator.weights(), {"licence": "ours"})
  return path


def test_round_trip(folder, small_generator):
  loaded = load_generator(folder)
  assert loaded.config == small_generator.config
  assert loaded.fingerprint == small_generator.fingerprint
  assert loaded.provenance["licence"] == "ours"
  z = loaded.sample_z(2, seed=0)
  np.testing.assert_array_equal(
    loaded.synthesize(z, latent_space="Z"), small_generator.synthesize(z, latent_space="Z")
  )
  assert load_checkpoint(folder).fingerprint == loaded.fingerprint
  assert sorted(path.name for path in folder.iterdir()) == ["config.json", "weights.safetensors"]


@pytest.mark.parametrize(
  "config",
  [
    StyleGANConfig(resolution=512, lod=1.5, truncation_psi=None, blur_filter=None),
    PGGANConfig(fused_scale=False, latent_size=100),
    StyleGANDiscriminatorConfig(label_size=4, mbstd_group_size=8),
    PGGANDiscriminatorConfig(num_channels=1),
  ],
)
def test_configurations_survive_json(config):
  values = json.loads(json.dumps(config.to_json(), allow_nan=False))
  assert type(config).from_json(values) == config


@pytest.mark.parametrize(
  "values",
  [
    {"resolution": 100},
    {"resolution": 2},
    {"resolution": True},
    {"resolution": 1 << 20},
    {"num_channels": 0},
    {"fmap_max": 1.5},
    {"fused_scale": "maybe"},
    {"lod": float("nan")},
    {"lod": -1},
    {"label_size": -1},
    {"latent_size": 0},
    {"mapping_layers": 0},
    {"nonlinearity": "tanh"},
    {"truncation_psi": "much"},
    {"colour": 1},
  ],
)
def test_impossible_configurations_are_refused(values):
  with pytest.raises(CheckpointError, match=next(iter(values))):
    StyleGANConfig.from_json(values)


def test_names_of_variables_that_do_not_fit(folder, small_generator):
  weights = small_generator.weights()
  weights["synthesis/extra"] = np.zeros(3, np.float32)
  weights["mapping/dense0/bias"] = np.zeros(3, np.float32)
  del weights["synthesis/8x8/conv0/weight"]
  save_checkpoint(folder, small_generator.config, weights)
  with pytest.raises(CheckpointError) as caught:
    load_generator(folder)
  message = str(caught.value)
  assert "missing synthesis/8x8/conv0/weight" in message
  assert "surplus synthesis/extra" in message
  assert "misshapen mapping/dense0/bias: (3,), not (14,)" in message
  assert "\n" not in message


def test_damage_is_refused(folder):
  weights, config = folder / "weights.safetensors", folder / "config.json"
  good = weights.read_bytes()
  weights.write_bytes(good[:-4])
  with pytest.raises(CheckpointError, match="SHA-256"):
    load_generator(folder)
  save_file({"a": np.zeros(2, np.float32)}, weights)
  with pytest.raises(CheckpointError, match="SHA-256"):
    load_generator(folder)
  weights.unlink()
  with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
    load_generator(folder)
  weights.write_bytes(good)
  values = json.loads(config.read_text())
  for text, words in (
    ("{", "not JSON"),
    ("[]", "does not describe"),
    (json.dumps(values | {"format_version": 99}), "99"),
    (json.dumps(values | {"network": {"family": "x", "role": "y"}}), "unknown kind"),
    (json.dumps(values | {"network": values["network"] | {"lod": -1}}), "lod"),
  ):
    config.write_text(text)
    with pytest.raises(CheckpointError, match=words):
      load_generator(folder)


def test_a_failed_save_leaves_the_old_checkpoint(folder, small_generator):
  with pytest.raises(OutputError, match="not plain JSON"):
    save_checkpoint(folder, small_generator.config, {}, {"when": object()})
  assert read_checkpoint(folder).weights.keys() == small_generator.weights().keys()


def test_names_and_folders_are_found(folder, tmp_path, monkeypatch, small_generator):
  monkeypatch.setattr(search_path, "search_path", lambda kind: (tmp_path,))
  assert load_generator("small").fingerprint == small_generator.fingerprint
  assert load_generator(folder / "config.json").fingerprint == small_generator.fingerprint
  with pytest.raises(CheckpointError, match=r"nobody does not exist; looked in .*\(small\)"):
    load_generator("nobody")
  with pytest.raises(CheckpointError, match="not a discriminator"):
    load_discriminator("small")
  critic = Discriminator(StyleGANDiscriminatorConfig(resolution=8, fmap_base=32, fmap_max=8))
  save_checkpoint(tmp_path / "both" / "D", critic.config, critic.weights())
  save_checkpoint(tmp_path / "both" / "Gs", small_generator.config, small_generator.weights())
  assert load_discriminator("both").fingerprint == critic.fingerprint
  assert load_generator("both").fingerprint == small_generator.fingerprint


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, small_generator, value):
  weights = {name: np.array(array) for name, array in small_generator.weights().items()}
  name = sorted(weights)[3]
  weights[name].flat[0] = value
  save_checkpoint(tmp_path / "broken", small_generator.config, weights)
  with pytest.raises(CheckpointError, match=f"holds NaN or infinity in {name}") as refused:
    load_generator(tmp_path / "broken")
  assert "\n" not in str(refused.value)
