"""Attributes before and after: by the classifier of the checkpoint, and along the boundaries."""

import shutil

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import CheckpointError
from privai_tf.jobs import attribute_changes
from privai_tf.jobs.attribute_changes import AttributeChanges, classifier_of

_PIXELS = np.stack([np.full((4, 4, 3), shade, np.uint8) for shade in (0, 255)])
_CODES = np.array([[3.0, 0.0], [-1.0, 2.0]])


class _Brightness:
  """Says of "smile" how bright a picture is, and of "age" how dark."""

  attributes = ("smile", "age")

  def probabilities(self, images):
    bright = (images.mean(axis=(1, 2, 3)) + 1) / 2
    return np.stack([bright, 1 - bright], axis=1)


@pytest.fixture
def with_classifier(monkeypatch):
  monkeypatch.setattr(attribute_changes, "classifier_of", lambda checkpoint: _Brightness())


def _read(boundaries, originals=_PIXELS, codes=_CODES):
  return AttributeChanges("none", boundaries).read(originals, _PIXELS[::-1], codes, -codes)


def _boundary(name):
  return Boundary(np.array([1.0, 0.0]), -1.0, name=name)


def test_without_a_classifier_the_distance_from_the_boundary_is_told():
  first, second = _read([_boundary("smile")])
  assert first == {"smile": {"hidden": True, "coordinate": [2.0, -4.0]}}
  assert second == {"smile": {"hidden": True, "coordinate": [-2.0, 0.0]}}


def test_of_several_layers_the_mean_counts():
  layered = np.stack([_CODES, np.add(_CODES, [2.0, 0.0])], axis=1)
  first, _ = _read([_boundary("smile")], codes=layered)
  assert first["smile"]["coordinate"] == [3.0, -5.0]


@pytest.mark.usefixtures("with_classifier")
def test_the_classifier_tells_of_what_was_hidden_and_of_the_rest():
  first, _ = _read([_boundary("smile_c_age")])
  assert first["smile_c_age"] == {
    "hidden": True,
    "coordinate": [2.0, -4.0],
    "probability": [0.0, 1.0],
  }
  assert first["age"] == {"hidden": False, "probability": [1.0, 0.0]}


@pytest.mark.usefixtures("with_classifier")
def test_of_a_subspace_what_its_directions_hide_together_is_shown():
  first, _ = _read([_boundary("smile_1"), _boundary("smile_2")])
  shown = {name: known for name, known in first.items() if known["hidden"]}
  assert shown == {"smile": {"hidden": True, "probability": [0.0, 1.0]}}
  assert first["smile_2"]["coordinate"] == [2.0, -4.0]


@pytest.mark.usefixtures("with_classifier")
def test_where_the_whole_face_is_hidden_so_is_every_attribute():
  first, _ = _read([])
  assert all(known["hidden"] for known in first.values())
  assert set(first) == {"smile", "age"}
  # Codes have no photo in which anything could show.
  assert _read([], originals=None) == [{}, {}]


def test_a_checkpoints_classifier_lies_beside_it(repository, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  assert classifier_of("avatars").attributes == ("age", "eyeglasses", "gender", "pose", "smile")
  assert classifier_of("mobilestylegan-ffhq") is None
  assert classifier_of(str(tmp_path / "mine")) is None
  shutil.copytree(repository / "checkpoints" / "avatars_classifier", tmp_path / "mine_classifier")
  assert classifier_of(f"{tmp_path / 'mine'}/").resolution == 64
  (tmp_path / "mine_classifier" / "weights.safetensors").write_bytes(b"")
  with pytest.raises(CheckpointError, match="mine_classifier"):
    classifier_of(str(tmp_path / "mine"))
