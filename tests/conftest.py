"""Fixtures that every test folder uses."""

import functools
import os
import pathlib
import runpy
import signal
import tempfile

import hypothesis
import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]

# What this process and its children keep of ledgers goes with the tests, not into the user's folder.
_STATE = tempfile.TemporaryDirectory(prefix="privai-state-")
os.environ["PRIVAI_STATE_DIR"] = _STATE.name
# Pictures are compared: all are to be drawn alike, whatever processor the tests meet.
os.environ["PRIVAI_PRECISION"] = "float32"

# Nor does anything here, or in a Python program started from here, reach out of this machine.
_OUTREACH = pathlib.Path(_STATE.name) / "outreach"
_OFFLINE = REPOSITORY / "tests" / "offline"
os.environ["PRIVAI_OUTREACH"] = str(_OUTREACH)
os.environ["PYTHONPATH"] = os.pathsep.join(
  filter(None, [str(_OFFLINE), os.environ.get("PYTHONPATH")])
)
runpy.run_path(str(_OFFLINE / "sitecustomize.py"))


# The same examples each time, however slowly a busy machine makes them: of thousands of tests that draw
# others in every run, one would fail now and then, in a run of something else.
hypothesis.settings.register_profile(
  "suite",
  deadline=None,
  derandomize=True,
  suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("suite")


# Where chance itself is judged a second draw would only hide what the first one found.
_JUDGES_OF_CHANCE = ("attributes", "evaluation", "privacy")


def pytest_collection_modifyitems(items) -> None:
  """Runs a failed test once more (named in the summary) unless it judges chance.

  Thousands of tests start, kill and measure processes and servers on a machine that others use too.
  The ledger's tests, under privacy/, do so as well.
  """
  for item in items:
    part = item.path.relative_to(REPOSITORY / "tests").parts[0]
    if part not in _JUDGES_OF_CHANCE or item.path.name.startswith("test_ledger"):
      item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="module", autouse=True)
def stays_here():
  """Fails the last test of a file in which something asked for another machine."""
  yield
  attempts = _OUTREACH.read_text(encoding="utf-8") if _OUTREACH.exists() else ""
  _OUTREACH.unlink(missing_ok=True)
  assert not attempts, f"reached out of this machine:\n{attempts}"


@pytest.fixture(scope="session")
def repository() -> pathlib.Path:
  """The repository's root."""
  return REPOSITORY


@pytest.fixture(scope="session")
def imported_packages():
  """Gives the packages that `python -X importtime` names on standard error."""

  def packages(stderr: str) -> set[str]:
    lines = (line for line in stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip().split(".")[0] for line in lines}

  return packages


@pytest.fixture(scope="session")
def shared_dir() -> pathlib.Path:
  """The folder with the large reference data; skips the test, saying why, where it is absent."""
  folder = pathlib.Path(os.environ.get("PRIVAI_SHARED", REPOSITORY.parent / "shared"))
  if not (folder / "official").is_dir():
    pytest.skip(f"large reference data not found at {folder} (set PRIVAI_SHARED)")
  return folder


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory) -> pathlib.Path:
  """A 32 x 32 StyleGAN checkpoint with random weights, and boundaries for "smile" beside it."""
  import numpy as np

  from privai_tf.attributes.boundary import Boundary
  from privai_tf.generators.checkpoint import save_checkpoint
  from privai_tf.generators.config import StyleGANConfig
  from privai_tf.generators.stylegan import MappingNetwork, SynthesisNetwork
  from privai_tf.generators.weights import read_weights

  folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
  config = StyleGANConfig(
    resolution=32, latent_size=16, dlatent_size=16, mapping_fmaps=16, fmap_base=256, fmap_max=16
  )
  networks = (MappingNetwork(config, seed=1), SynthesisNetwork(config, seed=2, constant="normal"))
  save_checkpoint(folder, config, read_weights(networks), {"licence": "Apache-2.0"})
  random = np.random.default_rng(3)
  for space in ("W", "Z"):
    boundary = Boundary(random.normal(size=16), latent_space=space, name="smile")
    boundary.save(folder / f"smile_{space.lower()}_boundary.npy")
  return folder


@pytest.fixture(scope="session")
def constant_checkpoint(tiny_checkpoint, tmp_path_factory) -> pathlib.Path:
  """The tiny checkpoint with W codes whose first number is always 0, and a boundary across it."""
  import numpy as np

  from privai_tf.attributes.boundary import Boundary
  from privai_tf.generators.checkpoint import read_checkpoint, save_checkpoint

  folder = tmp_path_factory.mktemp("checkpoints") / "constant"
  checkpoint = read_checkpoint(tiny_checkpoint)
  weights = {name: np.array(value) for name, value in checkpoint.weights.items()}
  weights["mapping/dense7/weight"][:, 0] = 0
  weights["mapping/dense7/bias"][0] = 0
  save_checkpoint(folder, checkpoint.config, weights, {"licence": "Apache-2.0"})
  Boundary(np.eye(16)[0], latent_space="W", name="smile").save(folder / "smile_w_boundary.npy")
  return folder


@pytest.fixture(scope="session")
def postgres():
  """A real PostgreSQL server for these tests alone; skips the test, saying why, where there is none."""
  server = runpy.run_path(str(REPOSITORY / "tests" / "postgres_server.py"))["PostgresServer"]
  if (reason := server.missing()) is not None:
    pytest.skip(reason)
  with server() as running:
    yield running


@pytest.fixture
def new_database(postgres):
  """Gives URLs of empty databases, each another one."""
  used = iter(range(100))
  return lambda: postgres.empty_database(next(used))


_OTHER_STORES = runpy.run_path(str(REPOSITORY / "tests" / "other_stores.py"))


def _stores_at_hand() -> list[str]:
  """S3 always, others where their servers and clients happen to be installed."""
  others = _OTHER_STORES["PROTOCOLS"]
  return ["s3", *(name for name in others if _OTHER_STORES["missing"](name) is None)]


@pytest.fixture(scope="session", params=_stores_at_hand())
def object_store(request):
  """A store's server on this machine, started for these tests alone; gives the URL of its bucket.

  Skips the test, saying why, where what S3's needs is not installed.
  """
  if request.param == "s3":
    store = runpy.run_path(str(REPOSITORY / "tests" / "object_store.py"))
    if (reason := store["missing"]()) is not None:
      pytest.skip(reason)
    running = store["running"]()
  else:
    store, running = _OTHER_STORES, _OTHER_STORES["running"](request.param)
  with running as environment, pytest.MonkeyPatch.context() as patch:
    for name, value in environment.items():
      patch.setenv(name, value)
    yield f"{request.param}://{store['BUCKET']}"


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
  """Tests, and the commands that they start, keep nothing in the user's cache and state folders."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("PRIVAI_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    yield


@pytest.fixture(scope="session")
def few_public_codes():
  """Puts 16 public codes of a release path beside a checkpoint: who asks for none makes no 1,024."""

  def put(checkpoint: pathlib.Path, **spec) -> None:
    from privai_tf.generators import load_generator
    from privai_tf.inversion.public_codes import FOLDER, public_codes
    from privai_tf.inversion.spec import InversionSpec

    generator = load_generator(checkpoint)
    public_codes(generator, InversionSpec(**spec), count=16, folder=checkpoint / FOLDER)

  return put


@pytest.fixture
def one_generator(monkeypatch):
  """Jobs load every checkpoint once in all tests: what is compiled for it serves them all."""
  from privai_tf.jobs import stages

  monkeypatch.setattr(stages, "load_generator", _loaded_once())


@functools.cache
def _loaded_once():
  from privai_tf.generators import load_generator

  return functools.cache(load_generator)


@pytest.fixture
def job_on_codes(tiny_checkpoint, tmp_path):
  """Makes a job that hides "smile" in so many codes of the tiny checkpoint."""
  import numpy as np

  from privai_tf.jobs.job import Job
  from privai_tf.privacy.spec import PrivacySpec

  def make(count: int, **fields) -> Job:
    path = tmp_path / "codes.npy"
    np.save(path, np.random.default_rng(1).normal(size=(count, 16)).astype(np.float32))
    usual = {
      "checkpoint": str(tiny_checkpoint),
      "attributes": (str(tiny_checkpoint / "smile_w_boundary.npy"),),
      "privacy": PrivacySpec(epsilon=1.0, noise_seed=7),
      "output_dir": tmp_path / "out",
      "input_latents": str(path),
      "public_codes": 16,  # Where a test gives pictures: fitted badly, and quickly.
    }
    return Job(**{**usual, **fields})

  return make


@pytest.fixture
def interruptible():
  """Ctrl-C raises `KeyboardInterrupt`: a shell starts jobs in the background with SIGINT ignored."""
  before = signal.signal(signal.SIGINT, signal.default_int_handler)
  yield
  signal.signal(signal.SIGINT, before)
