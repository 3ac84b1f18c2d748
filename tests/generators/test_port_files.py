"""NVIDIA's networks in the layouts of PyTorch's ports load as the same networks."""

import dataclasses

import numpy as np
import pytest

from privai_tf.converters import pggan, stylegan
from privai_tf.converters.conversion import convert_file
from privai_tf.converters.convert import convert_network
from privai_tf.converters.reading import read_any_file
from privai_tf.converters.records import NetworkRecord
from privai_tf.errors import CheckpointError
from privai_tf.generators import load_generator
from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from tests.converters.torch_writer import TorchWriter
from tests.generators.port_writer import pggan_port, stylegan_port

BASES = ("interfacegan", "genforce")


@pytest.fixture(params=["stream", "zip"])
def save(request, tmp_path):
  """Writes arrays, or dictionaries of them, as `torch.save` does."""

  def save_tree(tree):
    writer = TorchWriter(request.param)

    def body(value):
      if all(isinstance(v, np.ndarray) for v in value.values()):
        return writer.state_dict(value)
      return writer.dict({k: body(v) for k, v in value.items()})

    path = tmp_path / "network.pth"
    path.write_bytes(writer.save(body(tree)))
    return path

  return save_tree


def port(record, base):
  return (stylegan_port if record.components else pggan_port)(record, base)


def made(config, seed=0):
  """An official record of a configuration, with random weights."""
  random = np.random.default_rng(seed)

  def variables(rows):
    return {row.official: random.standard_normal(row.shape).astype(np.float32) for row in rows} | {
      "lod": np.float32(config.lod)
    }

  settings = {k: v for k, v in config.to_json().items() if k not in ("family", "role", "lod")}
  kind = ("tfutil.Network", 2) if config.family == "pggan" else ("dnnlib.tflib.network.Network", 3)

  def record(name, function, values, arguments, components=None):
    return NetworkRecord(*kind, name, arguments, components or {}, function, "", values)

  if config.family == "pggan":
    return record("Gs", "G_paper", variables(pggan.generator_rows(config)), settings)
  mapping = variables(stylegan.mapping_rows(config))
  del mapping["lod"]
  components = {
    "mapping": record("G_mapping", "G_mapping", mapping, {}),
    "synthesis": record(
      "G_synthesis", "G_synthesis", variables(stylegan.synthesis_rows(config)), {}
    ),
  }
  mean = random.standard_normal(config.dlatent_size).astype(np.float32)
  top = {"lod": np.float32(config.lod), "dlatent_avg": mean}
  return record("Gs", "G_style", top, settings, components)


def check_equal(path, record, psi=0.7):
  expected = convert_network(record)
  found = convert_network(read_any_file(path).network("Gs"))
  config = dataclasses.replace(
    expected.config,
    **{name: getattr(found.config, name) for name in ("fmap_base", "fmap_decay", "fmap_max")},
  )
  if config.family == "stylegan":
    config = dataclasses.replace(config, truncation_psi=psi, truncation_cutoff=psi and 8)
  assert found.config == config
  assert [config.channels(r) for r in config.resolutions] == [
    expected.config.channels(r) for r in config.resolutions
  ]
  assert set(found.weights) == set(expected.weights)
  for name, value in expected.weights.items():
    np.testing.assert_array_equal(found.weights[name], value, err_msg=name)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", ["sg_tiny", "sg_lod", "pg_tiny", "pg_lod"])
def test_official_networks(name, base, official, save):
  record = official.record(name)
  psi = 0.7 if base == "interfacegan" else None
  # Progressive GAN's official default is fused; the ports tell by names or shapes.
  check_equal(save(port(record, base)), record, psi)


def test_labels_of_genforce(official, save):
  record = official.record("sg_labels")
  check_equal(save({"generator_smooth": stylegan_port(record, "genforce")}), record, None)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("fused", [True, False])
def test_fused_layers_of_progressive_gan(fused, base, save):
  record = made(
    PGGANConfig(resolution=32, fmap_base=96, fmap_max=24, latent_size=20, fused_scale=fused)
  )
  check_equal(save(pggan_port(record, base)), record)


@pytest.mark.parametrize("base", BASES)
def test_fused_layers_of_stylegan(base, save):
  config = StyleGANConfig(
    resolution=128,
    num_channels=1,
    fmap_base=192,
    fmap_max=6,
    latent_size=7,
    dlatent_size=5,
    mapping_fmaps=9,
    mapping_layers=3,
  )
  record = made(config)
  psi = 0.7 if base == "interfacegan" else None
  check_equal(save(stylegan_port(record, base)), record, psi)


def test_a_training_checkpoint_of_genforce(official, save):
  record = official.record("pg_tiny")
  tensors = pggan_port(record, "genforce")
  path = save({"models": {"generator": tensors}, "optimizers": {"state": {"x": np.zeros(3)}}})
  check_equal(path, record)
  assert load_generator(path).provenance["network"] == "generator"


def test_the_truncation_that_a_file_holds(official, save):
  record = official.record("sg_tiny")
  tensors = stylegan_port(record, "interfacegan")
  layers = 2 * len(convert_network(record).config.resolutions)
  psi = np.ones((1, layers, 1), np.float32)
  psi[:, :4] = 0.6
  config = load_generator(save(tensors | {"truncation.truncation": psi})).config
  assert (config.truncation_psi, config.truncation_cutoff) == (0.6, 4)


def test_a_discriminator_that_does_not_fit_leaves_the_generators(official, save, tmp_path):
  tensors = pggan_port(official.record("pg_tiny"), "genforce")
  path = save({"generator": tensors, "discriminator": {"input0.weight": np.zeros((4, 3, 1, 1))}})
  assert load_generator(path).family == "pggan"
  file = read_any_file(path)
  assert list(file.by_place()) == ["G"]
  with pytest.raises(CheckpointError, match="discriminator"):
    file.network("D")
  _, reports = convert_file(path, tmp_path / "out", "all")
  assert [r.record.name for r in reports] == ["generator"]
  assert [p.name for p in (tmp_path / "out").iterdir()] == ["G"]
