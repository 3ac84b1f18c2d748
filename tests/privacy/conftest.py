"""What tests of privacy share: a stand-in for a generator, its codes, repeatable noise, a ledger."""

import sqlite3

import numpy as np
import pytest
from scipy import stats

from privai_tf.attributes.boundary import Boundary
from privai_tf.privacy.ledger import Ledger, schema
from privai_tf.privacy.mechanisms import make_mechanism, mechanism_class
from privai_tf.privacy.neighbours import Neighbours
from privai_tf.privacy.relation import Relation


class FakeGenerator:
  """StyleGAN-like: W is a fixed linear map of Z with known, unequal variances; no networks."""

  family = "stylegan"
  latent_spaces = ("Z", "W", "W+")

  def __init__(self, width: int = 16, layers: int = 4, seed: int = 3):
    random = np.random.default_rng(seed)
    self.fingerprint = f"fake-{width}-{layers}-{seed}"
    self.latent_size = width
    self.num_layers = layers
    axis = random.normal(size=(width, 1))
    rotation = np.eye(width) - 2 * axis @ axis.T / (axis.T @ axis)
    self.deviations = np.geomspace(2.0, 0.05, width)
    self.mixing = (rotation * self.deviations).T
    self.center = random.normal(size=width).astype(np.float32)
    self.sampled = 0

  def sample_z(self, n, seed):
    self.sampled += 1
    return np.random.RandomState(seed).standard_normal((n, self.latent_size)).astype(np.float32)

  def map(self, z, labels=None):
    return (z @ self.mixing + self.center).astype(np.float32)

  def mean_latent(self, latent_space):
    if latent_space == "Z":
      return np.zeros(self.latent_size, np.float32)
    if latent_space == "W":
      return self.center
    return np.tile(self.center, (self.num_layers, 1))

  def synthesize(self, codes, *, latent_space, noise="fixed"):
    assert noise == "fixed"
    return np.zeros((len(codes), 4, 4, 3), np.float32)


class FakePGGAN(FakeGenerator):
  """Z only, as PGGAN."""

  family = "pggan"
  latent_spaces = ("Z",)


class PinnedSource:
  """Words of a seeded generator in place of the system's: for tests that repeat a release."""

  def __init__(self, seed: int = 0):
    self._random = np.random.Generator(np.random.PCG64(seed))

  def words(self, count: int) -> np.ndarray:
    return self._random.integers(0, 1 << 64, size=count, dtype=np.uint64)


@pytest.fixture(scope="session")
def make_generator():
  return FakeGenerator


@pytest.fixture(scope="session")
def make_pggan():
  return FakePGGAN


@pytest.fixture(scope="session")
def pinned_source():
  return PinnedSource


@pytest.fixture(scope="module")
def generator(make_generator):
  """A generator of 4 layers whose codes have 16 numbers."""
  return make_generator(16, 4)


@pytest.fixture(scope="session")
def make_boundary():
  """Makes a boundary in a random direction."""

  def make(name="smile", seed=1, space="W", width=16, intercept=0.2):
    return Boundary(np.random.default_rng(seed).normal(size=width), intercept, space, name)

  return make


@pytest.fixture(scope="module")
def boundaries(make_boundary):
  """Three boundaries in each of W and Z: (space, 1 to 3) -> boundary."""
  return {(s, n): make_boundary(f"a{n}", n, s) for s in "WZ" for n in (1, 2, 3)}


@pytest.fixture(scope="session")
def make_latents():
  """Makes random codes of a generator's space."""

  def make(generator, space, count=3, seed=0):
    random = np.random.default_rng(seed)
    shape = np.shape(generator.mean_latent(space))
    return random.normal(size=(count, *shape)) * 2

  return make


@pytest.fixture(scope="session")
def make_neighbours():
  """Makes codewords in random places."""

  def make(count, width, seed=0):
    places = np.random.default_rng(seed).normal(size=(count, width))
    return Neighbours(places.astype(np.float32), np.ones(width))

  return make


@pytest.fixture(scope="session")
def simple_mechanism(make_neighbours):
  """Makes a mechanism with what its kind needs: delta 1e-5 unless pure, a side at 0.25, a normal
  coordinate, 40 faces."""

  def make(name, epsilon=1.0, radius=2.0, dimensions=1):
    delta = 0.0 if mechanism_class(name).pure else 1e-5
    return make_mechanism(
      name,
      epsilon=epsilon,
      delta=delta,
      clip_radius=radius,
      dimensions=dimensions,
      threshold=0.25,
      side_distance=0.75,
      samples=stats.norm.ppf((np.arange(1000) + 0.5) / 1000),
      neighbours=make_neighbours(40, dimensions),
      subset_size=7,
    )

  return make


@pytest.fixture
def make_ledger(request, tmp_path):
  """Makes a new ledger in a "file", or on a "postgres" server; returns its place."""

  def make(kind):
    postgres = kind == "postgres"
    place = request.getfixturevalue("new_database")() if postgres else tmp_path / "ledger.db"
    Ledger.create(place).close()
    return place

  return make


@pytest.fixture
def path(request, make_ledger):
  """A new ledger's place: a file, or what a test is parametrized with."""
  return make_ledger(getattr(request, "param", "file"))


@pytest.fixture
def state(tmp_path, monkeypatch):
  """The state folder of this test alone; removing it is another machine."""
  folder = tmp_path / "state"
  monkeypatch.setenv("PRIVAI_STATE_DIR", str(folder))
  return folder


@pytest.fixture
def old_ledger(tmp_path):
  """A file of version 1: ada has a release in scope attribute, bob one in scope image."""
  path = tmp_path / "old.db"
  path.touch(0o600)
  connection = sqlite3.connect(path)
  connection.executescript(schema.MIGRATIONS[0])
  connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
  connection.execute("PRAGMA user_version=1")
  connection.execute(
    "INSERT INTO meta VALUES ('subject_key', ?), ('last_time', 1000.0)", (bytes(32),)
  )
  unit = 10**30
  for subject, scope, release_id in (("ada", "attribute", None), ("bob", "image", "first")):
    values = (subject, str(2 * unit), "0", "basic", str(unit // 2), "0", 1)
    connection.execute("INSERT INTO subjects VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    values = (subject, release_id, 1000.0, "laplace", scope, str(unit // 2), "0", "")
    connection.execute(
      "INSERT INTO releases (subject, release_id, time, mechanism, scope, epsilon, delta, event)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      values,
    )
  connection.commit()
  connection.close()
  return path


@pytest.fixture(scope="session")
def make_relation():
  """Makes the relation of a release that hides attributes, each in a direction of its own."""
  directions = {"smile": 0, "age": 1, "gender": 2}

  def make(*attributes, form="linear", **fields):
    usual = {
      "scope": "attribute",
      "checkpoint": "c" * 64,
      "release_path": "p" * 64,
      "latent_space": "W",
      "attributes": attributes,
      "span": np.eye(8)[:, [directions[name] for name in attributes]],
      "split": f"{form}:{'5' * 64}",
      "rho": 1e-5,
      "inputs": "faces",
    }
    return Relation(**usual | fields)

  return make


@pytest.fixture
def ledger(path):
  """An open ledger in which nobody has a budget."""
  with Ledger.open(path) as opened:
    yield opened
