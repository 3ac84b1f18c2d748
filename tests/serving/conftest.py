"""A small exported model with an encoder, and a server for it."""

import importlib.util
import pathlib
import shutil

import numpy as np
import pytest


@pytest.fixture(scope="session")
def serving_checkpoint(tiny_checkpoint, tmp_path_factory):
  """The tiny checkpoint with a random encoder beside it, and two attributes in W."""
  from privai_tf.attributes.boundary import Boundary
  from privai_tf.generators import load_generator
  from privai_tf.inversion.encoder import FOLDER, Encoder
  from privai_tf.inversion.encoder_network import EncoderConfig, build_network

  folder = tmp_path_factory.mktemp("serving") / "tiny"
  shutil.copytree(tiny_checkpoint, folder)
  normal = np.random.default_rng(4).normal(size=16)
  Boundary(normal, latent_space="W", name="age").save(folder / "age_w_boundary.npy")
  fingerprint = load_generator(folder).fingerprint
  config = EncoderConfig(32, 3, "W", (16,), width=4, most=8, hidden=8)
  Encoder(config, build_network(config, seed=5), fingerprint, {}).save(folder / FOLDER)
  return folder


@pytest.fixture(scope="module")
def generator(serving_checkpoint):
  """The generator of that checkpoint."""
  from privai_tf.generators import load_generator

  return load_generator(serving_checkpoint)


@pytest.fixture(scope="module")
def boundaries(serving_checkpoint):
  """Its boundaries, "smile" and "age"."""
  from privai_tf.attributes.boundary import Boundary

  paths = [serving_checkpoint / f"{name}_w_boundary.npy" for name in ("smile", "age")]
  return [Boundary.load(path, latent_space="W") for path in paths]


@pytest.fixture(scope="session")
def exported(serving_checkpoint, tmp_path_factory):
  """What the export of that checkpoint made."""
  from privai_tf.serving.exporting import ExportJob, export

  job = ExportJob(
    checkpoint=str(serving_checkpoint),
    output=tmp_path_factory.mktemp("models") / "tiny",
    attributes=tuple(str(serving_checkpoint / f"{a}_w_boundary.npy") for a in ("smile", "age")),
    batch_size=8,
  )
  return export(job)


@pytest.fixture(scope="session")
def model_server(exported):
  """A server of the exported model; see `server.py`."""
  path = pathlib.Path(__file__).with_name("server.py")
  spec = importlib.util.spec_from_file_location("serving_server", path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  server = module.ModelServer(exported.folder.parent)
  yield server
  server.close()
