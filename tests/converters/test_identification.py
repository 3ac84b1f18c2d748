"""`--identify`: what files of every kind are said to be, and which are not known; nothing is executed."""

import contextlib
import json
import subprocess
import sys

import numpy as np
import pytest

from privai_tf.converters.identification import identified
from privai_tf.errors import PrivaiError
from privai_tf.generators.checkpoint import save_checkpoint
from privai_tf.generators.config import PGGANConfig, StyleGANDiscriminatorConfig
from privai_tf.generators.discriminator import Discriminator
from privai_tf.generators.families import create_generator
from privai_tf.generators.stylegan3.design import designed
from privai_tf.generators.stylegan3.generator import StyleGAN3Generator
from tests.converters.ir_writer import random_weights, write_ir
from tests.converters.torch_writer import TorchWriter
from tests.generators import stylegan3_file


def text(path):
  facts = identified(path)
  assert facts.reads
  return "\n".join(facts.lines())


@pytest.fixture(scope="module")
def stylegan3(tmp_path_factory):
  config = designed(
    16, num_layers=4, channel_base=64, channel_max=6, latent_size=5, dlatent_size=6, mapping_fmaps=7
  )
  described = stylegan3_file.described(config, StyleGAN3Generator(config).weights())
  path = tmp_path_factory.mktemp("files") / "tiny.pkl"
  path.write_bytes(stylegan3_file.pickled(TorchWriter(protocol=4), *described))
  return path


def test_a_persistent_pickle(stylegan3, nothing_executed):
  with nothing_executed():
    found = text(stylegan3)
  assert "Gs: stylegan3 generator, 16 x 16, 3 channels, spaces Z [5], W [6], W+ [6, 6]" in found
  assert f"python -m privai_tf.converters {stylegan3} DIR" in found
  assert "source text, never executed" in found
  assert "augment_pipe" in found


def test_a_network_that_cannot_be_converted_is_still_named(tmp_path):
  writer = TorchWriter(protocol=4)
  path = tmp_path / "half.pkl"
  path.write_bytes(writer.snapshot())
  with pytest.raises(PrivaiError, match="without the parts"):
    identified(path)


def test_folders_of_ours(tmp_path, repository):
  config = PGGANConfig(resolution=8, fmap_base=32, fmap_max=4, latent_size=4)
  generator = create_generator(config)
  save_checkpoint(tmp_path / "all" / "Gs", config, generator.weights(), {"source": "x.pkl"})
  assert "spaces Z [4]" in text(tmp_path / "all" / "Gs")
  assert "from x.pkl" in text(tmp_path / "all" / "Gs")
  critic = StyleGANDiscriminatorConfig(resolution=8, fmap_base=32, fmap_max=4)
  save_checkpoint(tmp_path / "all" / "D", critic, Discriminator(critic).weights())
  assert "load_discriminator" in text(tmp_path / "all" / "D")
  both = text(tmp_path / "all")
  assert "checkpoints of one file" in both
  assert "D: stylegan discriminator, 8 x 8" in both
  assert "--encoder=" in text(repository / "checkpoints" / "avatars" / "encoder")
  assert "attributes: age" in text(repository / "checkpoints" / "avatars_classifier")


def test_openvino_files(tmp_path):
  write_ir(random_weights(), tmp_path / "ir")
  found = text(tmp_path / "ir")
  assert "MobileStyleGAN's four OpenVINO files, not the published ones" in found
  assert "mobilestylegan generator, " in found
  (tmp_path / "ir" / "MappingNetwork.xml").write_text("<net")
  with pytest.raises(PrivaiError) as caught:
    identified(tmp_path / "ir")
  assert "\n" not in str(caught.value)


def test_numbers(tmp_path, repository):
  boundary = text(repository / "boundaries" / "avatars" / "smile_w_boundary.npy")
  assert "boundary of 'smile', 512 numbers, in W, calibrated" in boundary
  assert f"--attribute={repository}" in boundary
  for name, shape, words in (
    ("plane", (1, 8), "its latent space is not stated"),
    ("codes", (3, 8), "3 latent codes of Z or W"),
    ("rows", (3, 4, 8), "3 latent codes of W+"),
  ):
    np.save(tmp_path / f"{name}.npy", np.ones(shape, np.float32))
    assert words in text(tmp_path / f"{name}.npy")


@pytest.fixture
def unknown(tmp_path):
  """Files that are none of ours, and what is said of them."""
  np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
  np.save(tmp_path / "zeros.npy", np.zeros((1, 8)))
  np.save(tmp_path / "whole.npy", np.arange(3))
  (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\x01\x00\xff\xff{")
  (tmp_path / "text.pkl").write_text("hello")
  (tmp_path / "empty.pkl").write_bytes(b"")
  (tmp_path / "page.pkl").write_text("<html>Quota exceeded</html>")
  (tmp_path / "attack.pkl").write_bytes(b"\x80\x04cos\nsystem\n(X\x04\x00\x00\x00truetR.")
  (tmp_path / "folder").mkdir()
  (tmp_path / "strange").mkdir()
  (tmp_path / "strange" / "config.json").write_text("[" * 100_000)
  (tmp_path / "other").mkdir()
  (tmp_path / "other" / "config.json").write_text(json.dumps({"format": "bert"}))
  return tmp_path


@pytest.mark.parametrize(
  ("name", "words"),
  [
    ("objects.npy", "holds Python objects"),
    ("whole.npy", "neither a boundary nor latent codes"),
    ("zeros.npy", "zeros or not finite"),
    ("broken.npy", "damaged"),
    ("text.pkl", "it is not a pickle"),
    ("empty.pkl", "it is empty"),
    ("page.pkl", "it is a web page"),
    ("attack.pkl", "os.system"),
    ("folder", "a folder without a checkpoint"),
    ("strange", "is not JSON"),
    ("other", "a folder without a checkpoint"),
    ("absent.pkl", "No such file"),
  ],
)
def test_unknown_files(unknown, nothing_executed, name, words):
  # NumPy parses a header as a Python literal, which the audit sees as a compilation.
  watch = contextlib.nullcontext if name.endswith(".npy") else nothing_executed
  with watch(), pytest.raises(PrivaiError) as caught:
    identified(unknown / name)
  assert words in str(caught.value)
  assert "\n" not in str(caught.value)


def run(repository, *arguments):
  command = [sys.executable, "-m", "converters", *map(str, arguments)]
  return subprocess.run(command, capture_output=True, text=True, cwd=repository)


def test_command(stylegan3, unknown, repository):
  known = run(repository, "--identify", stylegan3)
  assert (known.returncode, known.stderr) == (0, "")
  assert known.stdout.startswith(str(stylegan3))
  other = run(repository, "--identify", unknown / "text.pkl")
  assert (other.returncode, other.stdout) == (1, "")
  assert other.stderr.count("\n") == 1
  assert run(repository, "--identify").returncode == 2


@pytest.mark.parametrize("config", ["sg2_tiny", "ada_labels", "adapt_tiny", "gf_pggan", "ig_pggan"])
def test_networks_of_every_origin(config, shared_dir, tmp_path):
  writer = shared_dir / "networks" / "write_network.py"
  if not writer.is_file():
    pytest.skip(f"reference data of networks not found at {writer.parent} (set PRIVAI_SHARED)")
  path = tmp_path / f"{config}.bin"
  subprocess.run([sys.executable, str(writer), config, str(path)], check=True, capture_output=True)
  found = text(path)
  family = "pggan" if config.endswith("pggan") else "stylegan2"
  assert f"Gs: {family} generator" in found or f"generator: {family} generator" in found
  assert "cannot be converted" not in found


def test_an_encoder(shared_dir, tmp_path):
  writer = shared_dir / "networks" / "write_network.py"
  if not writer.is_file():
    pytest.skip(f"reference data of networks not found at {writer.parent} (set PRIVAI_SHARED)")
  path = tmp_path / "e4e.pt"
  arguments = ["e4e_narrow", str(path)]
  subprocess.run([sys.executable, str(writer), *arguments], check=True, capture_output=True)
  found = text(path)
  assert "e4e encoder" in found
  assert "8 heads, 32 x 32, codes in W+ [8, 128]" in found
  assert f"--encoder={path}" in found
