"""Audits through the public release path: right claims pass, broken ones are caught."""

import math

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy import audit as auditing
from privai_tf.privacy.accounting import gaussian_multiplier
from privai_tf.privacy.audit import audit, epsilon_lower_bound, prepare_audit, reachable_epsilon
from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names

EPSILONS = (0.5, 1.0, 2.0, 4.0)
SAMPLES = 50_000
# Alarms of the claims below are raised at 1 - 1e-5 each: below 1e-3 for all of them together.
ALARM = 0.05 / 1e-5
SHIPPED = [name for name in mechanism_names() if mechanism_class(name).private]


def delta_of(name):
  return 0.0 if mechanism_class(name).pure else 1e-5


def claims():
  for name in SHIPPED:
    for epsilon in EPSILONS:
      if name != "gaussian_classic" or epsilon <= 1:
        yield name, epsilon


@pytest.mark.parametrize(("name", "epsilon"), list(claims()))
def test_no_lower_bound_above_the_claim(name, epsilon):
  audited = prepare_audit(name, epsilon, delta_of(name))
  for target in auditing.TARGETS:
    result = audit(audited, samples=SAMPLES, target=target, audits=int(ALARM))
    assert not result.violated, result
    # Each 95% bound is above the exact value by 20% with probability far below 1e-6.
    exact = reachable_epsilon(name, audited.claim, delta_of(name))
    assert result.lower_bound < 1.2 * exact
    if name in ("laplace", "gaussian", "randomized_response"):
      # The expected bound is at 85-98% of the exact value with these draws, its standard error
      # below 5% (gaussian, epsilon = 0.5) or 2% (others).
      assert result.lower_bound > (0.65 if name == "gaussian" else 0.85) * exact


@pytest.mark.very_slow
@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("name", ["laplace", "gaussian", "randomized_response"])
def test_full_audits_reach_85_percent_of_the_exact_value(name, epsilon):
  audited = prepare_audit(name, epsilon, delta_of(name))
  result = audit(audited, samples=200_000)
  assert result.lower_bound >= 0.85 * reachable_epsilon(name, epsilon, delta_of(name))


@pytest.mark.parametrize("target", auditing.TARGETS)
@pytest.mark.parametrize("latent_space", ["W", "W+", "Z"])
def test_other_spaces(latent_space, target):
  audited = prepare_audit("laplace", 1.0, latent_space=latent_space)
  result = audit(audited, samples=20_000, target=target, audits=int(ALARM))
  assert not result.violated
  assert result.lower_bound > 0.85


@pytest.mark.parametrize("name", ["laplace", "l2_laplace", "gaussian"])
@pytest.mark.parametrize("components", [1, 3])
def test_scope_image(name, components):
  audited = prepare_audit(name, 2.0, delta_of(name), scope="image", components=components)
  assert audited.inputs[0].rest is None
  for target in auditing.TARGETS:
    result = audit(audited, samples=10_000, target=target, audits=int(ALARM))
    assert not result.violated
    assert result.lower_bound > (0.1 if name == "gaussian" else 0.5)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_reference_postclip_is_caught(epsilon):
  audited = prepare_audit("reference_postclip", epsilon, 1e-5)
  for target in auditing.TARGETS:
    result = audit(audited, samples=5_000, target=target, audits=int(ALARM))
    assert result.violated
    assert result.lower_bound > 6


HALVED = {
  "laplace": ("scale_steps", lambda value: value / 2),
  "l2_laplace": ("scale_steps", lambda value: value / 2),
  "metric_laplace": ("scale_steps", lambda value: value / 2),
  "randomized_response": ("epsilon", lambda value: value * 2),
}


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("name", sorted(HALVED))
def test_half_the_noise_is_caught(name, epsilon):
  """The bound is then near 2 epsilon, many standard errors above the claim."""
  audited = prepare_audit(name, epsilon)
  mechanism = audited.prepared.blocks[0].mechanism
  attribute, change = HALVED[name]
  setattr(mechanism, attribute, change(getattr(mechanism, attribute)))
  for target in auditing.TARGETS:
    assert audit(audited, samples=20_000, target=target, audits=int(ALARM)).violated


def test_half_the_gaussian_noise_is_caught_by_its_own_curve():
  """The clamp hides the Gaussian tail, so a claim with delta has slack; delta 0.05 has little."""
  audited = prepare_audit("gaussian", 0.5, 0.05)
  assert not audit(audited, samples=50_000, audits=int(ALARM)).violated
  mechanism = audited.prepared.blocks[0].mechanism
  mechanism.sigma_steps //= 4
  assert audit(audited, samples=50_000, audits=int(ALARM)).violated


def test_missing_clip_is_caught(monkeypatch):
  audited = prepare_audit("laplace", 1.0)
  mechanism = audited.prepared.blocks[0].mechanism
  monkeypatch.setattr(type(mechanism), "clamp", lambda self, noisy: noisy)
  upper, lower = audited.inputs
  upper.coordinates[:] *= 4
  lower.coordinates[:] *= 4
  monkeypatch.setattr("privai_tf.privacy.mechanisms.base.clip_integers", lambda a, *_: a)
  assert audit(audited, samples=20_000, audits=int(ALARM)).violated


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
    prepare_audit("laplace", 1.0, generator=auditing.neighbours.RehearsalGenerator())
