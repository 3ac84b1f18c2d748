"""The fibre test on the release paths of the demo models."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.inversion.public_codes import public_codes
from privai_tf.inversion.spec import InversionSpec
from privai_tf.privacy import PrivacySpec, prepare
from privai_tf.privacy.audit.residual import (
  LINEAR,
  Share,
  orthogonal_rests,
  read_rest,
  released_rests,
  sides_of,
)
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.toolkit.rest_audit import halves, table

ENCODER = InversionSpec(latent_space="W", steps=0)


@pytest.fixture(scope="module")
def generator():
  import privai_tf

  return privai_tf.load_generator("avatars")


@pytest.fixture(scope="module")
def codes_halves(generator):
  """The shipped codes that the encoder makes of generated pictures: to fit on, and others."""
  return halves(public_codes(generator, ENCODER))


@pytest.mark.slow
@pytest.mark.parametrize("attribute", ["smile"])
def test_the_released_rest_of_encoders_codes_does_not_tell_the_side(
  generator, codes_halves, attribute
):
  """Linear and logistic probes; the orthogonal rest, for comparison, gives the side away.

  False alarms: probability below 1.2e-4 a reading, if nothing linear is left at all; the codes are
  the same in every run, and the noise of the rest is too small to matter.
  """
  fitted, fresh = codes_halves
  boundary = Boundary.load(f"avatars/{attribute}", latent_space="W")
  prepared = prepare(generator, boundary, PrivacySpec(epsilon=1.0), "W", fitted)
  codes = fresh.codes
  sides = sides_of(boundary, codes)
  orthogonal = read_rest(orthogonal_rests(prepared, codes), sides, attribute, probes=LINEAR)
  assert orthogonal.best.value > 0.75
  released = read_rest(released_rests(prepared, codes), sides, attribute, probes=LINEAR)
  assert released.holds, released.sentence


@pytest.mark.slow
def test_the_attacker_has_codes_of_other_pictures(generator, tmp_path):
  fitted = public_codes(generator, ENCODER)
  fresh = public_codes(generator, ENCODER, count=64, seed=2**30, folder=tmp_path)
  assert fitted.release_path == fresh.release_path
  assert len(fresh.codes) == 64
  known = {code.tobytes() for code in fitted.codes}
  assert not any(code.tobytes() in known for code in fresh.codes)


def test_halves_share_no_code():
  codes = np.arange(10, dtype=np.float32).reshape(5, 2)
  first, second = halves(PublicCodes(codes, "path", "W", 3))
  np.testing.assert_array_equal(np.concatenate([first.codes, second.codes]), codes)
  assert (first.release_path, first.directions) == ("path", 3)


def test_a_probe_above_its_limit_is_marked():
  random = np.random.default_rng(0)
  sides = random.random(400) < 0.5
  reading = read_rest(random.normal(size=(400, 2)), sides, "smile", probes=LINEAR)
  assert "EXCEEDED" not in table([reading])
  read = dict.fromkeys(LINEAR, Share(0.9, 0.85, 0.95))
  assert "EXCEEDED" in table([dataclasses.replace(reading, accuracies=read)])


@pytest.mark.slow
def test_the_command_prints_and_writes_every_reading(repository, tmp_path):
  arguments = ["--rest", "--checkpoint=avatars", "--latent_space=W", "--steps=0"]
  arguments += ["--attribute=pose", "--rest_codes=400", f"--output={tmp_path / 'out'}"]
  done = subprocess.run(
    [sys.executable, "-m", "privai_tf.audit", *arguments],
    cwd=repository,
    env={**os.environ, "PRIVAI_CACHE_DIR": str(tmp_path / "cache")},
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stderr
  assert "From the rest alone 'pose' is guessed right in" in done.stdout
  assert "base rate" in done.stdout
  released, orthogonal = json.loads((tmp_path / "out" / "rest.json").read_text())["rest"]
  assert (released["rest"], released["codes"], released["holds"]) == ("released", 400, True)
  assert set(released["accuracies"]) == {"linear", "logistic", "boosting", "network"}
  assert orthogonal["rest"] == "orthogonal"
