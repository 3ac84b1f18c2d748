"""Names are looked for where users keep things: here, in their data folder, beside the package."""

import subprocess
import sys

import numpy as np
import pytest

from privai_tf.errors import CheckpointError, InputError
from privai_tf.runtime import search_path


@pytest.fixture
def places(tmp_path, monkeypatch):
  """The current folder and the data folder, both empty."""
  here, data = tmp_path / "here", tmp_path / "data"
  here.mkdir()
  data.mkdir()
  monkeypatch.chdir(here)
  monkeypatch.setenv("PRIVAI_DATA_DIR", str(data))
  return here, data


def _is_file(path):
  return path.is_file()


def _make(folder, name, text):
  path = folder / "boundaries" / name
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(text)
  return path


def test_the_current_folder_comes_first_then_the_user_s_then_the_package_s(places, repository):
  here, data = places
  assert search_path.search_path("boundaries")[2] == repository / "boundaries"
  name = "avatars/smile_w_boundary.npy"
  assert search_path.found("boundaries", name, _is_file) == repository / "boundaries" / name
  own = _make(data, name, "")
  assert search_path.found("boundaries", name, _is_file) == own
  nearest = _make(here, name, "")
  assert search_path.found("boundaries", name, _is_file) == nearest
  assert search_path.found("boundaries", "avatars/none.npy", _is_file) is None


def test_each_name_and_place_is_told_once(places, repository, monkeypatch):
  monkeypatch.chdir(repository)
  assert search_path.where_looked("checkpoints").count(str(repository)) == 1
  names = search_path.names("boundaries", "avatars/*_w_boundary.npy")
  assert len(names) == len(set(names)) == 5


def test_the_data_folder_follows_the_desktop_s_rule(monkeypatch, tmp_path):
  monkeypatch.delenv("PRIVAI_DATA_DIR", raising=False)
  monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
  assert search_path.search_path("checkpoints")[1] == tmp_path / "privai_tf" / "checkpoints"


def test_what_a_command_wrote_here_is_found_by_name(places, tiny_checkpoint):
  """README's recipe: convert into checkpoints/NAME, train into boundaries/NAME, use both by name."""
  from privai_tf.attributes.boundary import Boundary
  from privai_tf.generators import load_generator
  from privai_tf.generators.places import available_checkpoints

  here, _ = places
  (here / "checkpoints").mkdir()
  (here / "checkpoints" / "mine").symlink_to(tiny_checkpoint)
  assert load_generator("mine").resolution == 32
  assert {"mine", "avatars"} <= set(available_checkpoints())
  plane = Boundary(np.ones(16), latent_space="W", name="hat")
  (here / "boundaries" / "mine").mkdir(parents=True)
  plane.save(here / "boundaries" / "mine" / "hat_w_boundary.npy")
  assert Boundary.load("mine/hat", latent_space="W+").name == "hat"


def test_refusals_say_where_was_looked(places):
  from privai_tf.attributes.boundary import Boundary
  from privai_tf.generators import load_generator

  here, data = places
  with pytest.raises(CheckpointError) as refused:
    load_generator("nobody")
  for place in (here, data):
    assert f"{place}/checkpoints" in str(refused.value)
  with pytest.raises(InputError) as refused:
    Boundary.load("mine/hat", latent_space="W")
  assert f"{here}/boundaries" in str(refused.value)


def test_finding_a_checkpoint_needs_no_tensorflow(repository):
  code = (
    "import sys; from privai_tf.generators.places import checkpoint_place; "
    "checkpoint_place('avatars'); print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
  )
  result = subprocess.run(
    [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False
  )
  assert result.stdout.strip() == "[]", result.stderr
