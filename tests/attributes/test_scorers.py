"""Calibration, training and loading of attribute classifiers, on problems of seconds."""

import json

import numpy as np
import pytest

from privai_tf.attributes.classifier import AttributeClassifier, build_network, load_classifier
from privai_tf.attributes.scorers.backbones import SMALL, build_backbone, preprocess
from privai_tf.attributes.scorers.calibration import (
  Calibration,
  expected_calibration_error,
  fit_calibration,
  measured,
)
from privai_tf.attributes.scorers.loading import load_scorer
from privai_tf.attributes.scorers.scorer import Scorer, columns, odds_to_probabilities
from privai_tf.attributes.scorers.training import ClassifierSpec, split_rows, train_classifier
from privai_tf.errors import CheckpointError, ConfigurationError, InputError


def _odds(count, seed):
  """True log odds, and labels drawn by them."""
  random = np.random.default_rng(seed)
  odds = random.normal(0, 2, (count, 1))
  return odds, (random.random((count, 1)) < odds_to_probabilities(odds)).astype(np.float32)


def test_calibration_error():
  # In one bin: 60% said, 100% true.
  assert expected_calibration_error(np.full(10, 0.6), np.ones(10, bool)) == pytest.approx(0.4)
  # Half of the pictures right by 0.1, half wrong by 0.3.
  said = np.array([0.9] * 10 + [0.2] * 10)
  true = np.array([True] * 8 + [False] * 2 + [True] * 5 + [False] * 5)
  assert expected_calibration_error(said, true) == pytest.approx(0.2)
  assert expected_calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0
  assert expected_calibration_error(np.zeros(0), np.zeros(0, bool)) == 0


def test_calibration_undoes_overconfidence_and_a_shift():
  odds, present = _odds(4000, 0)
  found = fit_calibration(4 * odds + 3, present)
  # Standard errors of the logistic regression: 0.01 and 0.05 here; five of them.
  assert found.slopes[0] == pytest.approx(0.25, abs=0.05)
  assert found.intercepts[0] == pytest.approx(-0.75, abs=0.25)
  odds, present = _odds(4000, 1)
  (figures,) = measured(4 * odds + 3, present, found)
  # 15 bins of 4000 labels: about 0.02 of chance.
  assert figures["calibration_error"] < 0.04
  assert figures["calibration_error_before"] > 0.15
  assert figures["images"] == 4000


def test_calibration_leaves_alone_what_it_cannot_better():
  odds, present = _odds(40, 2)
  unknown = np.full_like(present, np.nan)
  few = np.where(np.arange(40)[:, np.newaxis] < 36, 0, present)
  nothing = fit_calibration(np.hstack([odds, odds]), np.hstack([unknown, few]))
  assert nothing == Calibration.identity(2)
  # Separable: softened targets would pull sure logits back.
  sure = np.where(np.arange(40) < 20, 8.0, -8.0)[:, np.newaxis]
  assert fit_calibration(sure, (sure > 0).astype(np.float32)) == Calibration.identity(1)
  # The wrong way round: never turned, which would hide a mistake in the labels.
  odds, present = _odds(500, 3)
  assert fit_calibration(-odds, present) == Calibration.identity(1)


def test_figures_leave_unknown_labels_out():
  logits = np.array([[2.0], [1.0], [-1.0], [3.0]])
  present = np.array([[1.0], [0.0], [0.0], [np.nan]])
  (figures,) = measured(logits, present, Calibration.identity(1))
  assert figures["images"] == 3
  assert figures["accuracy"] == pytest.approx(2 / 3, abs=1e-4)
  assert figures["balanced_accuracy"] == pytest.approx(0.75)
  (figures,) = measured(logits, np.full_like(present, np.nan), Calibration.identity(1))
  assert figures["accuracy"] is None


def test_columns():
  assert columns(("Wearing_Hat", "smile"), ("smile", "wearing-hat")) == [1, 0]
  with pytest.raises(ConfigurationError, match="'beard'; it knows smile"):
    columns(("smile",), ("beard",))


def test_calibrated_classifier_round_trip(tmp_path):
  network = build_network(16, (4, 8), 3)
  calibration = Calibration((0.5, 1.0, 2.0), (1.0, 0.0, -1.0))
  names = ("age", "smile", "hat")
  saved = AttributeClassifier(network, names, {"seed": 1}, calibration=calibration)
  saved.save(tmp_path / "it")
  loaded = load_scorer(tmp_path / "it")
  assert isinstance(loaded, Scorer)
  images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype(np.float32)
  logits = loaded.logits(images)
  np.testing.assert_allclose(logits, saved.logits(images), atol=1e-6)
  np.testing.assert_allclose(
    loaded.scores(images), logits * [0.5, 1, 2] + [1, 0, -1], rtol=1e-5, atol=1e-6
  )
  np.testing.assert_allclose(
    loaded.probabilities(images), 1 / (1 + np.exp(-loaded.scores(images))), rtol=1e-5
  )
  assert loaded.fingerprint == saved.fingerprint
  chosen = load_scorer(tmp_path / "it", ("hat", "age"))
  assert chosen.attributes == ("hat", "age")
  np.testing.assert_allclose(chosen.scores(images), loaded.scores(images)[:, [2, 0]], atol=1e-6)
  assert chosen.select(("age",)).scores(images).shape == (3, 1)
  with pytest.raises(ValueError, match="cannot be saved"):
    chosen.save(tmp_path / "part")
  values = json.loads((tmp_path / "it" / "classifier.json").read_text())
  for change in ({"calibration": {"slopes": [1], "intercepts": [0]}}, {"channels": [4]}):
    (tmp_path / "it" / "classifier.json").write_text(json.dumps(values | change))
    with pytest.raises(CheckpointError, match="damaged"):
      load_classifier(tmp_path / "it")


def test_the_shipped_classifier_is_a_scorer():
  scorer = load_scorer("avatars_classifier", ("smile",))
  assert scorer.attributes == ("smile",)
  assert load_scorer("avatars").attributes == load_classifier("avatars").attributes


def _problem(count=160, seed=0):
  """Pictures whose left half is bright or not, and whose right half is: two attributes."""
  random = np.random.default_rng(seed)
  present = random.integers(0, 2, (count, 2)).astype(np.float32)
  pictures = random.integers(60, 120, (count, 16, 16, 3)).astype(np.uint8)
  for row, (left, right) in enumerate(present):
    pictures[row, :, :8] += np.uint8(90 * left)
    pictures[row, :, 8:] += np.uint8(90 * right)
  return pictures, present


SPEC = ClassifierSpec(
  ("left", "right"), resolution=16, epochs=6, batch_size=16, held_out=0.25, seed=3
)


class Stopped(Exception):
  """What stops a training in a test."""


def test_training_learns_and_a_stopped_one_goes_on_as_if_it_had_not(tmp_path):
  pictures, present = _problem()
  steps = []
  whole = train_classifier(pictures, present, SPEC, progress=lambda *step: steps.append(step))
  assert steps[-1] == (42, 42)  # 120 pictures, 7 batches of 16, 6 epochs
  figures = whole.provenance["held_out_figures"]
  for name in ("left", "right"):
    # 20 pictures, and a difference that is plain to see: measured at 1.0.
    assert figures[name]["accuracy"] >= 0.9
  assert whole.provenance["pictures"] == {"train": 120, "calibrate": 20, "measure": 20}

  def stop(done, _):
    if done == 24:  # three steps after the third epoch's state
      raise Stopped

  state = tmp_path / "state.safetensors"
  with pytest.raises(Stopped):
    train_classifier(pictures, present, SPEC, state_path=state, progress=stop)
  again = []
  resumed = train_classifier(
    pictures, present, SPEC, state_path=state, progress=lambda *step: again.append(step)
  )
  assert again[0] == (22, 42)
  for one, other in zip(whole.network.get_weights(), resumed.network.get_weights(), strict=True):
    np.testing.assert_allclose(one, other, atol=1e-5)
  state.write_bytes(b"no state")
  with pytest.raises(CheckpointError, match="is damaged"):
    train_classifier(pictures, present, SPEC, state_path=state)


def test_unknown_labels_train_nothing():
  pictures, present = _problem(80)
  present[::2, 0] = np.nan
  spec = ClassifierSpec(("left", "right"), resolution=16, epochs=1, batch_size=8, held_out=0.5)
  figures = train_classifier(pictures, present, spec).provenance["held_out_figures"]
  assert figures["left"]["images"] < figures["right"]["images"] == 20


@pytest.mark.slow
def test_a_backbone_of_keras(tmp_path):
  """MobileNet learns from two dozen pictures, and its file gives the same scores."""
  pictures, present = _problem(48)
  pictures = pictures.repeat(2, axis=1).repeat(2, axis=2)
  spec = ClassifierSpec(
    ("left", "right"), "MobileNet", resolution=32, epochs=1, batch_size=12, held_out=0.4
  )
  classifier = train_classifier(pictures, present, spec)
  classifier.save(tmp_path)
  loaded = load_scorer(tmp_path)
  assert loaded.backbone == "MobileNet"
  images = pictures[:4] / np.float32(127.5) - 1
  np.testing.assert_allclose(loaded.scores(images), classifier.scores(images), atol=1e-5)
  # A backbone's weights file, as --weights=PATH takes it.
  import keras

  base = keras.applications.MobileNet(
    weights=None, include_top=False, pooling="avg", input_shape=(32, 32, 3)
  )
  base.save_weights(tmp_path / "notop.weights.h5")
  build_backbone("MobileNet", 32, 1, str(tmp_path / "notop.weights.h5"))
  (tmp_path / "bad.weights.h5").write_bytes(b"no weights")
  with pytest.raises(InputError, match="does not fit MobileNet"):
    build_backbone("MobileNet", 32, 1, str(tmp_path / "bad.weights.h5"))


def test_backbones_get_what_they_were_made_for():
  images = np.array([-1.0, 0.0, 1.0], np.float32).reshape(1, 1, 3, 1).repeat(3, 3)
  np.testing.assert_array_equal(preprocess(SMALL, images), images)
  np.testing.assert_allclose(preprocess("MobileNetV2", images + 0), images, atol=1e-6)
  np.testing.assert_allclose(
    preprocess("MobileNetV3Small", images + 0)[0, 0, :, 0], [0, 127.5, 255], atol=1e-4
  )
  # ResNet50: blue first, ImageNet's means taken off.
  np.testing.assert_allclose(
    preprocess("ResNet50", images + 0)[0, 0, 0], [-103.939, -116.779, -123.68], atol=1e-3
  )


@pytest.mark.parametrize(
  ("options", "words"),
  [
    ({"attributes": ()}, "name each of them once"),
    ({"attributes": ("a", "a")}, "name each of them once"),
    ({"weights": "imagenet"}, "leave weights out"),
    ({"resolution": 2}, "at least 4 for small"),
    ({"backbone": "MobileNet", "resolution": 16}, "at least 32 for MobileNet"),
    ({"epochs": 0}, "epochs=0"),
    ({"held_out": 1.0}, "held_out=1"),
    ({"learning_rate": -1.0}, "learning_rate=-1"),
  ],
)
def test_settings_that_make_no_sense(options, words):
  with pytest.raises(ConfigurationError, match=words):
    ClassifierSpec(**({"attributes": ("a",)} | options))


def test_networks_that_there_are_not():
  with pytest.raises(ConfigurationError, match=r"neither 'small' nor in keras\.applications"):
    build_backbone("Resnet", 64, 1)
  with pytest.raises(ConfigurationError, match="Xception cannot take images of 32 x 32"):
    build_backbone("Xception", 32, 1)
  with pytest.raises(InputError, match="is no file; use none, imagenet or a path"):
    build_backbone("MobileNet", 32, 1, "absent.h5")


def test_labels_that_do_not_suffice():
  pictures, present = _problem(40)
  present[:, 1] = 0
  with pytest.raises(InputError, match="pictures to train with is with 'right'"):
    split_rows(present, SPEC)
  with pytest.raises(InputError, match="do not fit together"):
    train_classifier(pictures, present[:, :1], SPEC)
