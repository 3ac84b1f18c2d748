"""NVIDIA's attribute classifiers: official files give the scores of NVIDIA's own code."""

import importlib.util
import json
import zlib

import numpy as np
import pytest

from privai_tf.attributes.scorers.loading import load_scorer
from privai_tf.attributes.scorers.official import OfficialScorer, attribute_of, scaled
from privai_tf.attributes.scorers.scorer import Scorer
from privai_tf.converters.conversion import convert_file
from privai_tf.converters.convert import convert_network
from privai_tf.converters.restricted_pickle import read_network_file
from privai_tf.converters.stylegan import discriminator_rows
from privai_tf.errors import CheckpointError, ConfigurationError, InputError
from privai_tf.generators.config import StyleGANDiscriminatorConfig
from privai_tf.generators.discriminator import Discriminator

ARGUMENTS = {"num_channels": 3, "resolution": 256, "fmap_base": 512, "fmap_max": 16}


def _images(count, side, seed=0):
  return np.random.default_rng(seed).uniform(-1, 1, (count, side, side, 3)).astype(np.float32)


def _pickled(writer, seed, arguments=ARGUMENTS, name="celebahq-classifier", without=()):
  """A lone network of the discriminator's architecture with random weights, as operations."""
  random = np.random.default_rng(seed)
  rows = discriminator_rows(StyleGANDiscriminatorConfig(**arguments))
  variables = {
    row.official: np.float32(0) if row.official == "lod" else random.standard_normal(row.shape)
    for row in rows
  }
  variables = {
    key: np.asarray(v, np.float32)[()]
    for key, v in variables.items()
    if not key.startswith(without)
  }
  return writer.network(name, "D_basic", variables, arguments=arguments)


@pytest.fixture(scope="module")
def folder(assembler, tmp_path_factory):
  """Two classifiers of 256 x 256, as NVIDIA's files are called."""
  folder = tmp_path_factory.mktemp("classifiers")
  writer = assembler()
  arguments = ARGUMENTS | {"mbstd_group_size": 1}
  for number, name in ((0, "male"), (1, "smiling")):
    data = writer.file(_pickled(writer, number, arguments))
    (folder / f"celebahq-classifier-{number:02d}-{name}.pkl").write_bytes(data)
  return folder


def test_an_official_file_gives_the_scores_of_the_discriminator(folder):
  path = folder / "celebahq-classifier-01-smiling.pkl"
  scorer = load_scorer(path)
  assert isinstance(scorer, Scorer)
  assert scorer.attributes == ("smiling",)
  assert scorer.resolution == 256
  converted = convert_network(read_network_file(path).networks[0])
  port = Discriminator(converted.config, converted.weights)
  images = _images(3, 256)
  logits = port(images)
  np.testing.assert_allclose(scorer.logits(images), logits, atol=1e-5)
  np.testing.assert_allclose(scorer.scores(images), -2 * logits, atol=1e-5)
  # The official metric's second class.
  pair = np.exp(np.concatenate([logits, -logits], 1) - np.abs(logits))
  present = pair[:, 1:] / pair.sum(1, keepdims=True)
  np.testing.assert_allclose(scorer.probabilities(images), present, atol=1e-5)
  # From 1024: officially the means of 4 x 4 pixels.
  large = _images(2, 1024, seed=1)
  means = large.reshape(2, 256, 4, 256, 4, 3).mean((2, 4))
  np.testing.assert_allclose(scorer.logits(large), port(means), atol=1e-5)
  np.testing.assert_array_equal(scaled(large, 256), means)
  assert scorer.scores(images[:0]).shape == (0, 1)
  with pytest.raises(InputError, match="N, R, R, 3"):
    scorer.scores(images[0])
  with pytest.raises(InputError, match="not finite"):
    scorer.scores(np.full_like(images, np.nan))


def test_a_folder_of_them(folder):
  scorer = load_scorer(folder)
  assert scorer.attributes == ("male", "smiling")
  images = _images(2, 256)
  both = scorer.scores(images)
  assert both.shape == (2, 2)
  alone = load_scorer(folder, ("Smiling",))
  assert alone.attributes == ("smiling",)
  np.testing.assert_allclose(alone.scores(images)[:, 0], both[:, 1], atol=1e-5)
  assert scorer.select(("smiling", "male")).attributes == ("smiling", "male")
  assert alone.fingerprint != scorer.fingerprint
  with pytest.raises(ConfigurationError, match="'beard'; it knows male, smiling"):
    load_scorer(folder, ("beard",))


def test_a_file_that_changed_since_its_download_is_refused(folder, tmp_path):
  path = tmp_path / "celebahq-classifier-00-male.pkl"
  path.write_bytes((folder / path.name).read_bytes())
  record = tmp_path / f"{path.name}.sha256"
  record.write_text(f"{'0' * 64}  {path.name}\n")
  with pytest.raises(CheckpointError, match="has changed since it was first used"):
    load_scorer(path)


def test_a_score_does_not_depend_on_the_neighbours(assembler, tmp_path):
  """With the minibatch standard deviation, as discriminators have it, it could."""
  writer = assembler()
  small = {"num_channels": 3, "resolution": 32, "fmap_base": 64, "fmap_max": 8}
  path = tmp_path / "celebahq-classifier-02-attractive.pkl"
  path.write_bytes(writer.file(_pickled(writer, 5, small)))
  scorer, images = load_scorer(path), _images(5, 32)
  together = scorer.scores(images)
  np.testing.assert_allclose(scorer.scores(images[2:3]), together[2:3], atol=1e-5)


def test_a_network_built_for_its_full_resolution_only(assembler, tmp_path):
  """Without the colour layers of lower resolutions, which such a network never has."""
  writer = assembler()
  small = {"num_channels": 3, "resolution": 16, "fmap_base": 64, "fmap_max": 8}
  lower = ("FromRGB_lod1", "FromRGB_lod2")
  scores = []
  for name, without in (("whole", ()), ("fixed", lower)):
    path = tmp_path / f"{name}.pkl"
    path.write_bytes(writer.file(_pickled(writer, 5, small, without=without)))
    scores.append(load_scorer(path).scores(_images(2, 16)))
  np.testing.assert_array_equal(*scores)
  _, (report,) = convert_file(tmp_path / "fixed.pkl", tmp_path / "out")
  assert "  filled     4 weights that the file lacks and nothing uses" in report.lines()
  np.testing.assert_array_equal(load_scorer(tmp_path / "out").scores(_images(2, 16)), scores[0])
  # Part of them is no such network.
  path.write_bytes(writer.file(_pickled(writer, 5, small, without=lower[:1])))
  with pytest.raises(CheckpointError, match=r"missing .*/FromRGB_lod1/bias"):
    load_scorer(path)


def test_what_is_no_classifier_is_refused(assembler, folder, tmp_path):
  writer = assembler()
  small = {"num_channels": 3, "resolution": 8, "fmap_base": 16, "fmap_max": 4}
  one = _pickled(writer, 0, small)
  generator = tmp_path / "karras2019stylegan.pkl"
  generator.write_bytes(writer.file(writer.tuple(one, one, one)))
  with pytest.raises(CheckpointError, match=r"holds the networks of a generator \(G, D, Gs\)"):
    load_scorer(generator)
  grey = tmp_path / "celebahq-classifier-00-male.pkl"
  grey.write_bytes(writer.file(_pickled(writer, 0, small | {"num_channels": 1})))
  with pytest.raises(CheckpointError, match="for 1 channels"):
    load_scorer(grey)
  other = tmp_path / "celebahq-classifier-00-smiling.pkl"
  other.write_bytes(writer.file(_pickled(writer, 0, small)))
  with pytest.raises(CheckpointError, match=r"different sizes \(\[8, 256\]\)"):
    OfficialScorer(
      {"a": _network(other), "b": _network(folder / "celebahq-classifier-00-male.pkl")}
    )
  with pytest.raises(CheckpointError, match="does not exist; give a folder of train_classifier"):
    load_scorer("nothing_there")


def _network(path):
  converted = convert_network(read_network_file(path).networks[0])
  return Discriminator(converted.config, converted.weights)


@pytest.mark.parametrize(
  ("name", "attribute"),
  [
    ("celebahq-classifier-05-5-o-clock-shadow.pkl", "5-o-clock-shadow"),
    ("celebahq-classifier-39-wearing-necktie.pkl", "wearing-necktie"),
    ("mine.pkl", "mine"),
  ],
)
def test_names(name, attribute):
  assert attribute_of(name) == attribute


def _official_discriminator(writer, repository, config):
  """The discriminator of a reference configuration, alone in a file, and NVIDIA's scores."""
  data = repository / "tests" / "data" / "official"
  specs = json.loads((data / "specs.json").read_text())
  network = specs["configs"][config]["networks"]["D"]
  variables = {}
  for name, shape in network["variables"]:
    if name == "lod":
      variables[name] = np.float32(specs["configs"][config]["lod"])
      continue
    state = (zlib.crc32(f"{config}/D/{name}".encode()) ^ specs["seed"]) & 0xFFFFFFFF
    values = np.random.RandomState(state).standard_normal(tuple(shape))
    variables[name] = (values * (0.1 if name.endswith("bias") else 1.0)).astype(np.float32)
  body = writer.network("D", "D_basic", variables, arguments=network["static_kwargs"])
  with np.load(data / f"{config}.npz") as arrays:
    images = arrays["images"][:1].transpose(0, 2, 3, 1)
    return writer.file(body), images, arrays["scores_b1"]


@pytest.mark.parametrize("config", ["sg_tiny", "sg_lod"])
def test_scores_of_nvidias_own_code(config, assembler, repository, tmp_path):
  data, images, expected = _official_discriminator(assembler(), repository, config)
  path = tmp_path / "celebahq-classifier-19-eyeglasses.pkl"
  path.write_bytes(data)
  scorer = load_scorer(path)
  np.testing.assert_allclose(scorer.logits(images), expected, atol=1e-5, rtol=1e-5)
  # Every pixel four times as wide: the means of blocks are the picture again.
  large = images.repeat(4, axis=1).repeat(4, axis=2)
  np.testing.assert_allclose(scorer.logits(large), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.slow
def test_scores_of_nvidias_own_code_at_256(shared_dir, tmp_path):
  """The writer of the reference files themselves, which pickles as NVIDIA's code does."""
  script = shared_dir / "official" / "write_pickle.py"
  spec = importlib.util.spec_from_file_location("write_pickle", script)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  specs = module.load_specs()
  config = specs["configs"]["sg_fused"]
  network = module.build_network(specs["seed"], "sg_fused", config, config["networks"]["D"])
  path = tmp_path / "celebahq-classifier-00-male.pkl"
  with open(path, "wb") as file:
    module.OfficialPickler(file, protocol=4).dump(network)
  scorer = load_scorer(path)
  assert scorer.resolution == 256
  with np.load(shared_dir / "official" / "sg_fused.npz") as arrays:
    images, expected = arrays["images"][:1].transpose(0, 2, 3, 1), arrays["scores_b1"]
  np.testing.assert_allclose(scorer.logits(images), expected, atol=1e-5, rtol=1e-5)
  large = images.repeat(4, axis=1).repeat(4, axis=2)
  np.testing.assert_allclose(scorer.logits(large), expected, atol=1e-5, rtol=1e-5)
