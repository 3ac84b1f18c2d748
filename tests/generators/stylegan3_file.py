"""A StyleGAN3 generator as its PyTorch file describes it: modules' attributes, and tensors by name."""

import numpy as np

from privai_tf.converters.stylegan3 import generator_rows
from privai_tf.generators.stylegan3.config import StyleGAN3Config


def layer_names(config: StyleGAN3Config) -> list[str]:
  return [f"L{i}_{layer.size}_{layer.outputs}" for i, layer in enumerate(config.layers)]


def described(config: StyleGAN3Config, weights) -> tuple[dict, dict]:
  """-> (attributes by module path, tensors by dotted name)."""
  names = layer_names(config)
  attributes = {
    "": {
      "z_dim": config.latent_size,
      "w_dim": config.dlatent_size,
      "c_dim": config.label_size,
      "img_resolution": config.resolution,
      "img_channels": config.num_channels,
    },
    "mapping": {"num_layers": config.mapping_layers},
    "synthesis": {"layer_names": names, "output_scale": config.output_scale},
    "synthesis.input": {
      "channels": config.input_channels,
      "size": np.array([config.input_size] * 2),
      "sampling_rate": config.sampling_rate,
      "bandwidth": config.bandwidth,
    },
  }
  for index in range(config.mapping_layers):
    values = {"bias_gain": config.mapping_lrmul, "activation": config.mapping_nonlinearity}
    attributes[f"mapping.fc{index}"] = values
  for name, layer in zip(names, config.layers, strict=True):
    attributes[f"synthesis.{name}"] = {
      "is_torgb": name == names[-1],
      "out_channels": layer.outputs,
      "out_size": np.array([layer.size] * 2),
      "conv_kernel": layer.kernel,
      "conv_clamp": config.conv_clamp,
      "up_factor": layer.up,
      "down_factor": layer.down,
      "padding": list(layer.padding * 2),
    }
  tensors = {}
  for row in generator_rows(config, names, mean=True):
    value = weights[row.ours]
    if row.ours.endswith("/weight") and not row.ours.startswith("synthesis/input/weight"):
      value = value.transpose((3, 2, 0, 1) if value.ndim == 4 else (1, 0))
    assert value.shape == row.shape
    tensors[row.official] = np.array(value, order="C")
  return attributes, tensors


def pickled(writer, attributes: dict, tensors: dict) -> bytes:
  """The file itself, by a `TorchWriter`."""

  def operations(value):
    if isinstance(value, np.ndarray):
      return writer.array(value)
    if isinstance(value, list):
      return writer.list(*map(operations, value))
    return writer.plain(value)

  def module(path, name):
    start = f"{path}." if path else ""
    own = {key: v for key, v in tensors.items() if key.rpartition(".")[0] == path}
    parts = {
      key[len(start) :].split(".")[0] for key in (*attributes, *tensors) if key.startswith(start)
    }
    inner = sorted(p for p in parts if p and f"{start}{p}" not in tensors)
    state = {key: operations(value) for key, value in attributes.get(path, {}).items()}
    return writer.persistent(
      name,
      _buffers=writer.dict({k.rpartition(".")[2]: writer.nested(v) for k, v in own.items()}),
      _modules=writer.dict({part: module(f"{start}{part}", "Module") for part in inner}),
      **state,
    )

  return writer.snapshot(module("", "Generator"))
