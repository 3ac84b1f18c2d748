"""The L2 mechanism's density and exact noise against the reference numbers."""

import fractions
import json
import math
import pathlib

import numpy as np
import pytest

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "dp_reference" / "l2_mechanism.json"
ROWS = {row["k"]: row for row in json.loads(DATA.read_text())["rows"]}


@pytest.mark.parametrize("dimensions", sorted(ROWS))
def test_density_at_the_centre_is_the_normalizer(dimensions):
  from privai_tf.privacy.distributions.radial_laplace import RadialLaplace

  centre = np.zeros(dimensions)
  log_density = float(RadialLaplace(centre, 1.0).log_prob(centre))
  assert log_density == pytest.approx(-ROWS[dimensions]["log_normalizer"], rel=1e-13)


@pytest.mark.parametrize(
  ("dimensions", "count"), [(1, 80_000), (2, 80_000), (5, 40_000), (512, 800)]
)
def test_exact_noise_has_the_radius_of_the_reference(dimensions, count):
  """24 comparisons, each at 7 standard errors: false alarm below 1e-6 for all of them together."""
  from privai_tf.privacy.sampling.radial import radial_laplace
  from privai_tf.privacy.sampling.source import SystemSource

  row, scale = ROWS[dimensions], 1 << 16
  noise = radial_laplace(fractions.Fraction(scale), dimensions, count, SystemSource())
  radius = np.linalg.norm(noise / scale, axis=1)
  assert radius.mean() == pytest.approx(
    row["mean_norm"], abs=7 * row["std_norm"] / math.sqrt(count) + 1e-4
  )
  for level, quantile in row["norm_quantiles"].items():
    probability = float(level)
    error = 7 * math.sqrt(probability * (1 - probability) / count) + 1 / count
    assert (radius <= quantile).mean() == pytest.approx(probability, abs=error)
