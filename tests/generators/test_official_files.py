"""A file in the official layout, from its bytes to its images."""

import hashlib
import json
import pickle
import sys
import types

import numpy as np
import pytest

from privai_tf.errors import CheckpointError
from privai_tf.generators import load_discriminator, load_generator


@pytest.fixture
def write_network_file(tmp_path, monkeypatch):
  """Pickles records as the official classes pickle themselves: class by name, state as a dict."""

  def write(records):
    # Modules of our own, whatever another test has left under their names.
    made = set()

    def network(record):
      module_name, _, class_name = record.class_name.rpartition(".")
      parts = module_name.split(".")
      for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if name not in made:
          made.add(name)
          monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
      module = sys.modules[module_name]
      if not hasattr(module, class_name):
        setattr(module, class_name, type(class_name, (), {"__module__": module_name}))
      instance = getattr(module, class_name)()
      instance.__dict__ |= {"version": record.version, "name": record.name}
      instance.__dict__["static_kwargs"] = record.static_kwargs
      if record.version > 2:
        components = {role: network(part) for role, part in record.components.items()}
        instance.__dict__["components"] = components
      instance.__dict__["build_module_src"] = "raise RuntimeError('executed')\n"
      instance.__dict__["build_func_name"] = record.build_func_name
      instance.__dict__["variables"] = list(record.variables.items())
      return instance

    path = tmp_path / "official.pkl"
    path.write_bytes(pickle.dumps(tuple(map(network, records)), protocol=4))
    return path

  return write


@pytest.fixture(params=["sg_labels", "pg_tiny"])
def config(request):
  return request.param


@pytest.fixture
def official_file(config, official, write_network_file):
  """(G, D, Gs) of a small network."""
  average = official.record(config, "Gs")
  return write_network_file([average, official.record(config, "D"), average])


def test_images_and_scores(config, official, official_file):
  arrays = official.arrays(config)
  generator = load_generator(official_file)
  labels = arrays.get("labels")
  if generator.family == "stylegan":
    codes = generator.truncate(generator.map(arrays["z"], labels))
    images = generator.synthesize(codes, latent_space="W+")
  else:
    images = generator.synthesize(arrays["z"], latent_space="Z")
  np.testing.assert_allclose(images.transpose(0, 3, 1, 2), arrays["images"], atol=1e-4)
  scores = load_discriminator(official_file)(images, labels)
  np.testing.assert_allclose(scores, arrays["scores"], atol=5e-5)
  assert len(generator.provenance["source_sha256"]) == 64
  json.dumps(generator.provenance)


def test_networks_that_the_file_does_not_hold(official_file):
  with pytest.raises(CheckpointError, match="Gz"):
    load_generator(official_file, network="Gz")
  with pytest.raises(CheckpointError, match="not a generator"):
    load_generator(official_file, network="D")


def test_a_file_that_is_not_the_recorded_one_is_refused(official_file):
  """The record lies beside the file, as the download leaves it."""
  digest = hashlib.sha256(official_file.read_bytes()).hexdigest()
  record = official_file.with_name(official_file.name + ".sha256")
  record.write_text(f"{digest}  {official_file.name}\n")
  load_generator(official_file)
  record.write_text(f"{'0' * 64}  {official_file.name}\n")
  with pytest.raises(CheckpointError, match="has changed since it was first used"):
    load_generator(official_file)
