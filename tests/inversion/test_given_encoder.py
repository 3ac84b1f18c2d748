"""An encoder that the user names: for which generators, as what, and how a run remembers it."""

import json

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.generators import load_generator
from privai_tf.generators.checkpoint import save_checkpoint
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.mobilestylegan_generator import MobileStyleGANGenerator
from privai_tf.generators.stylegan2.config import StyleGAN2Config
from privai_tf.generators.stylegan2.generator import StyleGAN2Generator
from privai_tf.inversion import InversionSpec, find_codes
from privai_tf.inversion.encoder import Encoder
from privai_tf.inversion.encoder_network import EncoderConfig, build_network
from privai_tf.inversion.given_encoder import given_encoder
from privai_tf.inversion.initialization import decided
from privai_tf.inversion.public_codes import public_codes
from privai_tf.inversion.settings import recorded
from privai_tf.privacy.spec import PrivacySpec
from tests.converters.encoder_writer import WIDTH, checkpoint
from tests.converters.torch_writer import TorchWriter

PSP = {"encoder_type": "GradualStyleEncoder", "output_size": 8, "start_from_latent_avg": True}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
  """An e4e checkpoint of 4 rows."""
  path = tmp_path_factory.mktemp("e4e") / "e4e.pt"
  path.write_bytes(checkpoint(TorchWriter()))
  return path


def new_generator(**fields):
  """A StyleGAN2 with random weights that the file knows nothing of."""
  channels = {8: (4, 4), 4: (4,), 16: (4, 4, 4)}[fields.get("resolution", 8)]
  values = {"resolution": 8, "dlatent_size": WIDTH, "channel_counts": channels} | fields
  return StyleGAN2Generator(
    StyleGAN2Config(latent_size=8, mapping_fmaps=8, mapping_layers=1, label_size=0, **values)
  )


def new_mobile():
  """A MobileStyleGAN with random weights that takes as many rows."""
  widths = {"latent_size": 8, "dlatent_size": WIDTH, "mapping_fmaps": 8, "mapping_layers": 1}
  return MobileStyleGANGenerator(MobileStyleGANConfig(resolution=16, fmaps=(8, 4), **widths))


@pytest.fixture(scope="module")
def generator():
  return new_generator()


@pytest.fixture(scope="module")
def mobile():
  return new_mobile()


@pytest.fixture(params=["generator", "mobile"])
def each_family(request):
  return request.getfixturevalue(request.param)


def pictures_of(generator):
  images = generator.synthesize(generator.sample_z(3, seed=1), latent_space="Z")
  return np.clip(images, -1, 1)


def test_codes_for_each_family(file, each_family):
  pictures = pictures_of(each_family)
  spec = InversionSpec(latent_space="W+", steps=0, encoder=str(file))
  assert find_codes(pictures, each_family, spec).shape == (3, 4, WIDTH)


def test_rows_are_as_many_as_the_generator_has(file):
  small = new_generator(resolution=4)
  encoder = given_encoder(file, small).serving("W+", small.num_layers)
  assert encoder.encode(pictures_of(small)).shape == (3, 2, WIDTH)


def test_a_generator_of_another_kind_is_refused(file, generator, mobile, tiny):
  for other, reason in (
    (tiny, "serves StyleGAN2 and MobileStyleGAN, but the checkpoint is a stylegan"),
    (new_generator(dlatent_size=5), "gives w of 6 numbers, but the checkpoint's has 5"),
    (new_generator(resolution=16), "gives 4 rows of W+, but the checkpoint has 6"),
    (new_generator(num_channels=1), "reads colours, but the checkpoint draws 1 channels"),
  ):
    with pytest.raises(ConfigurationError, match="the checkpoint") as caught:
      decided(InversionSpec(encoder=str(file)), other)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
  with pytest.raises(ConfigurationError, match="gives no codes in Z"):
    decided(InversionSpec(encoder=str(file), latent_space="Z"), generator)
  with pytest.raises(ConfigurationError, match="no encoder at"):
    decided(InversionSpec(encoder=str(file) + "x"), generator)
  with pytest.raises(ConfigurationError, match="init is 'mean'"):
    InversionSpec(encoder=str(file), init="mean")
  # One of another family that shares the form is one of the same W, as far as files can tell.
  assert decided(InversionSpec(encoder=str(file)), mobile).init == "encoder"


def test_an_encoder_that_was_trained_here(tiny, tmp_path):
  config = EncoderConfig(tiny.resolution, 3, "W", (8,), 4, 8, 8)
  encoder = Encoder(config, build_network(config, 1), tiny.fingerprint, {})
  encoder.save(tmp_path / "mine")
  spec = InversionSpec(latent_space="W", steps=0, encoder=str(tmp_path / "mine"))
  pictures = tiny.synthesize(tiny.sample_z(2, seed=1), "Z")
  np.testing.assert_array_equal(find_codes(pictures, tiny, spec), encoder.encode(pictures))
  Encoder(config, build_network(config, 1), "1" * 64, {}).save(tmp_path / "other")
  with pytest.raises(CheckpointError, match="trained for another generator"):
    decided(InversionSpec(encoder=str(tmp_path / "other")), tiny)


def test_records_name_it_by_hash_and_never_by_path(file, generator, tmp_path):
  spec = InversionSpec(latent_space="W", steps=0, encoder=str(file))
  values = recorded(spec, generator)
  assert values["encoder"]["name"] == "e4e.pt"
  assert len(values["encoder"]["sha256"]) == 64
  assert str(file.parent) not in json.dumps(values)
  assert "encoder" not in recorded(InversionSpec(latent_space="W"), generator)
  # The same weights as pSp's make other codes: another release path.
  (tmp_path / "e4e.pt").write_bytes(checkpoint(TorchWriter(), PSP))
  other = InversionSpec(latent_space="W", steps=0, encoder=str(tmp_path / "e4e.pt"))
  assert recorded(other, generator)["encoder"] != values["encoder"]
  (tmp_path / "copy.pt").write_bytes(file.read_bytes())
  copy = InversionSpec(latent_space="W", steps=0, encoder=str(tmp_path / "copy.pt"))
  paths = [
    public_codes(generator, used, count=2, folder=tmp_path / "codes").release_path
    for used in (spec, other, copy)
  ]
  assert paths[0] == paths[2] != paths[1]


@pytest.mark.usefixtures("one_generator")
def test_a_job_with_it(file, mobile, job_on_codes, tmp_path):
  from privai_tf import pipeline

  folder = tmp_path / "checkpoint"
  save_checkpoint(folder, mobile.config, mobile.weights())
  np.save(folder / "smile_w_boundary.npy", np.eye(1, WIDTH, dtype=np.float32))
  (tmp_path / "in").mkdir()
  pixels = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
  for index, picture in enumerate(pixels):
    Image.fromarray(picture).save(tmp_path / "in" / f"{index}.png")
  job = job_on_codes(
    0,
    checkpoint=str(folder),
    attributes=(str(folder / "smile_w_boundary.npy"),),
    input_latents=None,
    input=str(tmp_path / "in"),
    faces=FaceSpec(align="none"),
    inversion=InversionSpec(latent_space="W", steps=0, encoder=str(file)),
    privacy=PrivacySpec(epsilon=1.0, noise_seed=7, calibration_count=100),
  )
  summary = pipeline.run(job)
  assert (len(summary.released), summary.failures) == (2, ())
  run = (tmp_path / "out" / "run.json").read_text()
  assert json.loads(run)["configuration"]["inversion"]["encoder"]["name"] == "e4e.pt"
  assert str(file.parent) not in run
  assert load_generator(folder).fingerprint == mobile.fingerprint
