"""Encoders: files that are checked, codes of the right shape, and inversions that start from them."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.errors import CheckpointError, ConfigurationError, InputError
from privai_tf.generators import load_generator
from privai_tf.inversion import InversionSpec, find_codes, invert, optimizer
from privai_tf.inversion.encoder import Encoder, find_encoder, load_encoder
from privai_tf.inversion.encoder_network import EncoderConfig, build_network, read_weights
from privai_tf.inversion.initialization import decided


def new_encoder(generator, latent_space: str) -> Encoder:
  """An untrained encoder."""
  config = EncoderConfig(
    generator.resolution, 3, latent_space, generator.code_shape(latent_space), 4, 8, 8
  )
  return Encoder(config, build_network(config, 1), generator.fingerprint, {"seed": 1})


@pytest.fixture
def folder(tmp_path, tiny):
  new_encoder(tiny, "W").save(tmp_path / "encoder")
  return tmp_path / "encoder"


@pytest.mark.parametrize(("space", "shape"), [("W", (8,)), ("W+", (3, 8)), ("Z", (8,))])
def test_round_trip(tmp_path, tiny, space, shape):
  encoder = new_encoder(tiny, space)
  encoder.save(tmp_path)
  again = load_encoder(tmp_path, tiny)
  images = tiny.synthesize(tiny.sample_z(5, seed=1), "Z")
  codes = encoder.encode(images)
  assert codes.dtype == np.float32
  assert codes.shape == (5, *shape)
  np.testing.assert_array_equal(again.encode(images), codes)
  np.testing.assert_allclose(again.encode(images[3:4]), codes[3:4], atol=1e-6)
  assert again.latent_space == space
  assert again.generator_fingerprint == tiny.fingerprint
  assert again.provenance == {"seed": 1}
  if space == "Z":
    np.testing.assert_allclose(np.mean(codes**2, axis=1), 1.0, atol=1e-4)


def test_encode_tensor_can_be_traced(tiny):
  encoder = new_encoder(tiny, "W")
  images = tiny.synthesize(tiny.sample_z(3, seed=1), "Z")
  traced = tf.function(encoder.encode_tensor)
  np.testing.assert_allclose(traced(images), encoder.encode(images), atol=1e-6)


def test_values_outside_the_range_of_photos_are_clipped(tiny):
  encoder = new_encoder(tiny, "W")
  images = np.full((1, 16, 16, 3), 1.4, np.float32)
  np.testing.assert_array_equal(encoder.encode(images), encoder.encode(np.ones_like(images)))


@pytest.mark.parametrize("resolution", [8, 64, 512])
def test_network_of_any_resolution(resolution):
  config = EncoderConfig(resolution, 3, "W", (512,))
  network = build_network(config)
  assert network.output_shape == (None, 512)
  assert 4 * network.count_params() < (6e6 if resolution <= 64 else 8e6)
  # Colour images of a colour alone: the network must see the colour.
  images = np.ones((2, resolution, resolution, 3), np.float32) * [[[[0.5]]], [[[-0.5]]]]
  red, blue = network(images)
  assert np.abs(red - blue).max() > 1e-4


def test_same_seed_same_network():
  config = EncoderConfig(16, 3, "W", (8,))
  first, same, other = (read_weights(build_network(config, seed)) for seed in (1, 1, 2))
  for name in first:
    np.testing.assert_array_equal(first[name], same[name])
  assert not np.array_equal(first["code/kernel"], other["code/kernel"])


def test_other_shapes_are_refused(tiny):
  with pytest.raises(InputError, match="16, 16, 3"):
    new_encoder(tiny, "W").encode(np.zeros((1, 32, 32, 3), np.float32))


def test_wrong_generator_is_refused_by_name(folder, tiny, monkeypatch):
  assert load_encoder(folder).generator_fingerprint == tiny.fingerprint
  monkeypatch.setattr(tiny, "fingerprint", "1" * 64, raising=False)
  with pytest.raises(CheckpointError, match="encoder was trained for another generator") as caught:
    load_encoder(folder, tiny)
  assert str(folder) in str(caught.value)
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors"])
@pytest.mark.parametrize("damage", ["absent", "empty", "truncated"])
def test_damaged_files_are_refused(folder, tiny, name, damage):
  data = (folder / name).read_bytes()
  (folder / name).unlink()
  if damage != "absent":
    (folder / name).write_bytes(data[: len(data) // 2] if damage == "truncated" else b"")
  with pytest.raises(CheckpointError, match="train_encoder") as caught:
    load_encoder(folder, tiny)
  assert name in str(caught.value)


@pytest.mark.parametrize(
  ("old", "new"),
  [
    ('"resolution": 16', '"resolution": 17'),
    ('"resolution": 16', '"resolution": 32'),
    ('"width": 4', '"width": "4"'),
    ('"width": 4', '"depth": 4'),
    ('"latent_space": "W"', '"latent_space": "W+"'),
    ('"format_version": 1', '"format_version": 2'),
    ('"privai_tf encoder"', '"privai_tf network"'),
  ],
)
def test_odd_descriptions_are_refused(folder, old, new):
  path = folder / "config.json"
  text = path.read_text()
  assert old in text
  path.write_text(text.replace(old, new))
  if (old, new) == ('"resolution": 16', '"resolution": 32'):
    # One more convolution than there are weights for.
    match = "do not fit"
  else:
    match = "damaged|format version"
  with pytest.raises(CheckpointError, match=match):
    load_encoder(folder)


@pytest.fixture
def checkpoint(tmp_path, tiny_checkpoint):
  """A copy that an encoder may be put into."""
  return shutil.copytree(tiny_checkpoint, tmp_path / "tiny")


def photos(generator, count: int) -> np.ndarray:
  """Images of a generator, none of them beyond white."""
  images = generator.synthesize(generator.sample_z(count, seed=1), latent_space="Z")
  return np.clip(images, -1, 1)


def test_inversion_finds_the_encoder_of_its_checkpoint(checkpoint):
  generator = load_generator(checkpoint)
  assert generator.folder == checkpoint
  images = photos(generator, 2)
  assert find_encoder(generator) is None
  with pytest.raises(ConfigurationError, match="train_encoder"):
    invert(images, generator, InversionSpec(init="encoder"))
  encoder = new_encoder(generator, "W")
  encoder.save(checkpoint / "encoder")
  assert find_encoder(generator) is find_encoder(generator)
  # So small a rate that the codes stay where they started.
  spec = InversionSpec(steps=1, learning_rate=1e-9)
  codes = encoder.encode(images)
  for init in ("auto", "encoder"):
    found = invert(images, generator, dataclasses.replace(spec, init=init))
    np.testing.assert_allclose(found.latents, codes, atol=1e-4)
  layered = invert(images, generator, dataclasses.replace(spec, latent_space="W+"))
  np.testing.assert_allclose(layered.latents, np.repeat(codes[:, None], 8, axis=1), atol=1e-4)
  mean = invert(images, generator, dataclasses.replace(spec, init="mean"))
  np.testing.assert_allclose(mean.latents, generator.mean_latent("W")[None].repeat(2, 0), atol=1e-4)
  with pytest.raises(ConfigurationError, match="no encoder for Z"):
    invert(images, generator, dataclasses.replace(spec, init="encoder", latent_space="Z"))


def test_no_steps_take_the_encoders_code_as_it_is(checkpoint):
  generator = load_generator(checkpoint)
  images = photos(generator, 3)
  with pytest.raises(ConfigurationError, match=r"steps=0 .* init is mean"):
    invert(images, generator, InversionSpec(steps=0))
  encoder = new_encoder(generator, "W")
  encoder.save(checkpoint / "encoder")
  found = invert(images, generator, InversionSpec(steps=0, batch_size=2))
  np.testing.assert_allclose(found.latents, encoder.encode(images), atol=1e-4)
  expected = generator.synthesize(found.latents, latent_space="W")
  np.testing.assert_allclose(found.images, expected, atol=1e-4)
  assert found.losses.shape == (1, 3)
  assert found.steps.tolist() == [0, 0, 0]


def test_codes_alone_are_those_of_the_inversion(checkpoint, monkeypatch):
  generator = load_generator(checkpoint)
  images = photos(generator, 3)
  new_encoder(generator, "W").save(checkpoint / "encoder")
  for space in ("W", "W+"):
    for steps in (0, 2):
      spec = InversionSpec(latent_space=space, steps=steps, perceptual="none")
      found = invert(images, generator, spec).latents
      np.testing.assert_allclose(find_codes(images, generator, spec), found, atol=1e-4)
  monkeypatch.setattr(optimizer, "invert", lambda *_: pytest.fail("drew what nobody asked for"))
  find_codes(images, generator, InversionSpec(steps=0))
  with pytest.raises(InputError, match="cannot be inverted"):
    find_codes(images[:, :-1], generator, InversionSpec(steps=0))


def test_steps_follow_from_the_start(checkpoint):
  generator = load_generator(checkpoint)
  before = decided(InversionSpec(), generator)
  assert (before.init, before.steps) == ("mean", 200)
  new_encoder(generator, "W").save(checkpoint / "encoder")
  after = decided(InversionSpec(), generator)
  assert (after.init, after.steps) == ("encoder", 50)
  assert decided(InversionSpec(steps=7), generator).steps == 7
  assert decided(InversionSpec(init="mean"), generator).steps == 200
  in_z = decided(InversionSpec(latent_space="Z"), generator)
  assert (in_z.init, in_z.steps) == ("best_of:64", 200)
