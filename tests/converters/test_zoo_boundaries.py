"""InterFaceGAN's 39 boundary files: all load, and none in the wrong place."""

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.converters.zoo import read_zoo
from privai_tf.errors import LatentSpaceError

BOUNDARIES = [file for file in read_zoo() if file.kind == "boundary"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  """Files of the published names, shape and type; only the numbers are ours."""
  folder = tmp_path_factory.mktemp("boundaries")
  random = np.random.default_rng(0)
  for file in BOUNDARIES:
    normal = random.normal(size=(1, 512))
    np.save(folder / file.name, (normal / np.linalg.norm(normal)).astype(np.float32))
  return folder


@pytest.mark.parametrize("file", BOUNDARIES, ids=lambda file: file.name)
def test_each_loads_for_its_space_and_no_other(folder, file):
  # The name alone says it: no companion, no space asked for.
  boundary = Boundary.load(folder / file.name)
  assert boundary.latent_space == file.space
  assert boundary.name == file.attribute
  assert boundary.width == 512
  assert Boundary.load(folder / file.name, latent_space=file.space).latent_space == file.space
  wrong = {"Z": "W", "W": "Z"}[file.space]
  with pytest.raises(LatentSpaceError, match=f"is for latent space {file.space}, not {wrong}"):
    Boundary.load(folder / file.name, latent_space=wrong)
  if file.space == "W":
    assert Boundary.load(folder / file.name, latent_space="W+").latent_space == "W"
  else:
    with pytest.raises(LatentSpaceError, match="is for latent space Z, not W"):
      Boundary.load(folder / file.name, latent_space="W+")


def test_there_are_39(folder):
  assert len(list(folder.glob("*.npy"))) == len(BOUNDARIES) == 39


def test_other_names_state_no_space(tmp_path):
  """A user's own file may be called anything; only the published names are known to be for Z."""
  path = tmp_path / "stylegan_ffhq_beard_boundary.npy"
  np.save(path, np.ones((1, 512), np.float32))
  assert Boundary.load(path, latent_space="W").latent_space == "W"
  with pytest.raises(LatentSpaceError, match="does not say which latent space"):
    Boundary.load(path)


def test_wrong_use_is_refused_by_name(folder, tmp_path):
  age = Boundary.load(folder / "stylegan_ffhq_age_w_boundary.npy", latent_space="W")
  with pytest.raises(LatentSpaceError, match=r"'age' has 512 numbers and the latents have shape"):
    age.coordinate(np.zeros((4, 256)))
  with pytest.raises(LatentSpaceError, match=r"'age' is for latent space W and .* from Z"):
    age.require_space("Z", 512)
  stack = tmp_path / "stylegan_ffhq_age_w_boundary.npy"
  np.save(stack, np.zeros((18, 512), np.float32))
  with pytest.raises(
    LatentSpaceError, match=r"shape \(18, 512\).*give one plane, shape \(1, 512\)"
  ):
    Boundary.load(stack, latent_space="W")
  z = Boundary.load(folder / "pggan_celebahq_age_c_gender_boundary.npy")
  with pytest.raises(LatentSpaceError, match="'age_c_gender' is for latent space Z"):
    z.require_space("W", 512)
