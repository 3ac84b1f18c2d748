"""Audits through the public release path: right claims pass, broken ones are caught."""

import dataclasses
import math

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy import audit as auditing
from privai_tf.privacy.accounting import gaussian_multiplier
from privai_tf.privacy.audit import audit, epsilon_lower_bound, prepare_audit, reachable_epsilon
from privai_tf.privacy.audit.neighbours import RehearsalGenerator, wobble
from privai_tf.privacy.curve import Curve
from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names
from privai_tf.privacy.rest import RestNoise

EPSILONS = (0.5, 1.0, 2.0, 4.0)
SAMPLES = {"coordinate": 50_000, "latent": 10_000}
# Alarms of the claims below are raised at 1 - 1e-8 each: below 1e-6 for all of them together.
ALARM = int(0.05 / 1e-8)
SLOW = ("exponential", "subset_selection")
SHIPPED = [name for name in mechanism_names() if mechanism_class(name).private]


def delta_of(name):
  return 0.0 if mechanism_class(name).pure else 1e-5


def claims():
  for name in SHIPPED:
    for epsilon in EPSILONS:
      # These two draw slowly: a small epsilon and a large one of each.
      if name in SLOW and epsilon not in (1, 4):
        continue
      if name != "gaussian_classic" or epsilon <= 1:
        yield name, epsilon


def by_hand(name, epsilon):
  marks = [pytest.mark.very_slow] if name in SLOW and epsilon == 4 else []
  return pytest.param(name, epsilon, marks=marks)


@pytest.mark.parametrize(("name", "epsilon"), [by_hand(*claim) for claim in claims()])
def test_no_lower_bound_above_the_claim(name, epsilon):
  audited = prepare_audit(name, epsilon, delta_of(name))
  exact = reachable_epsilon(name, audited.mechanism_epsilon, audited.mechanism.delta)
  for target in auditing.TARGETS:
    # Comparing a code with all faces takes longer than drawing noise.
    samples = min(SAMPLES[target], 8_000 if mechanism_class(name).has_codebook else 50_000)
    if (name, epsilon, target) == ("gaussian", 0.5, "coordinate"):
      samples = 150_000  # So little is reached there that fewer scatter below the floor.
    result = audit(audited, samples=samples, target=target, audits=ALARM)
    assert not result.violated, result
    if name == "subset_selection":
      assert result.lower_bound > 0.65 * exact
    # Floors below are missed by chance with probability below 1e-9 each: the expected bound is at
    # 90-98% of the exact value, its standard error 3% (gaussian) or below 2% (others); of codes at
    # 90-95% and 4% (laplace, 0.5).
    if name in ("laplace", "randomized_response"):
      assert result.lower_bound > {"coordinate": 0.85, "latent": 0.65}[target] * exact
    elif name == "gaussian" and target == "coordinate":
      assert result.lower_bound > 0.65 * exact
    # Each 95% bound is above the exact value by 20% with probability far below 1e-6.
    if target == "coordinate":
      assert result.lower_bound < 1.2 * exact


@pytest.mark.very_slow
@pytest.mark.parametrize("target", auditing.TARGETS)
@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("name", ["laplace", "gaussian", "randomized_response"])
def test_full_audits_reach_85_percent_of_the_exact_value(name, epsilon, target):
  """Missed by chance with probability below 1e-9 each; at epsilon 0.5 a Gaussian shows 0.12 of it, and
  200,000 releases would scatter that by 3%."""
  audited = prepare_audit(name, epsilon, delta_of(name))
  samples = 800_000 if (name, epsilon) == ("gaussian", 0.5) else 200_000
  result = audit(audited, samples=samples, target=target)
  exact = reachable_epsilon(name, audited.mechanism_epsilon, audited.mechanism.delta)
  assert result.lower_bound >= 0.85 * exact


def combinations():
  """Every mechanism in every scope and space that it is for: 49 releases, all as black boxes."""
  for name in SHIPPED:
    kind = mechanism_class(name)
    for scope in kind.scopes:
      single = kind.largest_dimensions == 1
      for space in ("Z", "W", "W+"):
        one = single or kind.has_codebook
        for mode in ("tied", "per_layer") if space == "W+" and not one else ("tied",):
          for components in (1,) if scope == "attribute" or single else (1, 3):
            yield name, scope, space, mode, components


@pytest.mark.parametrize(("name", "scope", "space", "mode", "components"), list(combinations()))
def test_every_combination_as_a_black_box(name, scope, space, mode, components):
  """Two float32 codes through `privatize`, the likelihood ratio of all that is published.

  3,000 releases of each: what an epsilon of 2 shows is then above 1, for noise without delta. Several
  numbers show less, and scatter more: 8,000 of those.
  """
  audited = prepare_audit(
    name,
    1.0 if name == "gaussian_classic" else 2.0,
    delta_of(name),
    scope=scope,
    latent_space=space,
    wplus_mode=mode,
    components=components,
  )
  assert all(code.dtype == np.float32 for code in audited.codes)
  numbers = audited.prepared.layout.numbers
  several = numbers > 1 and not mechanism_class(name).has_codebook
  result = audit(audited, samples=8_000 if several else 3_000, target="latent", audits=ALARM)
  assert not result.violated, result
  if name == "subset_selection":
    assert result.lower_bound > 1
  if name in ("laplace", "l2_laplace", "metric_laplace", "randomized_response"):
    # Seen: 1.8 +- 0.07 of one number, 1.4 to 1.9 +- 0.1 of up to four, 0.85 +- 0.1 of twelve: each
    # floor is six standard errors below, or more.
    assert result.lower_bound > (1 if numbers == 1 else 0.5 if numbers <= 4 else 0.15)


def test_there_are_enough_combinations():
  assert len(list(combinations())) >= 27


@pytest.mark.parametrize("space", ["Z", "W", "W+"])
def test_neighbours_of_scope_attribute_are_float32_codes_along_the_curve(space):
  audited = prepare_audit("laplace", 1.0, latent_space=space)
  split, rest = audited.prepared.layout, audited.prepared.rest
  upper, lower = (split.parts(code.astype(np.float64)) for code in audited.codes)
  assert upper[0][0, 0] > audited.mechanism.clip_radius
  assert lower[0][0, 0] < -audited.mechanism.clip_radius
  # Not the same rest, as the rounding of float32 codes is in it, but within rho of it.
  assert not np.array_equal(audited.inputs[0].rest, audited.inputs[1].rest)
  assert 0 < wobble(split, *audited.codes) <= rest.rho
  assert np.linalg.norm(upper[1] - lower[1]) <= rest.rho * split.lipschitz
  # The whole epsilon is claimed, and the mechanism has what the rest leaves of it.
  assert audited.claim == 1.0
  assert audited.mechanism_epsilon == pytest.approx(1 - rest.epsilon)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_reference_postclip_is_caught(epsilon):
  audited = prepare_audit("reference_postclip", epsilon, 1e-5)
  for target in auditing.TARGETS:
    result = audit(audited, samples=5_000, target=target, audits=ALARM)
    assert result.violated
    assert result.lower_bound > 6


HALVED = {
  "laplace": ("scale_steps", lambda value: value / 2),
  "l2_laplace": ("scale_steps", lambda value: value / 2),
  "metric_laplace": ("scale_steps", lambda value: value / 2),
  "randomized_response": ("epsilon", lambda value: value * 2),
  "subset_selection": ("outside", lambda value: max(1, value * value >> 40)),
}


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
@pytest.mark.parametrize("name", sorted(HALVED))
def test_half_the_noise_is_caught(name, epsilon):
  """The bound is then near 2 epsilon, many standard errors above the claim."""
  audited = prepare_audit(name, epsilon)
  mechanism = audited.mechanism
  attribute, change = HALVED[name]
  setattr(mechanism, attribute, change(getattr(mechanism, attribute)))
  for target in auditing.TARGETS:
    samples = 8_000 if name == "subset_selection" else 20_000
    assert audit(audited, samples=samples, target=target, audits=ALARM).violated


def test_half_the_gaussian_noise_is_caught_by_its_own_curve():
  """The clamp hides the Gaussian tail, so a claim with delta has slack; delta 0.05 has little."""
  audited = prepare_audit("gaussian", 0.5, 0.05)
  assert not audit(audited, samples=50_000, audits=ALARM).violated
  mechanism = audited.mechanism
  mechanism.sigma_steps //= 4
  assert audit(audited, samples=50_000, audits=ALARM).violated


def test_missing_clip_is_caught(monkeypatch):
  audited = prepare_audit("laplace", 1.0)
  mechanism = audited.mechanism
  monkeypatch.setattr(type(mechanism), "clamp", lambda self, noisy: noisy)
  for name in ("clip", "clip_integers"):
    monkeypatch.setattr(f"privai_tf.privacy.mechanisms.base.{name}", lambda a, *_: a)
  inputs = tuple(audited.prepared.encode(code) for code in audited.codes)
  audited = dataclasses.replace(audited, inputs=inputs)
  for target in auditing.TARGETS:
    assert audit(audited, samples=5_000, target=target, audits=ALARM).violated


@pytest.mark.parametrize(
  ("name", "latent_space"), [("laplace", "W"), ("gaussian", "W"), ("laplace", "W+")]
)
def test_a_rest_without_noise_is_caught(monkeypatch, name, latent_space):
  """Float32 neighbours have different rests: without noise these tell them apart in every release."""
  audited = prepare_audit(name, 1.0, delta_of(name), latent_space=latent_space)
  monkeypatch.setattr(RestNoise, "draw", lambda self, rest, source: rest)
  assert not audit(audited, samples=2_000, audits=ALARM).violated
  result = audit(audited, samples=2_000, target="latent", audits=ALARM)
  assert result.violated
  assert "of the rest" in result.event


def test_the_orthogonal_rest_is_caught_on_neighbours_along_the_curve():
  """Hides the coordinate along its normal, and leaves what goes along with it in the rest."""
  audited = prepare_audit("laplace", 1.0)
  normal = audited.boundary.normal
  line = Curve(normal, np.array([-1.0, 1.0]), np.stack([-normal, normal]))
  layout = dataclasses.replace(audited.prepared.layout, curves=(line,))
  object.__setattr__(audited.prepared, "layout", layout)
  result = audit(audited, samples=2_000, target="latent", audits=ALARM)
  assert result.violated
  assert result.lower_bound > 5


def test_bounds_cover_at_their_level():
  """2,000 audits of a true epsilon of 1: misses are binomial with p <= 0.05, so 145 has chance 1e-6."""
  generator = np.random.default_rng(0)
  high, low = math.e / (1 + math.e), 1 / (1 + math.e)
  counts = generator.binomial(1000, [high, low], size=(2000, 2))
  misses = sum(epsilon_lower_bound(a, b, 1000) > 1 for a, b in counts)
  assert 0 < misses < 145


def test_bounds_by_hand():
  # No event on the other side in n draws: the upper limit is 1 - (a/2)^(1/n).
  bound = epsilon_lower_bound(1000, 0, 1000)
  limit = 1 - 0.025 ** (1 / 1000)
  assert bound == pytest.approx(math.log((1 - limit) / limit))
  assert epsilon_lower_bound(0, 0, 1000) == 0
  assert epsilon_lower_bound(10, 900, 1000) == 0
  assert epsilon_lower_bound(500, 100, 1000, delta=0.9) == 0
  assert epsilon_lower_bound(500, 100, 1000, delta=0.1) < epsilon_lower_bound(500, 100, 1000)


def test_exact_values():
  assert reachable_epsilon("laplace", 1.5) == pytest.approx(1.5)
  assert reachable_epsilon("randomized_response", 1.5) == pytest.approx(1.5)
  # The clamp hides the Gaussian tail: ln((1/2 - delta) / Phi(-1 / multiplier)) at the atom.
  tail = 0.5 * math.erfc(1 / gaussian_multiplier(1, 1e-5) / math.sqrt(2))
  assert reachable_epsilon("gaussian", 1.0, 1e-5) == pytest.approx(math.log((0.5 - 1e-5) / tail))
  # On the clip's ends, where it spends all that it may: the tail of outputs next to the end.
  assert reachable_epsilon("exponential", 1.0) == pytest.approx(1.0, rel=0.01)
  for name, epsilon in claims():
    few = reachable_epsilon(name, epsilon, delta_of(name), samples=10_000)
    many = reachable_epsilon(name, epsilon, delta_of(name), samples=1_000_000)
    assert few < many < reachable_epsilon(name, epsilon, delta_of(name)) <= epsilon * (1 + 1e-9)


def test_bad_requests_are_refused():
  audited = prepare_audit("laplace", 1.0)
  with pytest.raises(ConfigurationError, match="coordinate, latent"):
    audit(audited, target="image")
  with pytest.raises(ConfigurationError, match="releases is 0"):
    audit(audited, samples=0)
  with pytest.raises(ConfigurationError, match="boundary"):
    prepare_audit("laplace", 1.0, generator=RehearsalGenerator())
