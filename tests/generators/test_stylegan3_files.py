"""StyleGAN3's PyTorch files: converted whole, or refused in one line that says what is wrong."""

import subprocess
import sys

import numpy as np
import pytest

from privai_tf.converters.conversion import convert_file
from privai_tf.converters.convert import convert_network
from privai_tf.converters.errors import NetworkFileError
from privai_tf.converters.stylegan3 import network_record
from privai_tf.errors import CheckpointError
from privai_tf.generators import load_generator
from privai_tf.generators.stylegan3.design import designed
from privai_tf.generators.stylegan3.generator import StyleGAN3Generator
from tests.converters.torch_writer import TorchWriter
from tests.generators import stylegan3_file

LAYER = "synthesis.L1_36_6"


@pytest.fixture(scope="module", params=[False, True], ids=["T", "R"])
def generator(request):
  config = designed(
    16,
    radial=request.param,
    num_layers=4,
    channel_base=64,
    channel_max=6,
    latent_size=5,
    dlatent_size=6,
    mapping_fmaps=7,
    label_size=2,
  )
  return StyleGAN3Generator(config, seed=1)


@pytest.fixture
def described(generator):
  return stylegan3_file.described(generator.config, generator.weights())


@pytest.fixture
def path(described, tmp_path):
  file = tmp_path / "tiny.pkl"
  file.write_bytes(stylegan3_file.pickled(TorchWriter(protocol=4), *described))
  return file


def test_a_file_becomes_the_same_network(generator, path, tmp_path):
  loaded = load_generator(path)
  assert loaded.config == generator.config
  assert loaded.fingerprint == generator.fingerprint
  _, (report,) = convert_file(path, tmp_path / "out")
  text = "\n".join(report.lines())
  assert "stylegan3 generator, 16 x 16, 3 channels, label size 2" in text
  assert "reloaded   equal" in text
  assert load_generator(tmp_path / "out").fingerprint == generator.fingerprint


def test_command(path, repository, tmp_path):
  command = [sys.executable, "-m", "converters", str(path), str(tmp_path / "out")]
  result = subprocess.run(command, capture_output=True, text=True, cwd=repository)
  assert (result.returncode, result.stderr) == (0, "")
  assert "networks G_ema (stylegan3.Generator)" in result.stdout


def test_without_a_mean_of_w(generator, described):
  attributes, tensors = described
  del tensors["mapping.w_avg"]
  converted = convert_network(network_record("G_ema", "Generator", attributes, tensors))
  assert converted.report.filled == ("mapping/w/mean",)


def changed(path, **values):
  def change(attributes, tensors):
    attributes[path] = attributes[path] | values

  return change


def tensor(name, make):
  def change(attributes, tensors):
    value = make(tensors.get(name))
    if value is None:
      del tensors[name]
    else:
      tensors[name] = value

  return change


def without(module):
  def change(attributes, tensors):
    del attributes[module]

  return change


def nan(value):
  return np.full_like(value, np.nan)


# What is done to a sound file, and words of the refusal.
BROKEN = {
  "missing weight": (tensor(f"{LAYER}.weight", lambda v: None), "missing G_ema/" + LAYER),
  "missing input": (
    tensor("synthesis.input.freqs", lambda v: None),
    "missing G_ema/synthesis.input",
  ),
  "surplus": (tensor("synthesis.input.more", lambda v: np.ones(3)), "surplus"),
  "misshapen": (tensor(f"{LAYER}.bias", lambda v: v[:-1]), "misshapen"),
  "transform": (tensor("synthesis.input.transform", lambda v: v[:2]), "misshapen"),
  "NaN": (tensor(f"{LAYER}.weight", nan), "NaN or infinity"),
  "NaN in a filter": (tensor(f"{LAYER}.up_filter", nan), "NaN or infinity"),
  "whole numbers": (tensor(f"{LAYER}.bias", lambda v: v.astype(np.int64)), "holds int64"),
  "magnitude": (tensor(f"{LAYER}.magnitude_ema", lambda v: -v), "must be positive"),
  "no up filter": (tensor(f"{LAYER}.up_filter", lambda v: None), "without a filter"),
  "other taps": (tensor(f"{LAYER}.up_filter", lambda v: v[:-4]), "layers[1].size is"),
  "2-D up filter": (tensor(f"{LAYER}.up_filter", lambda v: np.outer(v, v)), "misshapen"),
  "flat filter": (tensor(f"{LAYER}.down_filter", lambda v: v.ravel()[:1, None]), "layers[1]"),
  "huge size": (changed(LAYER, out_size=np.array([10**9] * 2)), "layers[1].size is 1000000000"),
  "oblong": (changed(LAYER, out_size=np.array([36, 52])), "layers[1].size is"),
  "huge factor": (changed(LAYER, up_factor=10**6), "layers[1].up is 1000000"),
  "huge padding": (changed(LAYER, padding=[10**9] * 4), "layers[1].padding"),
  "oblong padding": (changed(LAYER, padding=[9, 8, 8, 9]), "layers[1].padding"),
  "padding of text": (changed(LAYER, padding="9889"), "layers[1].padding"),
  "size of text": (changed(LAYER, out_size="36"), "layers[1].size is '36'"),
  "kernel": (changed(LAYER, conv_kernel=None), "layers[1].kernel is None"),
  "huge resolution": (changed("", img_resolution=1 << 40), "resolution is"),
  "no resolution": (changed("", img_resolution=None), "resolution is None"),
  "huge input": (changed("synthesis.input", size=np.array([1 << 20] * 2)), "input_size is"),
  "wide input": (changed("synthesis.input", channels=1 << 40), "input_channels is"),
  "bandwidth": (changed("synthesis.input", bandwidth=99.0), "below half the sampling rate"),
  "rate": (changed("synthesis.input", sampling_rate=0), "sampling_rate is 0"),
  "scale": (changed("synthesis", output_scale=float("inf")), "output_scale is inf"),
  "clamps": (changed(LAYER, conv_clamp=1), "do not agree in conv_clamp"),
  "no names": (changed("synthesis", layer_names=None), "does not name its layers"),
  "names of others": (changed("synthesis", layer_names=["L9", "L1_36_6"]), "'L9'"),
  "too many": (changed("synthesis", layer_names=["L1_36_6"] * 3), "not in its place"),
  "colours within": (changed(LAYER, is_torgb=True), "not in its place"),
  "deep mapping": (changed("mapping", num_layers=10**9), "mapping_layers is 1000000000"),
  "activation": (changed("mapping.fc0", activation="swish"), "mapping_nonlinearity"),
  "no layer": (without(LAYER), "is missing"),
  "no input": (without("synthesis.input"), "without the parts of StyleGAN3's"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_networks_are_refused(described, name):
  change, words = BROKEN[name]
  attributes, tensors = described
  change(attributes, tensors)
  with pytest.raises(CheckpointError) as caught:
    convert_network(network_record("G_ema", "Generator", attributes, tensors))
  message = str(caught.value)
  assert words in message, message
  assert "\n" not in message
  assert len(message) < 900


@pytest.mark.parametrize("length", [0.1, 0.5, 0.999])
def test_half_a_file_is_refused(path, length):
  data = path.read_bytes()
  path.write_bytes(data[: int(len(data) * length)])
  with pytest.raises(NetworkFileError) as caught:
    load_generator(path)
  assert "\n" not in str(caught.value)
