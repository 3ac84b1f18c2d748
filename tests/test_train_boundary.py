"""The command that trains boundaries: files, exit codes, calibration; mostly without TensorFlow."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.subspaces import AttributeSubspace


@pytest.fixture(scope="module")
def data(tmp_path_factory):
  """Codes [n, 16] and scores along one direction, some of them invalid."""
  folder = tmp_path_factory.mktemp("data")
  random = np.random.default_rng(0)
  codes = random.normal(size=(1200, 16)) + 0.5
  direction = random.normal(size=16)
  scores = (codes - 0.5) @ direction + 0.3 * random.normal(size=1200)
  scores[:30] = -99
  np.save(folder / "w.npy", codes.astype(np.float32))
  np.save(folder / "scores.npy", scores[:, np.newaxis])
  np.save(folder / "layers.npy", np.zeros((4, 18, 16), np.float32))
  np.save(folder / "few.npy", scores[:7])
  age = Boundary(direction + random.normal(size=16), latent_space="W", name="age")
  age.save(folder / "age_w_boundary.npy")
  np.save(folder / "direction.npy", direction / np.linalg.norm(direction))
  return folder


@pytest.fixture
def train(repository, data):
  """Runs the command; returns (exit code, standard output, standard error)."""

  def run(output_dir, *flags, codes="w.npy", scores="scores.npy", latent_space="W"):
    command = [
      sys.executable,
      "-m",
      "privai_tf.train_boundary",
      f"--input_latents={data / codes}",
      f"--scores={data / scores}",
      f"--latent_space={latent_space}",
      f"--output_dir={output_dir}",
      *flags,
    ]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
    return result.returncode, result.stdout, result.stderr

  return run


@pytest.mark.slow
def test_boundary_conditional_boundary_and_subspace(train, data, tmp_path):
  code, stdout, stderr = train(
    tmp_path,
    "--attribute=smile",
    "--chosen_num_or_ratio=0.2",
    "--invalid_value=-99",
    f"--conditions={data / 'age_w_boundary.npy'}",
    "--subspace=leace",
    "--seed=2",
  )
  assert code == 0, stderr
  names = {path.name for path in tmp_path.iterdir()}
  stems = ("smile_w_boundary", "smile_c_age_w_boundary")
  assert names == {f"{stem}.{end}" for stem in stems for end in ("npy", "json")} | {
    "smile_w_subspace.npz",
    "smile_w_subspace.json",
  }
  array = np.load(tmp_path / "smile_w_boundary.npy")
  # InterFaceGAN's form, so that its tools can read it.
  assert array.shape == (1, 16)
  assert np.linalg.norm(array) == pytest.approx(1)
  assert array[0] @ np.load(data / "direction.npy") > 0.95
  companion = json.loads((tmp_path / "smile_w_boundary.json").read_text())
  assert companion["latent_space"] == "W"
  assert companion["intercept"] != 0
  assert companion["provenance"]["seed"] == 2
  assert companion["provenance"]["invalid"] == 30
  assert companion["calibration"] is None
  assert companion["provenance"]["accuracy"]["validation"] > 0.9
  assert "validation" in stdout
  conditional = Boundary.load(tmp_path / "smile_c_age_w_boundary.npy", latent_space="W+")
  age = Boundary.load(data / "age_w_boundary.npy")
  assert conditional.normal @ age.normal == pytest.approx(0, abs=1e-12)
  subspace = AttributeSubspace.load(tmp_path / "smile_w_subspace.npz", latent_space="W")
  assert subspace.k == 1
  assert "k = 1" in stdout


@pytest.mark.slow
def test_calibration_with_the_checkpoint(train, tiny_checkpoint, tmp_path):
  code, _, stderr = train(tmp_path, f"--checkpoint={tiny_checkpoint}")
  assert code == 0, stderr
  boundary = Boundary.load(tmp_path / "attribute_w_boundary.npy")
  assert boundary.calibration["count"] == 10_000
  assert boundary.calibration["generator"] == boundary.provenance["checkpoint"]["sha256"]
  assert boundary.provenance["checkpoint"]["name"] == "tiny"


@pytest.mark.parametrize(
  ("arguments", "flags", "code", "problem"),
  [
    ({"latent_space": "W+"}, [], 2, "latent_space"),
    ({}, ["--attribute=../smile"], 2, "names files"),
    ({}, ["--chosen_num_or_ratio=0"], 2, "chosen_num_or_ratio is 0"),
    ({"codes": "layers.npy"}, [], 1, "layers.npy has shape [4, 18, 16]"),
    ({"codes": "missing.npy"}, [], 1, "missing.npy: No such file"),
    ({"scores": "few.npy"}, [], 1, "there are 1200 codes"),
  ],
)
def test_refusals(train, tmp_path, arguments, flags, code, problem):
  found, _, stderr = train(tmp_path / "out", *flags, **arguments)
  assert found == code
  assert problem in stderr
  assert stderr.strip().count("\n") == 0


def test_a_condition_of_another_space(train, data, tmp_path):
  flag = f"--conditions={data / 'age_w_boundary.npy'}"
  code, _, stderr = train(tmp_path, flag, latent_space="Z")
  assert code == 1
  assert "age_w_boundary.npy is for latent space W, not Z" in stderr


@pytest.mark.slow
def test_a_condition_of_another_checkpoint(train, data, tiny_checkpoint, tmp_path):
  stated = {"checkpoint": {"name": "other", "sha256": "0" * 64}}
  age = Boundary.load(data / "age_w_boundary.npy")
  path = dataclasses.replace(age, provenance=stated).save(tmp_path / "age_w_boundary.npy")
  code, _, stderr = train(tmp_path, f"--checkpoint={tiny_checkpoint}", f"--conditions={path}")
  assert code == 1
  assert "age_w_boundary.npy: boundary 'age' is of another checkpoint" in stderr


def test_codes_whose_folder_says_that_they_are_of_another_space(train, data, tmp_path):
  """Z and W codes have one shape: only the record beside them tells."""
  (tmp_path / "z.npy").write_bytes((data / "w.npy").read_bytes())
  (tmp_path / "run.json").write_text('{"codes": {"z.npy": "Z"}}')
  code, _, stderr = train(tmp_path / "out", codes=tmp_path / "z.npy")
  assert code == 1
  assert "z.npy holds Z codes" in stderr
