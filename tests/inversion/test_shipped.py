"""What lies beside the boundaries of a checkpoint's name serves it; releases take the path with codes."""

import shutil

import pytest

from privai_tf.errors import CheckpointError
from privai_tf.generators import load_generator
from privai_tf.inversion.encoder import CONFIG_FILE, Encoder, find_encoder
from privai_tf.inversion.encoder_network import EncoderConfig, build_network
from privai_tf.inversion.initialization import decided
from privai_tf.inversion.public_code_files import served_path
from privai_tf.inversion.public_codes import FOLDER, public_codes
from privai_tf.inversion.spec import InversionSpec
from tests.inversion.test_given_encoder import new_mobile

_W = InversionSpec(latent_space="W")


def _encoder(generator, fingerprint=None):
  config = EncoderConfig(generator.resolution, 3, "W", generator.code_shape("W"), 4, 8, 8)
  return Encoder(config, build_network(config, 1), fingerprint or generator.fingerprint, {})


@pytest.fixture
def generator(tiny_checkpoint, tmp_path, monkeypatch):
  """Of a checkpoint called "tiny" without anything beside it."""
  monkeypatch.chdir(tmp_path)
  return load_generator(shutil.copytree(tiny_checkpoint, tmp_path / "elsewhere" / "tiny"))


@pytest.fixture
def shipped(tmp_path):
  return tmp_path / "boundaries" / "tiny"


def test_an_encoder_beside_the_boundaries_is_found(generator, shipped):
  assert find_encoder(generator) is None
  _encoder(generator).save(shipped / "encoder")
  assert find_encoder(generator).digest == _encoder(generator).digest
  assert decided(_W, generator).init == "encoder"


def test_the_checkpoint_s_own_encoder_counts_first(generator, shipped):
  _encoder(generator, "1" * 64).save(generator.folder / "encoder")
  _encoder(generator).save(shipped / "encoder")
  with pytest.raises(CheckpointError, match="for another generator"):
    find_encoder(generator)


def test_an_encoder_of_other_weights_is_somebody_else_s(generator, shipped):
  _encoder(generator, "1" * 64).save(shipped / "encoder")
  assert find_encoder(generator) is None


def test_a_damaged_one_is_named(generator, shipped):
  _encoder(generator).save(shipped / "encoder")
  (shipped / "encoder" / CONFIG_FILE).write_text("{")
  with pytest.raises(CheckpointError, match="boundaries/tiny/encoder"):
    find_encoder(generator)


def test_a_release_takes_the_path_that_codes_are_shipped_for(generator, shipped, tmp_path):
  assert served_path(generator, _W) == _W  # No encoder.
  _encoder(generator).save(shipped / "encoder")
  assert served_path(generator, _W) == _W  # No codes.
  alone = InversionSpec(latent_space="W", steps=0)
  made = public_codes(generator, alone, count=3, folder=tmp_path / "cache")
  assert served_path(generator, _W) == _W  # They are this machine's.
  shutil.copytree(tmp_path / "cache", shipped / FOLDER)
  assert served_path(generator, _W) == alone
  assert public_codes(generator, alone).digest == made.digest
  assert served_path(generator, _W, count=4) == _W  # More than there are.
  asked = InversionSpec(latent_space="W", steps=2)
  assert served_path(generator, asked) == asked


def test_codes_of_the_search_itself_count_more(generator, shipped):
  _encoder(generator).save(shipped / "encoder")
  for steps in (0, None):
    spec = InversionSpec(latent_space="W", steps=steps)
    public_codes(generator, spec, count=2, folder=generator.folder / FOLDER)
  assert served_path(generator, _W) == _W


def test_mobilestylegan_s_photos_get_a_code_a_layer():
  mobile = new_mobile()
  spec = decided(InversionSpec(), mobile)
  assert (spec.latent_space, spec.init, spec.steps) == ("W+", "mean", 200)
  spec = decided(_W, mobile)
  assert (spec.latent_space, spec.steps) == ("W", 200)
  assert decided(InversionSpec(steps=7), mobile).steps == 7


def test_from_an_encoder_s_code_they_take_more_steps(tmp_path):
  mobile = new_mobile()
  mobile.folder = tmp_path
  _encoder(mobile).save(tmp_path / "encoder")
  assert decided(InversionSpec(), mobile).steps == 120
  assert decided(_W, mobile).steps == 50
