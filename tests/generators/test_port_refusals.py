"""Files of PyTorch that are no port, or not quite: refused in one line that names the tensor or the kind."""

import numpy as np
import pytest

from privai_tf.converters.errors import UnsupportedFileError
from privai_tf.converters.reading import read_any_file
from privai_tf.errors import CheckpointError, PrivaiError
from privai_tf.generators import load_generator
from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from tests.converters.torch_writer import TorchWriter
from tests.generators.port_writer import pggan_port, stylegan_port
from tests.generators.test_port_files import made

SMALL = {"resolution": 8, "fmap_base": 16, "fmap_max": 4}
STYLE = StyleGANConfig(**SMALL, latent_size=4, dlatent_size=4, mapping_fmaps=4, mapping_layers=2)
PLAIN = PGGANConfig(**SMALL, latent_size=4, fused_scale=False)
ZEROS = np.zeros(3, np.float32)


@pytest.fixture
def save(tmp_path):
  def save_tree(tree):
    writer = TorchWriter("zip")

    def body(value):
      if isinstance(value, np.ndarray):
        return writer.tensor(value)
      if isinstance(value, dict):
        return writer.dict({k: body(v) for k, v in value.items()})
      return writer.plain(value)

    path = tmp_path / "network.pth"
    path.write_bytes(writer.save(body(tree)))
    return path

  return save_tree


def style(base="interfacegan"):
  return stylegan_port(made(STYLE), base)


def plain(base="genforce"):
  return pggan_port(made(PLAIN), base)


def without(tensors, *names):
  return {name: value for name, value in tensors.items() if name not in names}


def renamed(tensors, old, new):
  return {name.replace(old, new): value for name, value in tensors.items()}


def spoiled(tensors, name, value):
  spoilt = np.array(tensors[name])
  spoilt.flat[0] = value
  return tensors | {name: spoilt}


CASES = {
  "a layer's weight is missing": (
    lambda: without(style(), "synthesis.layer3.conv.weight"),
    "missing synthesis.layer3.conv.weight",
  ),
  "a bias is missing": (
    lambda: without(style("genforce"), "synthesis.layer1.style.bias"),
    "missing synthesis.layer1.style.bias",
  ),
  "the mean is missing": (
    lambda: without(style(), "truncation.w_avg"),
    "missing truncation.w_avg",
  ),
  "one tensor too many": (
    lambda: style() | {"synthesis.extra": ZEROS},
    "surplus synthesis.extra",
  ),
  "one tensor too many, Progressive GAN": (lambda: plain() | {"x": ZEROS}, "surplus x"),
  "too few dimensions": (
    lambda: style() | {"synthesis.layer3.conv.weight": ZEROS},
    "misshapen synthesis.layer3.conv.weight",
  ),
  "another shape": (
    lambda: style() | {"synthesis.layer3.conv.weight": np.zeros((4, 4, 3, 5), np.float32)},
    "misshapen generator/G_synthesis/8x8/Conv1/weight",
  ),
  "a dense layer turned around": (
    lambda: plain() | {"layer0.weight": np.zeros((4, 5, 4, 3), np.float32)},
    "misshapen",
  ),
  "NaN": (
    lambda: spoiled(style(), "synthesis.layer1.conv.weight", np.nan),
    "4x4/Conv/weight holds NaN or infinity",
  ),
  "infinity": (
    lambda: spoiled(plain(), "layer3.bias", np.inf),
    "8x8/Conv1/bias holds NaN or infinity",
  ),
  "whole numbers": (
    lambda: style() | {"synthesis.layer0.epilogue.bias": np.zeros(4, np.int64)},
    "holds int64, not floating-point numbers",
  ),
  "truth values": (
    lambda: plain() | {"output0.bias": np.zeros(3, bool)},
    "holds bool, not floating-point numbers",
  ),
  "an odd number of layers": (
    lambda: {k: v for k, v in style().items() if not k.startswith("synthesis.layer3.")},
    "has 3 layers",
  ),
  "a layer left out": (
    lambda: renamed(style(), "synthesis.layer3.", "synthesis.layer4."),
    "The layers synthesis.layerN of generator are 0, 1, 2, 4",
  ),
  "a layer with a leading zero": (
    lambda: style() | {"mapping.dense01.linear.weight": ZEROS},
    "surplus mapping.dense01.linear.weight",
  ),
  "no mapping": (
    lambda: {k: v for k, v in style().items() if not k.startswith("mapping.")},
    "The layers mapping.denseN of generator are none",
  ),
  "too many resolutions": (
    lambda: plain() | {f"layer{n}.bias": ZEROS for n in range(4, 26)},
    "has 26 layers",
  ),
  "channels of no formula": (
    lambda: style() | {"synthesis.layer2.epilogue.bias": np.zeros(9, np.float32)},
    "4x4: 4, 8x8: 9) follow no formula",
  ),
  "another filter": (
    lambda: spoiled(style(), "synthesis.layer2.blur.kernel", 0.5),
    "filter synthesis.layer2.blur.kernel",
  ),
  "a truncation for each layer": (
    lambda: style() | {"truncation.truncation": np.array([0.7, 0.6, 1, 1], np.float32)},
    "is not one psi",
  ),
  "a truncation of NaN": (
    lambda: style() | {"truncation.truncation": np.full(4, np.nan, np.float32)},
    "is not one psi",
  ),
  "both names of a layer": (
    lambda: style() | {"synthesis.layer2.weight": np.zeros((3, 3, 4, 4), np.float32)},
    "surplus synthesis.layer2.conv.weight",
  ),
  "lod of two numbers": (
    lambda: plain() | {"lod": np.zeros(2, np.float32)},
    "misshapen generator/lod: (2,), not ()",
  ),
  "lod beyond the network": (
    lambda: plain() | {"lod": np.asarray(np.float32(99))},
    "lod is 99.0; it must be",
  ),
  "Progressive GAN with labels": (
    lambda: {"generator": plain(), "discriminator": labelled()},
    "takes labels",
  ),
  "networks of numbers": (lambda: {"generator": 3}, "its generator is no state dict"),
  "a network with a number": (lambda: plain() | {"step": 3}, "something else than tensors by name"),
  "an empty dictionary": (lambda: {}, "without networks"),
  "a lone tensor": (lambda: ZEROS, "without networks"),
  "another network": (lambda: {"conv1.weight": ZEROS}, "not known here"),
  "VGG16": (lambda: {"features.0.weight": ZEROS}, "VGG16 of torchvision"),
  "LPIPS": (lambda: {"lin0.model.1.weight": ZEROS}, "LPIPS's heads"),
  "e4e": (lambda: {"state_dict": {"encoder.x": ZEROS}, "opts": {}}, "an e4e or pSp encoder"),
  "rosinality": (lambda: {"g_ema": {"style.1.weight": ZEROS}}, "a StyleGAN2 of rosinality's code"),
  "StyleGAN2 of genforce": (
    lambda: {"generator_smooth": {"synthesis.early_layer.const": ZEROS}},
    "a StyleGAN2 of genforce",
  ),
}  # fmt: skip


def labelled():
  """genforce's discriminator with two labels."""
  shapes = {
    "lod": (), "input0.weight": (4, 3, 1, 1), "input0.bias": (4,), "layer0.weight": (4, 5, 3, 3),
    "layer0.bias": (4,), "layer1.weight": (4, 64), "layer1.bias": (4,), "layer2.weight": (3, 4),
    "layer2.bias": (3,),
  }  # fmt: skip
  return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_fit_is_named(name, save):
  make, reason = CASES[name]
  path = save(make())
  with pytest.raises(CheckpointError) as caught:
    load_generator(path)
  message = str(caught.value)
  assert reason in message, message
  assert "\n" not in message
  assert len(message) < 700 + len(str(path))


def test_other_kinds_are_unsupported_files_with_a_remedy(save):
  path = save({"features.0.weight": ZEROS})
  with pytest.raises(UnsupportedFileError, match=r"converters\.perceptual") as caught:
    read_any_file(path)
  assert str(caught.value).startswith(f"{path}: ")
  assert isinstance(caught.value, PrivaiError)
