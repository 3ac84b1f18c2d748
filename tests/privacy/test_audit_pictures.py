"""The command as a black box: what its published pictures tell of two neighbouring codes."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from privai_tf.attributes.boundary import Boundary
from privai_tf.privacy.audit import epsilon_lower_bound, prepare_audit

RELEASES, STUDIED = 500, 100
EPSILON = 1.0


@pytest.fixture(scope="module")
def neighbours():
  """Float32 codes of the demo model at the ends of the curve of "smile", and beyond."""
  import privai_tf

  generator = privai_tf.load_generator("avatars")
  boundary = Boundary.load("avatars/smile", latent_space="W")
  return prepare_audit("laplace", EPSILON, generator=generator, boundary=boundary).codes


def published(repository, folder, codes_of_two):
  """Two float64 [releases, pixels]: the pictures of as many releases of each code, in one job."""
  codes, output = folder / "codes.npy", folder / "out"
  np.save(codes, np.concatenate([np.repeat(code, RELEASES, axis=0) for code in codes_of_two]))
  flags = {
    "checkpoint": "avatars",
    "attribute": "smile",
    "latent_space": "W",
    "mechanism": "laplace",
    "epsilon": EPSILON,
    "input_latents": codes,
    "output_dir": output,
  }
  command = [sys.executable, "run_privatize.py", *(f"--{k}={v}" for k, v in flags.items())]
  done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr
  pictures = sorted(output.glob("*.png"), key=lambda path: int(path.stem.split("-")[1]))
  assert len(pictures) == 2 * RELEASES
  values = np.stack(
    [np.asarray(Image.open(path).reduce(4), np.float64).ravel() for path in pictures]
  )
  return values[:RELEASES], values[RELEASES:]


@pytest.mark.very_slow
def test_pictures_tell_no_more_than_epsilon(repository, tmp_path, neighbours):
  """The attacker has pictures alone: how they lie along the mean difference of the first 100.

  The alarm is false with probability below 1e-7. An honest epsilon of 1 shows a bound of about 0.55
  with 400 pictures a side; one below 0.1 would mean that the test is blind (5 standard errors).
  """
  pictures = published(repository, tmp_path, neighbours)
  studied = [one[:STUDIED] for one in pictures]
  direction = studied[0].mean(axis=0) - studied[1].mean(axis=0)
  threshold = np.median(np.concatenate(studied) @ direction)
  upper, lower = (int((one[STUDIED:] @ direction >= threshold).sum()) for one in pictures)
  counted = RELEASES - STUDIED
  assert epsilon_lower_bound(upper, lower, counted, confidence=1 - 1e-7) <= EPSILON
  assert epsilon_lower_bound(upper, lower, counted) > 0.1
