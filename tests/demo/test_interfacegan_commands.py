"""The commands of InterFaceGAN's README, in our spelling, in both spaces of the demo model."""

import subprocess
import sys

import numpy as np
import pytest

import privai_tf


# Five processes a space, which start TensorFlow each: two minutes of processor time in all.
@pytest.mark.very_slow
@pytest.mark.parametrize("space", ["W", "Z"])
def test_generate_train_condition_and_edit(space, repository, tmp_path):
  low, samples, mine = space.lower(), tmp_path / "samples", tmp_path / "mine"
  codes = f"--input_latents={samples}/{low}.npy"
  model = ["--checkpoint=avatars", f"--latent_space={space}"]

  def run(command: str, *arguments: str) -> str:
    result = subprocess.run(
      [sys.executable, "-m", f"privai_tf.{command}", *arguments],
      cwd=repository,
      capture_output=True,
      text=True,
      check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout

  # generate_data.py; then scores, which InterFaceGAN takes from elsewhere.
  run("generate", model[0], "--num=300", f"--output_dir={samples}")
  scorer = ["--scorer=avatars_classifier", "--attribute=age", f"--output={tmp_path}/age.npy"]
  run("score", f"--input={samples}", *scorer)
  # train_boundary.py and project_boundary.
  trained = [f"--scores={tmp_path}/age.npy", "--attribute=age", "--chosen_num_or_ratio=0.4"]
  condition = "--conditions=avatars/eyeglasses"
  run("train_boundary", codes, *trained, *model, condition, f"--output_dir={mine}")
  # edit.py with the single and with the conditional boundary.
  edited = {}
  for name in ("age", "age_c_eyeglasses"):
    boundary = f"--attribute={mine}/{name}_{low}_boundary.npy"
    options = ["--num=2", "--steps=3", f"--output_dir={tmp_path}/{name}"]
    output = run("edit", *model, boundary, codes, *options)
    assert "2 codes moved" in output
    edited[name] = np.load(tmp_path / name / "codes.npy").reshape(2, 3, -1)
  glasses = privai_tf.Boundary.load("avatars/eyeglasses", latent_space=space)
  single, conditional = (np.ptp(glasses.coordinate(c), axis=1) for c in edited.values())
  assert single.min() > 0.1
  np.testing.assert_allclose(conditional, 0, atol=1e-4)
