"""Official networks with deterministic random weights, and the outputs of NVIDIA's code for them."""

import functools
import json
import os
import pathlib
import zlib

import numpy as np
import pytest

from privai_tf.converters.records import NetworkRecord

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SMALL = REPOSITORY / "tests" / "data" / "official"
LARGE = pathlib.Path(os.environ.get("PRIVAI_SHARED", REPOSITORY.parent / "shared")) / "official"


def _scale(build_function: str, name: str) -> float:
  """Standard deviation of a variable."""
  if name == "dlatent_avg":
    return 0.3
  if name.endswith("Noise/weight"):
    return 0.1
  if build_function == "G_mapping" and name.startswith("Dense"):
    return 100.0 if name.endswith("/weight") else 10.0
  return 0.1 if name.endswith("bias") else 1.0


class OfficialNetworks:
  """Records of official networks, made by the rule that the reference outputs were computed with."""

  @functools.cached_property
  def _specs(self) -> dict:
    specs = json.loads((SMALL / "specs.json").read_text())
    if (LARGE / "specs.json").is_file():
      specs = json.loads((LARGE / "specs.json").read_text())
    return specs

  def arrays(self, config: str) -> dict[str, np.ndarray]:
    """The reference outputs; skips the test where they are not to be had."""
    for folder in (SMALL, LARGE):
      if (folder / f"{config}.npz").is_file() and config in self._specs["configs"]:
        with np.load(folder / f"{config}.npz") as arrays:
          return dict(arrays)
    pytest.skip(f"{config} is not carried here and not found in {LARGE} (set PRIVAI_SHARED)")

  def record(self, config: str, network: str = "Gs") -> NetworkRecord:
    """One network of a configuration: "Gs" or "D"."""
    spec = self._specs["configs"][config]
    return self._record(config, spec, spec["networks"][network], network)

  def _record(self, config: str, spec: dict, network: dict, path: str) -> NetworkRecord:
    function = network["build_func_name"]
    variables = {}
    for name, shape in network["variables"]:
      if name == "lod":
        variables[name] = np.float32(spec["lod"])
        continue
      seed = (zlib.crc32(f"{config}/{path}/{name}".encode()) ^ self._specs["seed"]) & 0xFFFFFFFF
      values = np.random.RandomState(seed).standard_normal(tuple(shape))
      variables[name] = (values * _scale(function, name)).astype(np.float32)
    components = {
      role: self._record(config, spec, component, f"{path}/{component['name']}")
      for role, component in (network.get("components") or {}).items()
    }
    kind = {
      "stylegan": ("dnnlib.tflib.network.Network", 3),
      "pggan": ("tfutil.Network", 2),
    }[spec["kind"]]
    return NetworkRecord(
      class_name=kind[0],
      version=kind[1],
      name=network["name"],
      static_kwargs=network["static_kwargs"],
      components=components,
      build_func_name=function,
      module_source_sha256="",
      variables=variables,
    )


@pytest.fixture(scope="session")
def official() -> OfficialNetworks:
  """See `OfficialNetworks`."""
  return OfficialNetworks()


@pytest.fixture(scope="session")
def small_config():
  """A 16 x 16 StyleGAN of a few thousand weights."""
  from privai_tf.generators.config import StyleGANConfig

  return StyleGANConfig(
    resolution=16,
    fmap_base=64,
    fmap_max=16,
    latent_size=12,
    dlatent_size=10,
    mapping_fmaps=14,
    mapping_layers=2,
    truncation_cutoff=4,
  )


@pytest.fixture(scope="session")
def small_generator(small_config):
  """A generator of that configuration, with random weights and noise strengths that are not zero."""
  from privai_tf.generators.families import StyleGANGenerator

  weights = StyleGANGenerator(small_config, seed=3).weights()
  random = np.random.default_rng(0)
  for name, value in weights.items():
    if name.endswith(("noise_strength", "bias", "const/weight", "mean")):
      weights[name] = 0.3 * random.standard_normal(value.shape).astype(np.float32)
  return StyleGANGenerator(small_config, weights)
