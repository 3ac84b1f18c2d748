"""The search finds what is to be found, image by image, the same each time."""

import numpy as np
import pytest

import privai_tf
from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError
from privai_tf.inversion import InversionSpec, invert
from privai_tf.inversion import optimizer as optimizer_module
from privai_tf.inversion.search import Search
from privai_tf.inversion.spec import OPTIMIZERS
from privai_tf.inversion.statistics import latent_statistics

QUICK = {"steps": 60, "steps_per_call": 20}


@pytest.fixture(scope="module")
def codes(tiny):
  return tiny.map(tiny.sample_z(5, seed=11))


@pytest.fixture(scope="module")
def photos(tiny, codes):
  return tiny.synthesize(codes, "W")


@pytest.mark.parametrize(("space", "floor"), [("W", 45), ("W+", 30), ("Z", 33)])
def test_own_images_are_found_again(tiny, photos, space, floor):
  spec = InversionSpec(latent_space=space, steps=200)
  found = invert(photos, tiny, spec)
  shape = {"W": (5, 8), "W+": (5, 3, 8), "Z": (5, 8)}[space]
  assert found.latents.shape == shape
  assert found.latents.dtype == np.float32
  assert found.latent_space == space
  assert found.psnr.min() > floor
  np.testing.assert_allclose(found.images, tiny.synthesize(found.latents, space), atol=1e-5)
  assert found.losses.shape == (9, 5)
  assert (found.losses[-1] < 0.1 * found.losses[0]).all()
  assert found.seconds > 0


def test_the_code_itself_is_found_in_w(tiny, photos, codes):
  found = invert(photos, tiny, InversionSpec(steps=300, mean_weight=0.0))
  np.testing.assert_allclose(found.latents, codes, atol=0.03)


def test_public_names(tiny, photos):
  found = privai_tf.invert(photos[:1], tiny, privai_tf.InversionSpec(**QUICK))
  assert isinstance(found, privai_tf.artifacts.Inversion)


def test_same_result_each_time(tiny, photos):
  spec = InversionSpec(init="best_of:8", seed=3, **QUICK)
  first = invert(photos, tiny, spec)
  again = invert(photos, tiny, spec)
  optimizer_module.forget_searches()
  anew = invert(photos, tiny, spec)
  for other in (again, anew):
    np.testing.assert_array_equal(first.latents, other.latents)
    np.testing.assert_array_equal(first.losses, other.losses)


def test_other_seed_starts_elsewhere(tiny, photos):
  start = [
    invert(photos, tiny, InversionSpec(init="random", seed=seed, steps=1)).losses[0]
    for seed in (0, 1)
  ]
  assert not np.allclose(*start)


@pytest.mark.parametrize("space", ["W", "W+"])
def test_padding_and_neighbours_do_not_matter(tiny, photos, space):
  spec = InversionSpec(latent_space=space, batch_size=4, **QUICK)
  together = invert(photos, tiny, spec)  # A full batch and one image padded to four.
  alone = [invert(photos[i : i + 1], tiny, spec) for i in range(5)]
  np.testing.assert_allclose(
    together.latents, np.concatenate([one.latents for one in alone]), atol=2e-4
  )
  np.testing.assert_allclose(
    together.losses, np.concatenate([one.losses for one in alone], axis=1), rtol=1e-3, atol=1e-6
  )


def test_compiled_gives_the_same(tiny, photos):
  plain = invert(photos[:2], tiny, InversionSpec(jit="off", **QUICK))
  compiled = invert(photos[:2], tiny, InversionSpec(jit="on", **QUICK))
  np.testing.assert_allclose(plain.latents, compiled.latents, atol=1e-3)


RATES = {"sgd": 10.0, "adadelta": 300.0, "adagrad": 0.5, "ftrl": 1000.0}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(tiny, photos, name):
  rate = RATES.get(name, 0.05)
  spec = InversionSpec(optimizer=name, learning_rate=rate, mean_weight=0.0, **QUICK)
  found = invert(photos[:2], tiny, spec)
  assert (found.losses[-1] < 0.8 * found.losses[0]).all()


def test_mean_weight_keeps_codes_inside(tiny):
  """A photo that no code makes exactly: a far code is nearer to it, unless distance costs."""
  photo = np.clip(2.5 * tiny.synthesize(tiny.map(tiny.sample_z(1, seed=2)), "W"), -1, 1)
  statistics = latent_statistics(tiny, "W")

  def distance(weight):
    spec = InversionSpec(latent_space="W+", steps=200, mean_weight=weight)
    offset = invert(photo, tiny, spec).latents[0] - statistics.mean
    return np.mean(np.einsum("ld,de,le->l", offset, statistics.precision, offset))

  near, far = distance(0.1), distance(0.0)
  assert near < 0.3 * far


def test_progress_counts_every_step(tiny, photos):
  calls = []
  spec = InversionSpec(batch_size=4, steps=50, steps_per_call=20)
  invert(photos, tiny, spec, progress=lambda done, total: calls.append((done, total)))
  assert calls == [(done, 100) for done in (20, 40, 50, 70, 90, 100)]


def test_a_search_that_ends_worse_than_it_was_gives_back_the_best(tiny, photos):
  """Steps so large that the loss rises: the start stays the best of what was seen."""
  wild = {"learning_rate": 30.0, "ramp_up": 0.0, "ramp_down": 0.0, "optimizer": "sgd"}
  spec = InversionSpec(init="best_of:64", steps=6, steps_per_call=2, **wild)
  start = invert(photos, tiny, InversionSpec(init="best_of:64", steps=1, learning_rate=1e-9))
  found = invert(photos, tiny, spec)
  np.testing.assert_array_equal(found.losses[-1], found.losses[:-1].min(axis=0))
  np.testing.assert_allclose(found.losses[-1], start.losses[-1], rtol=1e-4)
  np.testing.assert_allclose(found.images, tiny.synthesize(found.latents, "W"), atol=1e-5)


def test_interruption_leaves_nothing_behind(tiny, photos):
  spec = InversionSpec(**QUICK)
  expected = invert(photos, tiny, spec)

  def stop(done, total):
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    invert(photos, tiny, spec, progress=stop)
  np.testing.assert_array_equal(invert(photos, tiny, spec).latents, expected.latents)


def test_nothing_is_traced_twice_and_little_is_kept(tiny, photos, monkeypatch):
  traced = []
  trace = Search._trace
  monkeypatch.setattr(Search, "_trace", lambda self, jit: traced.append(1) or trace(self, jit))
  optimizer_module.forget_searches()
  spec = InversionSpec(batch_size=4, steps=7, steps_per_call=3)
  for count in (3, 4, 5, 3):
    invert(photos[:count], tiny, spec)
  assert len(traced) == 1
  for seed in range(4):
    invert(photos[:1], tiny, InversionSpec(steps=1, seed=seed))
  assert len(optimizer_module._searches) == 4


def test_divergence_is_named(tiny, photos):
  broken = photos.copy()
  with pytest.raises(InputError, match=r"diverged.*learning rate"):
    invert(broken, tiny, InversionSpec(optimizer="sgd", learning_rate=1e30, steps=20))


@pytest.mark.parametrize(
  ("images", "message"),
  [
    (np.zeros((0, 16, 16, 3), np.float32), "at least 1"),
    (np.zeros((16, 16, 3), np.float32), r"\[N, 16, 16, 3\]"),
    (np.zeros((1, 32, 32, 3), np.float32), r"\[N, 16, 16, 3\]"),
    (np.zeros((1, 16, 16, 1), np.float32), r"\[N, 16, 16, 3\]"),
    (np.zeros((1, 16, 16, 3), np.uint8), "uint8"),
    (np.full((1, 16, 16, 3), 255.0), "outside"),
    (np.full((1, 16, 16, 3), np.nan, np.float32), "NaN"),
  ],
)
def test_unusable_images(tiny, images, message):
  with pytest.raises(InputError, match=message):
    invert(images, tiny)


def test_space_that_the_generator_lacks(photos, tiny):
  class OnlyZ(type(tiny)):
    latent_spaces = ("Z",)

  with pytest.raises(LatentSpaceError, match="W"):
    invert(photos, OnlyZ(), InversionSpec(latent_space="W"))


@pytest.mark.parametrize(
  "fields",
  [
    {"latent_space": "w"},
    {"steps": -1},
    {"steps": 2.5},
    {"steps": True},
    {"learning_rate": 0.0},
    {"learning_rate": float("nan")},
    {"learning_rate": "fast"},
    {"optimizer": "adma"},
    {"init": "best_of:0"},
    {"init": "best_of:x"},
    {"init": "encodr"},
    {"init": "mean", "latent_space": "Z"},
    {"batch_size": 0},
    {"perceptual": "lpips!"},
    {"layer_weights": (1.0,) * 7},
    {"layer_weights": (-1.0,) * 8},
    {"pixel_weight": -1.0},
    {"pixel_weight": 0.0, "perceptual": "none"},
    {"mean_weight": float("inf")},
    {"ramp_up": 1.5},
    {"noise": "random"},
    {"jit": "maybe"},
    {"seed": -1},
    {"vgg16_weights": "a.h5", "perceptual": "none"},
  ],
)
def test_impossible_settings(fields):
  with pytest.raises(ConfigurationError) as caught:
    InversionSpec(**fields)
  assert "\n" not in str(caught.value)
  assert any(name in str(caught.value) for name in fields)
