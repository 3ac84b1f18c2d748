"""e4e's and pSp's encoders: against NumPy, against the original code, and files that do not fit."""

import dataclasses
import importlib.util
import json

import keras
import numpy as np
import pytest

from privai_tf.converters.encoder_files import read_encoder_file
from privai_tf.converters.ir_se import convert_encoder
from privai_tf.errors import CheckpointError
from privai_tf.inversion.encoder_network import assign_weights, read_weights
from privai_tf.inversion.ir_se.backbone import features
from privai_tf.inversion.ir_se.network import build_network, in_form
from tests.converters.encoder_numpy import heads
from tests.converters.encoder_writer import HEADS, OPTS, checkpoint, encoder_tensors, mean_code
from tests.converters.torch_writer import TorchWriter

PSP = {"encoder_type": "GradualStyleEncoder", "output_size": 8, "start_from_latent_avg": False}


def network_of(path):
  """The network for pictures of 256 x 256, which are not resized, and its configuration."""
  config, weights = convert_encoder(read_encoder_file(path))
  config = dataclasses.replace(config, resolution=256)
  network = build_network(config)
  assign_weights(network, weights)
  return network, config


@pytest.fixture(scope="module")
def pictures():
  return np.random.default_rng(5).uniform(-1, 1, (2, 256, 256, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def outputs(pictures):
  """What each head gives, computed otherwise and in float64."""
  return heads(pictures.transpose(0, 3, 1, 2), encoder_tensors(), HEADS)


def test_e4e(write, pictures, outputs):
  network, config = network_of(write(checkpoint(TorchWriter()), "e4e.pt"))
  assert (config.kind, config.code_shape, config.heads) == ("e4e", (4, 6), 4)
  assert (config.channels, config.squeezed) == ((2, 4, 4, 8), (1, 1, 2, 2))
  offsets = outputs.copy()
  offsets[:, 0] = 0
  expected = outputs[:, :1] + offsets + mean_code()
  np.testing.assert_allclose(network(pictures), expected, atol=2e-5)
  # In W it is the first head's; fewer rows are the first ones.
  for form, wanted in (
    (config.in_space("W", 4), expected[:, 0]),
    (config.in_space("W+", 3), expected[:, :3]),
  ):
    part = in_form(network, form)
    np.testing.assert_allclose(part(pictures), wanted, atol=2e-5)
    alone = build_network(form)
    assign_weights(alone, read_weights(part))
    np.testing.assert_allclose(alone(pictures), wanted, atol=2e-5)
    assert alone.count_params() < network.count_params()


def test_psp(write, pictures, outputs):
  network, config = network_of(write(checkpoint(TorchWriter(), PSP, mean=None), "psp.pt"))
  assert config.kind == "psp"
  np.testing.assert_allclose(network(pictures), outputs, atol=2e-5)
  mean = in_form(network, config.in_space("W", 4))(pictures)
  np.testing.assert_allclose(mean, outputs.mean(axis=1), atol=2e-5)


# Damage.

_FULL = encoder_tensors()
_NAN = np.full_like(_FULL["styles.1.linear.weight"], np.nan)
DAMAGED = {
  "a missing convolution": ({"encoder.body.5.res_layer.1.weight": None}, "missing encoder/body.5"),
  "a missing first unit": (
    {"encoder.body.0.res_layer.1.weight": None},
    "body.0.res_layer.1.weight",
  ),
  "no variance": (
    {"encoder.input_layer.1.running_var": None},
    "missing encoder/input_layer.1.running_var",
  ),
  "a unit more": (
    {"encoder.body.24.res_layer.2.weight": np.zeros(8, np.float32)},
    "surplus encoder/body.24.res_layer.2.weight",
  ),
  "a convolution more": (
    {"encoder.styles.0.convs.8.bias": np.zeros(6, np.float32)},
    "surplus encoder/styles.0.convs.8.bias",
  ),
  "another kernel": (
    {"encoder.latlayer1.weight": np.zeros((8, 4, 3, 3), np.float32)},
    "misshapen encoder/latlayer1.weight: (8, 4, 3, 3), not (8, 4, 1, 1)",
  ),
  "a narrow kernel": (
    {"encoder.body.4.res_layer.1.weight": np.zeros((4, 2, 3, 3), np.float32)},
    "misshapen encoder/body.4.res_layer.1.weight",
  ),
  "a linear layer without axes": (
    {"encoder.styles.0.linear.weight": np.float32(1).reshape(())},
    "no variable styles.0.linear.weight of the expected form",
  ),
  "NaN": ({"encoder.styles.1.linear.weight": _NAN}, "styles.1.linear.weight holds NaN or infinity"),
  "infinity": (
    {"encoder.input_layer.1.bias": np.full(2, np.inf, np.float32)},
    "input_layer.1.bias holds NaN or infinity",
  ),
  "a negative variance": (
    {"encoder.body.9.res_layer.4.running_var": np.full(4, -1, np.float32)},
    "negative variance",
  ),
  "whole numbers": (
    {"encoder.latlayer2.bias": np.zeros(8, np.int64)},
    "holds int64, not floating-point numbers",
  ),
  "a wide mean": ({"mean": np.zeros((4, 7), np.float32)}, "latent_avg has codes of 7 numbers"),
  "a mean of NaN": ({"mean": np.full((4, 6), np.nan, np.float32)}, "latent_avg holds"),
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("container", ["stream", "zip"])
def test_what_does_not_fit_is_named(name, container, write, nothing_executed):
  changes, reason = DAMAGED[name]
  path = write(checkpoint(TorchWriter(container), **changes), "e4e.pt")
  file = read_encoder_file(path)
  with nothing_executed(), pytest.raises(CheckpointError) as caught:
    convert_encoder(file)
  message = str(caught.value)
  assert reason in message
  assert message.startswith(f"{path}: ")
  assert "\n" not in message


# The original code's outputs.


@pytest.fixture(scope="module")
def reference(shared_dir):
  """The module that writes files, the seed, and the arrays."""
  folder = shared_dir / "networks"
  if not (folder / "e4e_narrow.npz").is_file():
    pytest.skip(f"reference data of e4e not found at {folder} (set PRIVAI_SHARED)")
  spec = importlib.util.spec_from_file_location("write_network", folder / "write_network.py")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  seed = json.loads((folder / "specs.json").read_text())["seed"]
  x = 0.5 * module.random_normal(seed, "e4e_narrow/x", (2, 3, 256, 256))
  with np.load(folder / "e4e_narrow.npz") as arrays:
    return module, x.transpose(0, 2, 3, 1).astype(np.float32), dict(arrays)


@pytest.mark.parametrize("variant", ["legacy", "zip", "modern"])
def test_equal_to_the_original(reference, variant, tmp_path):
  module, x, arrays = reference
  module.write_network("e4e_narrow", str(tmp_path / "e4e.pt"), variant=variant)
  network, config = network_of(tmp_path / "e4e.pt")
  np.testing.assert_allclose(network(x), arrays["e4e_w"], atol=5e-5)
  mean = read_weights(network)["mean_code/mean"]
  np.testing.assert_allclose(network(x) - mean, arrays["e4e_codes"], atol=5e-5)
  psp = in_form(network, dataclasses.replace(config, kind="psp"))
  np.testing.assert_allclose(psp(x) - mean, arrays["psp_codes"], atol=5e-5)
  images = keras.Input(x.shape[1:])
  body = keras.Model(images, features(images, config))
  weights = read_weights(network)
  assign_weights(body, {name: weights[name] for name in read_weights(body)})
  for name, value, error in zip(
    ("c1_part", "c2_part", "c3_part"), body(x[:1]), (2e-5, 3e-4, 3e-4), strict=True
  ):
    part = np.asarray(value).transpose(0, 3, 1, 2)[:, ::16, ::4, ::4]
    np.testing.assert_allclose(part, arrays[name], atol=error)


def test_opts_decide_on_the_mean(write, pictures):
  without = network_of(write(checkpoint(TorchWriter(), OPTS | {"start_from_latent_avg": False})))[0]
  with_mean = network_of(write(checkpoint(TorchWriter())))[0]
  difference = np.asarray(with_mean(pictures)) - np.asarray(without(pictures))
  np.testing.assert_allclose(difference, np.repeat(mean_code()[None], 2, axis=0), atol=1e-5)
