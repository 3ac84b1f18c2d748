"""Releases through the extremal mechanism: spaces, several attributes, accounting, refusals."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting import attacker_bound, compose
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.release import prepare, privatize
from privai_tf.privacy.spec import PrivacySpec


def _spec(**values):
  return PrivacySpec("extremal", calibration_count=1000, **values)


@pytest.mark.parametrize("space", ["W", "W+", "Z"])
@pytest.mark.parametrize("decode", ["value", "sample"])
def test_every_space(generator, boundaries, make_latents, space, decode):
  boundary = boundaries["Z" if space == "Z" else "W", 1]
  latents = make_latents(generator, space)
  release = privatize(latents, generator, boundary, _spec(decode=decode), latent_space=space)
  assert release.latents.shape == latents.shape
  guarantee = release.guarantee
  assert guarantee.private
  assert (guarantee.mechanism, guarantee.epsilon, guarantee.delta) == ("extremal", 1.0, 0.0)
  assert (guarantee.clip_radius, guarantee.sensitivity, guarantee.noise_scale) == (None,) * 3
  assert compose([release.event], delta=0.0) == pytest.approx(1.0)


def test_layers_of_their_own_are_refused_in_one_line(generator, boundaries):
  with pytest.raises(ConfigurationError, match=r"at most 1 number.*wplus_mode='tied'") as error:
    prepare(generator, boundaries["W", 1], _spec(wplus_mode="per_layer"), "W+")
  assert "\n" not in str(error.value)


def test_a_coordinate_that_never_varies_is_refused_in_one_line(generator):
  """Public codes that do not move along the attribute's direction."""
  codes = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
  codes[:, 3] = 0.5
  public = PublicCodes(codes, "a path", "W")
  boundary = Boundary(np.eye(16)[3], 0.0, "W", "beard")
  with pytest.raises(ConfigurationError, match="never varies") as error:
    prepare(generator, boundary, _spec(), "W", public)
  assert "\n" not in str(error.value)


def test_one_number_serves_all_layers(generator, boundaries, make_latents):
  prepared = prepare(generator, boundaries["W", 1], _spec(), "W+")
  assert prepared.layout.numbers == 1
  encoded = prepared.encode(make_latents(generator, "W+"))
  assert encoded.coordinates.shape == (3, 1)


def test_several_attributes_have_a_program_each(generator, boundaries, make_latents):
  three = [boundaries["W", number] for number in (1, 2, 3)]
  own = prepare(generator, three, _spec(epsilon=(0.5, 1.0, 2.0)), "W")
  assert [block.positions for block in own.blocks] == [[0], [1], [2]]
  left = 1 - Fraction(own.rest.epsilon) / Fraction(3.5)
  for block, epsilon in zip(own.blocks, (0.5, 1.0, 2.0), strict=True):
    assert block.mechanism.epsilon == pytest.approx(float(epsilon * left), rel=1e-12)
  together = prepare(generator, three, _spec(epsilon=3.5), "W")
  shares = [Fraction(block.mechanism.epsilon) for block in together.blocks]
  assert sum(shares) + Fraction(together.rest.epsilon) <= Fraction(3.5)
  assert float(sum(shares)) == pytest.approx(float(3.5 * left), rel=1e-9)
  assert "a1 has epsilon = " in together.guarantee.statement
  assert together.guarantee.epsilon == 3.5

  def error(prepared):
    return sum(block.mechanism.expected_loss for block in prepared.blocks)

  equal = prepare(generator, three, _spec(epsilon=(3.5 / 3,) * 3), "W")
  assert error(together) <= error(equal) * 1.01
  released = together.release(together.encode(make_latents(generator, "W")))
  assert np.isfinite(released).all()


def test_the_published_bound_is_the_exact_one(generator, boundaries):
  prepared = prepare(generator, boundaries["W", 1], _spec(epsilon=2.0, loss="l1"), "W")
  mechanism = prepared.mechanism
  rest = 2 * attacker_bound(prepared.rest.epsilon, prepared.rest.delta) - 1
  exact = 1 - (1 - mechanism.total_variation) * (1 - rest) / 2
  assert prepared.attacker_bound == pytest.approx(exact, abs=1e-12)
  # Three outputs are told apart less well than two sides: less than epsilon alone allows.
  assert prepared.attacker_bound < attacker_bound(2.0) - 0.005
  percent = f"{np.ceil(1000 * prepared.attacker_bound) / 10:g}%"
  assert f"guessed right at most {percent} of the time" in prepared.guarantee.statement
  simulated = prepare(generator, boundaries["W", 1], _spec(noise_seed=1), "W")
  assert simulated.attacker_bound is None


def test_no_release_lies_on_an_edge(generator, boundaries):
  """The default until now left six of ten at plus or minus R."""
  prepared = prepare(generator, boundaries["W", 1], _spec(decode="sample"), "W")
  people = generator.map(generator.sample_z(3000, seed=9))
  encoded = prepared.encode(people)
  released = prepared.decode(from_grid(prepared.release_coordinates(encoded.coordinates)))[:, 0]
  ends = np.isin(released, [released.min(), released.max()])
  assert (
    ends.mean() < 0.01
  )  # One sample of a thousand at either end: far below six standard errors.


def test_a_simulation_has_the_exact_samplers_distribution(generator, boundaries):
  """Chi-square by counts of outputs, false alarm 1e-8."""
  from scipy import stats

  spec = _spec(epsilon=3.0)
  exact = prepare(generator, boundaries["W", 1], spec, "W")
  seeded = prepare(generator, boundaries["W", 1], dataclasses.replace(spec, noise_seed=3), "W")
  coordinates = np.full((7000, 1), 1 << 15)
  drawn = from_grid(exact.release_coordinates(coordinates))
  from privai_tf.privacy.simulation import simulate

  simulated = simulate(seeded.blocks, from_grid(coordinates), 3)
  outputs = from_grid(exact.mechanism.table.outputs)
  counts = [(values == outputs).sum(axis=0) for values in (drawn, simulated)]
  assert sum(counts[1]) == 7000
  assert stats.chi2_contingency(np.array(counts) + 1e-9).pvalue > 1e-8
