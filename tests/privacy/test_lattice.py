"""Codes on a coarse lattice are refused, float32 codes are not."""

import numpy as np
import pytest

from privai_tf.errors import InputError
from privai_tf.privacy import PrivacySpec, prepare
from privai_tf.privacy.lattice import refuse_coarse_codes

_RHO = 2.0**-17


@pytest.fixture
def codes():
  return np.random.default_rng(0).normal(size=(20, 512)).astype(np.float32).astype(np.float64)


def test_float32_codes_pass(codes):
  refuse_coarse_codes(codes, _RHO)
  refuse_coarse_codes(codes * 7, 2.0**-15)


@pytest.mark.parametrize("decimals", [1, 4, 5])
def test_decimals_are_refused_also_when_stored_as_float32(codes, decimals):
  codes[7] = np.round(codes[7], decimals).astype(np.float32)
  with pytest.raises(InputError, match=rf"Latent 7 is rounded to {decimals} decimals .*float32"):
    refuse_coarse_codes(codes, _RHO)


def test_half_precision_is_refused(codes):
  codes[3] = codes[3].astype(np.float16)
  with pytest.raises(InputError, match="Latent 3 is rounded to half precision"):
    refuse_coarse_codes(codes, _RHO)


def test_a_lattice_that_the_noise_covers_passes(codes):
  refuse_coarse_codes(np.round(codes, 4), 0.1)


def test_a_release_refuses_them(generator, boundaries, make_latents):
  prepared = prepare(generator, boundaries["W", 1], PrivacySpec(), "W")
  latents = make_latents(generator, "W")
  prepared.encode(latents)
  with pytest.raises(InputError, match="rounded to 3 decimals"):
    prepared.encode(np.round(latents, 3))
