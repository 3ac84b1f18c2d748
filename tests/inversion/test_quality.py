"""The owner's report: right figures, and a warning where the generator does not know the face."""

import dataclasses
import json

import numpy as np
import pytest

from privai_tf.artifacts import Inversion
from privai_tf.inversion import InversionSpec, invert
from privai_tf.inversion.quality import quality_report, variety
from privai_tf.inversion.statistics import latent_statistics

SPEC = InversionSpec(steps=150, steps_per_call=50, init="mean")


@pytest.fixture(scope="module")
def report(tiny):
  photos = tiny.synthesize(tiny.map(tiny.sample_z(3, seed=11)), "W")
  photos[1] = np.random.default_rng(0).uniform(-1, 1, photos[1].shape)
  found = invert(photos, tiny, SPEC)
  return photos, found, quality_report(found, photos, tiny, SPEC)


def made_up(codes, images, space="W"):
  return Inversion(codes, space, images, np.zeros((1, len(codes))), np.full(len(codes), 30.0), 0.0)


def test_figures(tiny, report):
  photos, found, qualities = report
  assert len(qualities) == 3
  for row, quality in enumerate(qualities):
    assert quality.psnr_db == pytest.approx(found.psnr[row])
    assert quality.losses == pytest.approx(found.losses[:, row])
    assert quality.steps == 150
    assert quality.lpips is None
    error = np.mean((np.clip(found.images[row], -1, 1) - photos[row]) ** 2)
    assert quality.unexplained == pytest.approx(error / variety(tiny, "W"), rel=1e-4)
  assert qualities[0].ms_ssim > 0.95 > 0.5 > qualities[1].ms_ssim


def test_only_the_unknown_picture_is_warned_of(report):
  warnings = [quality.warning for quality in report[2]]
  assert warnings[0] is None
  assert warnings[2] is None
  assert "reconstruction" in warnings[1]
  assert "\n" not in warnings[1]


def test_json(report):
  for quality in report[2]:
    values = json.loads(json.dumps(dataclasses.asdict(quality), allow_nan=False))
    assert values["distance"] == quality.distance


def test_identical_images_have_no_psnr_in_json(tiny):
  image = tiny.synthesize(np.zeros((1, 8), np.float32), "W")
  perfect = dataclasses.replace(made_up(np.zeros((1, 8)), image), psnr=np.array([np.inf]))
  (quality,) = quality_report(perfect, image, tiny, SPEC)
  assert quality.psnr_db is None
  assert quality.ms_ssim == pytest.approx(1)
  assert quality.unexplained == 0
  assert quality.steps is None


@pytest.mark.parametrize("space", ["W", "W+"])
def test_distance(tiny, space):
  """By hand, and a code outside: twice the limit along one direction."""
  statistics = latent_statistics(tiny, "W")
  direction = np.zeros(8)
  direction[3] = np.sqrt(8)
  far = statistics.mean + 2 * statistics.distance_limit * direction @ statistics.root
  codes = np.stack([statistics.mean, far]).astype(np.float32)
  codes = codes if space == "W" else np.repeat(codes[:, None], 3, axis=1)
  image = tiny.synthesize(codes, space)
  near, outside = quality_report(made_up(codes, image, space), image, tiny, SPEC)
  assert near.distance == 0
  assert near.warning is None
  assert outside.distance == pytest.approx(2 * statistics.distance_limit, rel=0.1)
  assert "standard deviations" in outside.warning


@pytest.mark.parametrize("space", ["W", "Z"])
def test_limit_of_own_codes(tiny, space):
  """Of 4000 own codes about 4 lie beyond a limit that was measured on 4096 others: more than 25, or
  none beyond nine tenths of it, would be chance in less than one run of a million."""
  statistics = latent_statistics(tiny, space)
  codes = tiny.sample_z(4000, seed=77)
  distances = statistics.distances(codes if space == "Z" else tiny.map(codes))
  assert np.sum(distances > statistics.distance_limit) <= 25
  assert np.sum(distances > 0.8 * statistics.distance_limit) >= 1
  assert np.sqrt(np.mean(distances**2)) == pytest.approx(1, abs=0.05)
