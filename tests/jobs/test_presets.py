"""Presets of the main job: what they set, what wins over them, what contradicts them."""

import json
import subprocess
import sys

import pytest

from privai_tf.jobs.presets import PRESETS

_CASES = {
  "none": [],
  **{name: [f"--preset={name}", "--epsilon=4"] for name in PRESETS},
  "other weights": ["--preset=data-set", "--resemble=pose:2"],
  "other noise": ["--preset=attribute", "--mechanism=laplace", "--decode=mean"],
  "decoding stays": ["--preset=attribute", "--mechanism=laplace"],
  "noise for a stand-in": ["--preset=stand-in", "--mechanism=gaussian", "--delta=1e-5"],
  "likeness without its noise": ["--preset=likeness", "--mechanism=extremal"],
  "likeness elsewhere": ["--preset=likeness", "--latent_space=W", "--public_codes=64"],
  "the preset's own scope": ["--preset=stand-in", "--scope=image"],
}
# Told without dashes where no command runs, as here.
_CONTRADICTIONS = {
  ("--preset=stand-in", "--scope=attribute"): ("preset=stand-in", "scope=attribute"),
  ("--preset=attribute", "--scope=image"): ("preset=attribute", "scope=image"),
  ("--preset=data-set", "--mechanism=gaussian", "--delta=1e-5"): (
    "preset=data-set",
    "mechanism=gaussian",
  ),
  ("--preset=data-set", "--attribute=age"): ("attribute", "image"),
  ("--preset=best",): ("preset", "best"),
}
# The flags of a process are defined once and for all: other commands' tests must not meet them.
_PARSED = """
import json, sys
from absl import flags
from absl.testing import flagsaver
from privai_tf.errors import ConfigurationError
from privai_tf.jobs import flags as job_flags
for arguments in json.loads(sys.argv[1]):
  with flagsaver.flagsaver():
    try:
      flags.FLAGS(["run_privatize.py", "--output_dir=out", *arguments])
      job = job_flags.job_from_flags()
      spec = job.privacy
      names = ("scope", "mechanism", "decode", "epsilon", "delta", "resemble", "private")
      other = {"space": job.inversion.latent_space, "codes": job.public_codes}
      print(json.dumps({"preset": job.preset} | other | {name: getattr(spec, name) for name in names}))
    except (ConfigurationError, flags.Error) as error:
      print(json.dumps(str(error)))
assert "tensorflow" not in sys.modules
"""


@pytest.fixture(scope="module")
def parsed(repository):
  """What the main job makes of every command line above, by its arguments."""
  lines = [*_CASES.values(), *map(list, _CONTRADICTIONS)]
  result = subprocess.run(
    [sys.executable, "-c", _PARSED, json.dumps(lines)],
    cwd=repository,
    capture_output=True,
    text=True,
    check=False,
  )
  assert result.returncode == 0, result.stderr
  answers = [json.loads(line) for line in result.stdout.splitlines()]
  return {tuple(line): answer for line, answer in zip(lines, answers, strict=True)}


@pytest.fixture
def case(parsed):
  return lambda name: parsed[tuple(_CASES[name])]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_what_it_says(case, name):
  found, preset = case(name), PRESETS[name]
  assert found["preset"] == name
  assert (found["scope"], found["mechanism"]) == (preset.scope, preset.mechanism)
  assert found["decode"] == (preset.decode or "raw")
  assert found["epsilon"] == 4.0
  assert found["private"]


def test_likeness_searches_a_code_a_layer_and_makes_no_codes_of_its_own(case):
  found = case("likeness")
  assert (found["space"], found["codes"], found["delta"]) == ("W+", 0, 1e-6)
  pure = case("likeness without its noise")
  assert (pure["mechanism"], pure["delta"]) == ("extremal", 0.0)
  elsewhere = case("likeness elsewhere")
  assert (elsewhere["space"], elsewhere["codes"]) == ("W", 64)


def test_weights_of_a_data_set(case):
  assert case("data-set")["resemble"] == [["age", 3.0], ["gender", 3.0]]
  assert case("stand-in")["resemble"] == []


def test_without_a_preset_the_default_is_that_of_an_attribute(case):
  same = {"preset": None, "epsilon": 1.0}
  assert case("none") == case("attribute") | same


def test_what_is_given_wins(case):
  assert case("other weights")["resemble"] == [["pose", 2.0]]
  assert (case("other noise")["mechanism"], case("other noise")["decode"]) == ("laplace", "mean")
  assert case("decoding stays")["decode"] == "sample"
  noise = case("noise for a stand-in")  # Has no weights, and needs none here.
  assert (noise["scope"], noise["mechanism"]) == ("image", "gaussian")
  assert case("the preset's own scope")["scope"] == "image"


@pytest.mark.parametrize("arguments", _CONTRADICTIONS)
def test_contradictions_are_told_in_one_line(parsed, arguments):
  text = parsed[arguments]
  assert isinstance(text, str)
  assert "\n" not in text
  assert all(name in text for name in _CONTRADICTIONS[arguments])
