"""StyleGAN2 generators of rosinality's code, such as the decoder of e4e and pSp checkpoints."""

import dataclasses
import re
from collections.abc import Iterator

import numpy as np

from privai_tf.converters.arguments import Arguments
from privai_tf.converters.encoder_files import EncoderFile
from privai_tf.converters.errors import UnsupportedFileError
from privai_tf.converters.pytorch import LazyTensor
from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.stylegan2 import length
from privai_tf.converters.tables import Row, channels_last, convert_variables
from privai_tf.errors import CheckpointError
from privai_tf.generators.stylegan2.config import StyleGAN2Config

GENERATOR = "rosinality.Generator"
_LAYER = re.compile(r"style\.(\d{1,2})\.weight")
_TAPS = (1, 3, 3, 1)
_MEAN = "latent_avg"


def decoder_record(file: EncoderFile) -> NetworkRecord:
  """The decoder of an e4e or pSp checkpoint as the conversion tables take it.

  Args:
    file: as `encoder_files.read_encoder_file` gives it.

  Raises:
    CheckpointError: if there is none, or it filters otherwise than StyleGAN2 does.
  """
  if not file.decoder:
    raise UnsupportedFileError(
      "it is an e4e or pSp checkpoint without its decoder", "give it as --encoder"
    )
  kernels = {name: v for name, v in file.decoder.items() if name.endswith(".kernel")}
  for name, value in kernels.items():
    _require_usual_filter(name, value)
  variables = {name: v for name, v in file.decoder.items() if name not in kernels}
  if file.latent_avg is not None:  # A row for each layer, all alike where it is a generator's mean.
    mean = file.latent_avg
    if mean.ndim == 2:
      mean = dataclasses.replace(mean, shape=mean.shape[1:], strides=mean.strides[1:])
    variables[_MEAN] = mean
  return NetworkRecord(
    class_name="rosinality",
    version=0,
    name="decoder",
    static_kwargs={"resolution": file.resolution},
    components={},
    build_func_name=GENERATOR,
    module_source_sha256="",
    variables=variables,
    dropped=tuple(kernels),
  )


def _require_usual_filter(name: str, value: LazyTensor) -> None:
  """Blurs and upsampling filters alike hold four times the normalized outer product."""
  usual = np.outer(_TAPS, _TAPS) * (4 / np.sum(_TAPS) ** 2)
  if value.shape != usual.shape or not np.allclose(np.asarray(value), usual):
    raise CheckpointError(
      f"Its decoder's {name} is not StyleGAN2's filter {list(_TAPS)}; this network cannot be converted."
    )


def convert_generator(record: NetworkRecord):
  """-> (configuration, weights, arguments, names that are filled with zeros)."""
  resolution = record.static_kwargs["resolution"]
  layers = sum(bool(_LAYER.fullmatch(name)) for name in record.variables)
  blocks = range(resolution.bit_length() - 3)
  later = (length(record, f"convs.{2 * block + 1}.activate.bias") for block in blocks)
  config = StyleGAN2Config(
    resolution=resolution,
    label_size=0,
    channel_counts=(length(record, "conv1.activate.bias"), *later),
    latent_size=length(record, "style.1.weight", 1),
    dlatent_size=length(record, "conv1.conv.modulation.weight", 1),
    mapping_layers=layers,
    mapping_fmaps=length(record, "style.1.weight", 0),
    const_size=length(record, "input.input", 1),
    truncation_psi=1.0,
  )
  filled = () if _MEAN in record.variables else ("mapping/w/mean",)
  weights = convert_variables(record, _rows(config, mean=not filled), record.name)
  weights |= {name: np.zeros(config.dlatent_size, np.float32) for name in filled}
  return config, weights, Arguments({}, {}, {}), filled


def _transposed(value: np.ndarray) -> np.ndarray:
  """[outputs, inputs] -> [inputs, outputs]."""
  return value.T


def _kernel(value: np.ndarray) -> np.ndarray:
  """[1, outputs, inputs, k, k] -> [k, k, inputs, outputs]."""
  return np.transpose(value[0], (2, 3, 1, 0))


def _turned_kernel(value: np.ndarray) -> np.ndarray:
  """The same for up-convolutions, which PyTorch's code keeps turned around."""
  # Its convert_weight.py turns them as it takes them from TensorFlow (flip=True).
  return _kernel(value)[::-1, ::-1]


def _flat(value: np.ndarray) -> np.ndarray:
  """[1, C, 1, 1] -> [C]."""
  return value.reshape(-1)


def _scalar(value: np.ndarray) -> np.ndarray:
  """[1] -> []."""
  return value[0]


def _rows(config: StyleGAN2Config, mean: bool) -> Iterator[Row]:
  if mean:
    yield Row(_MEAN, "mapping/w/mean", (config.dlatent_size,))
  width = config.latent_size
  for index in range(config.mapping_layers):
    last = index == config.mapping_layers - 1
    outputs = config.dlatent_size if last else config.mapping_fmaps
    theirs, ours = f"style.{index + 1}", f"mapping/dense{index}"
    yield Row(f"{theirs}.weight", f"{ours}/weight", (outputs, width), _transposed)
    yield Row(f"{theirs}.bias", f"{ours}/bias", (outputs,))
    width = outputs
  const = (1, config.const_size, 4, 4)
  yield Row("input.input", "synthesis/4x4/const/weight", const, channels_last)
  inputs, layer = config.const_size, 0
  for block, resolution in enumerate(config.resolutions):
    ours, channels = f"synthesis/{resolution}x{resolution}", config.channels(resolution)
    names = {"conv1": "conv"}
    if block:
      names = {f"convs.{2 * block - 2}": "conv0", f"convs.{2 * block - 1}": "conv1"}
    for theirs, name in names.items():
      yield from _convolution(config, theirs, f"{ours}/{name}", inputs, channels)
      shape = (1, 1, resolution, resolution)
      yield Row(f"noises.noise_{layer}", f"{ours}/{name}/noise", shape, channels_last)
      inputs, layer = channels, layer + 1
    theirs = f"to_rgbs.{block - 1}" if block else "to_rgb1"
    colours = config.num_channels
    yield from _modulated(config, theirs, f"{ours}/torgb", (1, colours, channels, 1, 1), _kernel)
    yield Row(f"{theirs}.bias", f"{ours}/torgb/bias", (1, colours, 1, 1), _flat)


def _convolution(
  config: StyleGAN2Config, theirs: str, ours: str, inputs: int, outputs: int
) -> Iterator[Row]:
  kernel = _turned_kernel if ours.endswith("/conv0") else _kernel
  yield from _modulated(config, theirs, ours, (1, outputs, inputs, 3, 3), kernel)
  yield Row(f"{theirs}.noise.weight", f"{ours}/noise_strength", (1,), _scalar)
  yield Row(f"{theirs}.activate.bias", f"{ours}/bias", (outputs,))


def _modulated(
  config: StyleGAN2Config, theirs: str, ours: str, shape: tuple[int, ...], kernel
) -> Iterator[Row]:
  yield Row(f"{theirs}.conv.weight", f"{ours}/weight", shape, kernel)
  style, inputs = f"{theirs}.conv.modulation", shape[2]
  yield Row(f"{style}.weight", f"{ours}/style/weight", (inputs, config.dlatent_size), _transposed)
  yield Row(f"{style}.bias", f"{ours}/style/bias", (inputs,))
