"""What is refused as a whole: unusable latents, guarantees that cannot be given, odd boundaries."""

import functools

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError
from privai_tf.privacy import PrivacySpec, prepare, privatize

_D = 16


def _put(array, place, value):
  array[place] = value
  return array


def _nan(array, place):
  return _put(array, place, np.nan)


@pytest.mark.parametrize(
  ("latents", "space", "error", "words"),
  [
    (lambda make: _nan(make("W"), (1, 3)), "W", InputError, "Latent 1 holds NaN.*nothing was"),
    (lambda make: make("W") * np.inf, "W", InputError, "Latent 0 holds NaN or inf.*3 such"),
    (lambda make: make("W+"), "W", LatentSpaceError, r"shape \[3, 4, 16\].*\[n, 16\]"),
    (lambda make: make("W"), "W+", LatentSpaceError, r"shape \[3, 16\].*\[n, 4, 16\]"),
    (lambda make: make("W")[:, :9], "W", LatentSpaceError, r"\[3, 9\]"),
    (lambda make: make("W")[0], "W", LatentSpaceError, r"shape \[16\]"),
    (lambda make: make("W")[:0], "W", InputError, "no latents"),
    (lambda make: make("W") + 1j, "W", InputError, "real numbers"),
    (lambda make: np.array([["a"] * _D]), "W", InputError, "real numbers"),
    (lambda make: make("W"), "Z", LatentSpaceError, "is for latent space W.*from Z"),
    (lambda make: _put(make("W"), (1, 3), 1e20), "W", InputError, r"Latent 1.*beyond \+-10000"),
    (lambda make: _put(make("W+"), (2, 0, 3), -1e5), "W+", InputError, "Latent 2.*far outside"),
    (lambda make: make("W"), "S", LatentSpaceError, "no latent space 'S'"),
  ],
)
def test_unusable_latents_are_refused_whole(
  generator, boundaries, make_latents, latents, space, error, words
):
  codes = latents(functools.partial(make_latents, generator))
  with pytest.raises(error, match=words) as caught:
    privatize(codes, generator, boundaries["W", 1], PrivacySpec(), latent_space=space)
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
  ("chosen", "spec", "words"),
  [
    ([], {}, "needs a boundary"),
    ([1, 2], {"epsilon": (1, 1, 1)}, "3 epsilons for 2 attributes"),
    ([1], {"epsilon": (1, 2)}, "2 epsilons for 1 attributes"),
    ([1, 2], {"mechanism": "randomized_response"}, "at most 1 number.*its own epsilon"),
    ([1], {"mechanism": "randomized_response", "wplus_mode": "per_layer"}, "tied"),
    ([1, 2], {"mechanism": "exponential"}, "its own epsilon"),
  ],
)
def test_guarantees_that_cannot_be_given_are_refused(generator, boundaries, chosen, spec, words):
  with pytest.raises(ConfigurationError, match=words):
    prepare(generator, [boundaries["W", n] for n in chosen], PrivacySpec(**spec), "W+")


def test_boundaries_that_do_not_fit_are_refused(generator, make_boundary):
  with pytest.raises(LatentSpaceError, match="8 numbers and the latents have 16"):
    prepare(generator, make_boundary(width=8), PrivacySpec())
  with pytest.raises(LatentSpaceError, match=r"is for latent space Z.*from W\+"):
    prepare(generator, make_boundary(space="Z"), PrivacySpec(), "W+")
  with pytest.raises(ConfigurationError, match="latent_space must be given"):
    prepare(generator, None, PrivacySpec(scope="image"))
  with pytest.raises(ConfigurationError, match="vary in 16 directions"):
    prepare(generator, None, PrivacySpec(scope="image", components=17), "W")


def test_a_code_is_judged_by_a_public_bound_whatever_others_are_beside_it(
  generator, make_boundary, make_latents
):
  for space, largest in (("W", 1e4), ("Z", 1e3)):
    prepared = prepare(generator, make_boundary(space=space), PrivacySpec(), space)
    codes = make_latents(generator, space)
    prepared.encode(_put(codes, (0, 0), largest))
    prepared.encode(_put(codes, (0, 0), -largest)[:1])
    with pytest.raises(InputError, match="nothing was released"):
      prepared.encode(_put(codes, (0, 0), np.nextafter(largest, np.inf)))


def test_nearly_parallel_planes_are_refused_and_others_stay_among_faces(generator):
  """Two planes at an angle: the public values of the second lie 1 / sine as far out as its plane."""
  first = np.eye(_D)[0]
  spec = PrivacySpec("randomized_response", epsilon=(1.0, 1.0), calibration_count=1000)
  for sine, fits in ((1e-4, False), (0.099, False), (0.101, True), (np.sqrt(1 - 0.99**2), True)):
    second = np.sqrt(1 - sine**2) * first + sine * np.eye(_D)[1]
    pair = [Boundary(first, 0.0, name="one"), Boundary(second, -3.0, name="two")]
    if fits:
      mechanism = prepare(generator, pair, spec).blocks[1].mechanism
      distance = abs(second @ generator.center - 3.0)
      assert max(map(abs, mechanism.side_values)) < 10 * (distance + 10)
    else:
      with pytest.raises(InputError, match=r"'two' points along 'one' \(collinear\)"):
        prepare(generator, pair, spec)


def test_nothing_is_drawn_for_refused_latents(generator, boundaries, make_latents, monkeypatch):
  def unexpected(size):
    raise AssertionError("noise was drawn")

  prepared = prepare(generator, boundaries["W", 1], PrivacySpec())
  monkeypatch.setattr("os.urandom", unexpected)
  with pytest.raises(InputError):
    prepared.release(prepared.encode(_nan(make_latents(generator, "W"), (0, 0))))
