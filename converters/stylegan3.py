"""StyleGAN3 generators of PyTorch files: geometry from their layers' attributes, weights by name.

Filters and sizes are taken from the file, not computed anew, so that what is computed is what was
trained. (The discriminators in such files are StyleGAN2's.)
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from privai_tf.converters.arguments import Arguments
from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.stylegan2 import length
from privai_tf.converters.stylegan2_torch import Modules, common
from privai_tf.converters.stylegan2_torch_tables import convolution_rows, dense_rows, mapping_rows
from privai_tf.converters.tables import Row, convert_variables
from privai_tf.errors import CheckpointError
from privai_tf.generators.stylegan3.config import StyleGAN3Config
from privai_tf.generators.stylegan3.geometry import LayerGeometry

GENERATOR = "stylegan3.Generator"
_LAST = "a convolution without resampling that makes the colours"


def network_record(
  name: str,
  class_name: str,
  attributes: Modules,
  tensors: Mapping[str, Any],
  *,
  source_sha256: str = "",
  source_length: int = 0,
) -> NetworkRecord:
  """One generator of a file as the conversion table takes it; see `stylegan2_torch.network_record`.

  Args:
    name: of the network.
    class_name: of the object in the file.
    attributes: of its modules, by path ("" is the network itself).
    tensors: its parameters and buffers by path.
    source_sha256: of the carried source text, never executed.
    source_length: of that text, in bytes.

  Raises:
    CheckpointError: if it is no generator of StyleGAN3.
  """
  if any(part not in attributes for part in ("mapping", "synthesis", "synthesis.input")):
    raise CheckpointError(
      f"Network {name} is a {class_name} without the parts of StyleGAN3's; only whole generators can be "
      "converted."
    )
  return NetworkRecord(
    class_name="torch_utils.persistence",
    version=0,
    name=name,
    static_kwargs=_settings(name, attributes, tensors),
    components={},
    build_func_name=GENERATOR,
    module_source_sha256=source_sha256,
    variables=dict(tensors),
    module_source_length=source_length,
  )


def _settings(name: str, attributes: Modules, tensors: Mapping[str, Any]) -> dict[str, Any]:
  """What the modules say of themselves."""
  own, synthesis = attributes[""], attributes["synthesis"]
  begin, dense = attributes["synthesis.input"], attributes.get("mapping.fc0", {})
  names = synthesis.get("layer_names")
  if not isinstance(names, list) or not names or any(type(n) is not str for n in names):
    raise CheckpointError(f"Network {name} does not name its layers (layer_names); it is damaged.")
  layers = {layer: attributes.get(f"synthesis.{layer}") for layer in names}
  for layer, values in layers.items():
    if values is None or bool(values.get("is_torgb")) != (layer == names[-1]):
      raise CheckpointError(
        f"The layer {layer!r:.60} of network {name} is missing, or not in its place: the last one, and no "
        f"other, is {_LAST}. The file is damaged or was changed; download it again."
      )
  return {
    "layer_names": names,
    "resolution": own.get("img_resolution"),
    "num_channels": own.get("img_channels"),
    "label_size": own.get("c_dim"),
    "latent_size": own.get("z_dim"),
    "dlatent_size": own.get("w_dim"),
    "mapping_layers": attributes["mapping"].get("num_layers"),
    "mapping_lrmul": dense.get("bias_gain"),
    "mapping_nonlinearity": dense.get("activation"),
    "input_channels": begin.get("channels"),
    "input_size": _side(begin.get("size")),
    "sampling_rate": begin.get("sampling_rate"),
    "bandwidth": begin.get("bandwidth"),
    "conv_clamp": common(name, "conv_clamp", (v.get("conv_clamp") for v in layers.values())),
    "output_scale": synthesis.get("output_scale", 1.0),
    "layers": tuple(
      _geometry(values, f"synthesis.{layer}", tensors) for layer, values in layers.items()
    ),
  }


def _geometry(values: Mapping[str, Any], path: str, tensors: Mapping[str, Any]) -> LayerGeometry:
  up, down = (np.shape(tensors.get(f"{path}.{way}_filter", ())) for way in ("up", "down"))
  return LayerGeometry(
    outputs=values.get("out_channels"),
    size=_side(values.get("out_size")),
    kernel=values.get("conv_kernel"),
    up=values.get("up_factor"),
    down=values.get("down_factor"),
    up_taps=up[0] if up else 0,
    down_taps=down[0] if down else 0,
    radial=len(down) == 2,
    padding=_padding(values.get("padding")),
  )


def _side(value: Any) -> Any:
  """[s, s] -> s; anything else as it is, for the configuration to refuse."""
  pair = value.tolist() if isinstance(value, np.ndarray) and value.shape == (2,) else value
  return (
    pair[0] if isinstance(pair, list | tuple) and len(pair) == 2 and pair[0] == pair[1] else value
  )


def _padding(value: Any) -> Any:
  """[x0, x1, y0, y1], the same for rows and columns -> (before, after); see `_side`."""
  if isinstance(value, list | tuple) and len(value) == 4 and value[:2] == value[2:]:
    return tuple(value[:2])
  return value


def generator_rows(config: StyleGAN3Config, names: list[str], mean: bool) -> Iterator[Row]:
  """The tensors of a generator.

  Args:
    config: its configuration.
    names: of its layers, in the file.
    mean: see `mapping_rows`.
  """
  yield from mapping_rows(config, mean)
  inputs, dlatent = config.input_channels, config.dlatent_size
  theirs, ours = "synthesis.input", "synthesis/input"
  yield Row(f"{theirs}.weight", f"{ours}/weight", (inputs, inputs))
  yield Row(f"{theirs}.transform", f"{ours}/transform", (3, 3))
  yield Row(f"{theirs}.freqs", f"{ours}/frequencies", (inputs, 2))
  yield Row(f"{theirs}.phases", f"{ours}/phases", (inputs,))
  # SynthesisInput: two numbers for a rotation, two for a translation.
  yield from dense_rows(f"{theirs}.affine", f"{ours}/affine", dlatent, 4)
  for index, (layer, geometry) in enumerate(zip(names, config.layers, strict=True)):
    last = index == len(names) - 1
    theirs, ours = f"synthesis.{layer}", f"synthesis/{'torgb' if last else f'layer{index}'}"
    yield from convolution_rows(theirs, ours, inputs, geometry.outputs, geometry.kernel)
    yield from dense_rows(f"{theirs}.affine", f"{ours}/style", dlatent, inputs)
    yield Row(f"{theirs}.magnitude_ema", f"{ours}/magnitude", ())
    if geometry.up_taps:
      yield Row(f"{theirs}.up_filter", f"{ours}/up/filter", (geometry.up_taps,))
    if geometry.down_taps:
      shape = (geometry.down_taps,) * (2 if geometry.radial else 1)
      yield Row(f"{theirs}.down_filter", f"{ours}/down/filter", shape)
    inputs = geometry.outputs


def convert_generator(record: NetworkRecord):
  """-> (configuration, weights, arguments, names that are filled with zeros).

  Raises:
    CheckpointError: its settings or tensors are not StyleGAN3's, or a magnitude is not positive.
  """
  settings = dict(record.static_kwargs)
  names = settings.pop("layer_names")
  config = StyleGAN3Config(
    **settings,
    mapping_fmaps=length(record, "mapping.fc0.bias"),
    label_fmaps=length(record, "mapping.embed.bias") if settings["label_size"] else None,
  )
  filled = () if "mapping.w_avg" in record.variables else ("mapping/w/mean",)
  rows = generator_rows(config, names, mean=not filled)
  weights = convert_variables(record, rows, record.name)
  for name, value in weights.items():
    if name.endswith("/magnitude") and value <= 0:
      raise CheckpointError(
        f"The magnitude of {name.rpartition('/')[0]} in network {record.name} is {float(value):g}; it "
        "must be positive. The file is damaged or was changed; download it again."
      )
  weights |= {name: np.zeros(config.dlatent_size, np.float32) for name in filled}
  return config, weights, Arguments({}, {}, {}), filled
