"""Searches end where nothing is gained any more, each image's for itself."""

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.inversion import InversionSpec, invert
from privai_tf.inversion.plateau import Plateau
from privai_tf.inversion.schedules import latent_noise

SPEC = {"steps": 400, "steps_per_call": 20, "ramp_down": 0.0, "init": "mean"}


def walk(plateau, losses):
  """Steps of two images whose value is the number of the step."""
  values = [tf.zeros((2, 1))]
  state = plateau.start(values)
  for number, loss in enumerate(losses):
    after = [tf.fill((2, 1), number + 1.0)]
    state, values = plateau.after_step(state, tf.constant(loss), values, after)
  return state, values


def test_each_image_ends_for_itself():
  losses = [(5.0, 5.0), (4.0, 5.1), (3.0, 4.99), (2.0, 6.0), (1.0, 5.0)]
  state, values = walk(Plateau(3, 0.01), losses)
  np.testing.assert_array_equal(Plateau(3, 0.01).searching(state), [True, False])
  # 4.99 is less than one percent better than 5. The second image is back where its loss was 5.
  np.testing.assert_array_equal(state.taken, [5, 4])
  np.testing.assert_array_equal(values[0], [[5], [0]])


def test_never_without_patience():
  state, values = walk(Plateau(0, 0.01), [(1.0, 1.0)] * 9)
  assert np.all(Plateau(0, 0.01).searching(state))
  np.testing.assert_array_equal(state.taken, [9, 9])
  np.testing.assert_array_equal(values[0], [[9], [9]])


@pytest.fixture(scope="module")
def photos(tiny):
  own = tiny.synthesize(tiny.map(tiny.sample_z(3, seed=11)), "W")
  own[1] = np.random.default_rng(0).uniform(-1, 1, own[1].shape)  # Soon as good as it gets.
  return own


def test_early_end(tiny, photos):
  spec = InversionSpec(patience=15, plateau=0.01, **SPEC)
  calls = []
  found = invert(photos, tiny, spec, lambda done, total: calls.append((done, total)))
  assert (found.steps < 400).all()
  assert len(np.unique(found.steps)) > 1
  assert found.losses.shape == (21, 3)
  assert (found.losses[-1] <= found.losses.min(axis=0) * 1.02).all()
  assert calls[-1] == (400, 400)
  np.testing.assert_allclose(found.images, tiny.synthesize(found.latents, "W"), atol=1e-5)


def test_neighbours_do_not_matter(tiny, photos):
  spec = InversionSpec(patience=15, plateau=0.01, batch_size=2, **SPEC)
  together = invert(photos, tiny, spec)
  alone = [invert(photos[i : i + 1], tiny, spec) for i in range(3)]
  np.testing.assert_array_equal(together.steps, np.concatenate([one.steps for one in alone]))


def test_all_steps_are_counted_without_patience(tiny, photos):
  found = invert(photos, tiny, InversionSpec(steps=7, steps_per_call=3, init="mean"))
  np.testing.assert_array_equal(found.steps, [7, 7, 7])


def test_latent_noise_fades():
  values = [float(latent_noise(0.5, 100, tf.constant(step))) for step in (0, 30, 75, 99)]
  np.testing.assert_allclose(values, [0.5, 0.5 * 0.6**2, 0, 0], atol=1e-7)


@pytest.mark.parametrize("space", ["W", "W+", "Z"])
def test_latent_noise_is_seeded_and_the_same_for_all(tiny, photos, space):
  options = {"steps": 30, "steps_per_call": 15, "latent_space": space, "latent_noise": 0.3}
  first = invert(photos, tiny, InversionSpec(seed=1, **options))
  again = invert(photos[::-1], tiny, InversionSpec(seed=1, **options))
  np.testing.assert_allclose(first.latents, again.latents[::-1], atol=1e-3)
  other = invert(
    photos, tiny, InversionSpec(seed=2, init="mean" if space != "Z" else "auto", **options)
  )
  assert not np.allclose(first.losses[1], other.losses[1], rtol=1e-4)
