"""Flags of an inversion: every field of the specification has one, with its default and its words."""

import dataclasses
import subprocess
import sys

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.inversion.spec import InversionSpec

_PRINTED = """
import sys
from absl import app
from privai_tf.inversion import flags
flags.define()
app.run(lambda _: print(repr(flags.spec_from_flags())))
"""


def _spec(*arguments):
  result = subprocess.run(
    [sys.executable, "-c", _PRINTED, *arguments], capture_output=True, text=True, check=False
  )
  return result.stdout.strip(), result.stderr


def test_defaults_are_the_specification_s():
  printed, errors = _spec()
  assert printed == repr(InversionSpec()), errors


def test_every_field_has_a_flag_that_reaches_it():
  values = {
    "latent_space": "W+",
    "steps": 7,
    "learning_rate": 0.5,
    "optimizer": "lion",
    "ramp_up": 0.25,
    "ramp_down": 0.125,
    "init": "encoder",
    "encoder": "e.pt",
    "batch_size": 3,
    "perceptual": "lpips",
    "vgg16_weights": None,
    "lpips_weights": "l.npz",
    "layer_weights": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0),
    "pixel_weight": 0.5,
    "face_weight": 2.0,
    "identity_weight": 0.5,
    "perceptual_weight": 0.25,
    "colour_weight": 0.125,
    "colour_goal": "grey",
    "ssim_weight": 0.5,
    "mean_weight": 0.5,
    "spread_weight": 0.5,
    "draft_side": 64,
    "noise": "fixed",
    "noise_maps": False,
    "noise_weight": 2.0,
    "latent_noise": 0.5,
    "patience": 2,
    "plateau": 0.5,
    "recompute": "on",
    "precision": "bfloat16",
    "strategy": "one",
    "jit": "off",
    "steps_per_call": 5,
    "seed": 9,
  }
  assert set(values) == {field.name for field in dataclasses.fields(InversionSpec)}
  arguments = [
    f"--{name}={','.join(map(str, value)) if isinstance(value, tuple) else value}"
    for name, value in values.items()
    if value is not None
  ]
  printed, errors = _spec(*arguments)
  assert printed == repr(InversionSpec(**values)), errors


def test_a_list_that_is_no_numbers_is_one_line():
  from privai_tf.inversion import flags as inversion_flags

  with pytest.raises(ConfigurationError, match="layer_weights=1,a: give numbers"):
    inversion_flags._numbers("layer_weights", ["1", "a"])


@pytest.mark.parametrize(("spaces", "space"), [(("Z",), "Z"), (("Z", "W", "W+"), "W")])
def test_the_space_follows_the_generator(spaces, space):
  assert InversionSpec().for_spaces(spaces).latent_space == space
  assert InversionSpec(latent_space="Z").for_spaces(spaces).latent_space == "Z"
