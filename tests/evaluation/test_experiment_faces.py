"""Faces of the experiments: balanced, tested once each, and drawn again as they were."""

import numpy as np
import pytest

from privai_tf.errors import InputError
from privai_tf.evaluation.experiments.faces import attributes_of, balanced, folds
from privai_tf.inversion.public_codes import public_pictures


def test_a_blind_guess_is_right_half_of_the_time():
  labels = np.random.default_rng(0).random(500) < 0.3
  rows = balanced(labels, 400, seed=1)
  assert len(set(rows)) == len(rows) == 2 * labels.sum()
  assert labels[rows].mean() == 0.5
  assert len(balanced(labels, 100)) == 100
  with pytest.raises(InputError, match="15 of 500 faces"):
    balanced(np.arange(500) < 15, 400)


def test_every_face_is_tested_once_by_attackers_that_never_saw_it():
  labels = np.arange(101) % 2 == 0
  tested = []
  for train, test in folds(labels, seed=3):
    assert not set(train) & set(test)
    assert len(train) + len(test) == 101
    assert abs(labels[test].mean() - 0.5) < 0.02
    tested += list(test)
  assert sorted(tested) == list(range(101))


def test_pictures_are_drawn_again_by_row(tiny_checkpoint):
  import privai_tf

  generator = privai_tf.load_generator(tiny_checkpoint)
  rows = np.array([65, 0, 65])
  pictures = public_pictures(generator, rows, 2**30)
  assert pictures.shape == (3, 32, 32, generator.num_channels)
  np.testing.assert_allclose(pictures[0], pictures[2], atol=1e-6)
  z = generator.sample_z(2, seed=2**30 + 64)
  drawn = np.clip(np.asarray(generator.synthesize(generator.map(z), latent_space="W")), -1, 1)
  # Of 256 levels, and a level where rounding meets another batch size.
  assert np.abs(pictures[0] - drawn[1]).max() < 2 / 255 + 1e-4


def test_attributes_are_those_that_are_shipped():
  assert attributes_of("avatars") == ("age", "eyeglasses", "gender", "pose", "smile")
  five = ("age", "eyeglasses", "gender", "pose", "smile")
  assert attributes_of("/elsewhere/mobilestylegan-ffhq") == five
  with pytest.raises(InputError, match="attribute"):
    attributes_of("nobody")


@pytest.mark.very_slow
@pytest.mark.parametrize("name", ["budget", "residual", "composition"])
def test_a_quick_run_ends_in_a_page(name, tmp_path):
  from privai_tf.evaluation.experiments.experiment import Settings
  from privai_tf.evaluation.experiments.runner import run_experiment

  rows = run_experiment(name, Settings(quick=True), tmp_path)
  attacks = [row for row in rows if row["kind"] == "attack" and "low" in row]
  blind = [row["value"] for row in attacks if row["measure"] == "majority"]
  assert all(value == 0.5 for value in blind)
  assert "<img" in (tmp_path / "report.html").read_text()
  if name == "budget":
    # 99% intervals of about thirty attackers: a false alarm in fewer than one run in a thousand.
    image = [row for row in attacks if row["scope"] == "image"]
    assert all(row["low"] - 0.02 < row["promise"] for row in image)
