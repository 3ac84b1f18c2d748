"""StyleGAN2 networks that StyleGAN2-ADA's or StyleGAN3's PyTorch code saved.

Nothing in such a file says what the network is but the shapes, and the attributes of its layers: the
arguments it was built with leave out defaults, which differ between the two programs.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from privai_tf.converters.arguments import Arguments
from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.stylegan2 import MOST_LAYERS, length
from privai_tf.converters.stylegan2_torch_tables import discriminator_rows, generator_rows
from privai_tf.converters.tables import convert_variables
from privai_tf.errors import CheckpointError
from privai_tf.generators.stylegan2.config import (
  WHOLE_BATCH,
  StyleGAN2Config,
  StyleGAN2DiscriminatorConfig,
)

GENERATOR, DISCRIMINATOR = "stylegan2.Generator", "stylegan2.Discriminator"
_FILTER = "resample_filter"
Modules = Mapping[str, Mapping[str, Any]]


def network_record(
  name: str,
  class_name: str,
  attributes: Modules,
  tensors: Mapping[str, Any],
  *,
  source_sha256: str = "",
  source_length: int = 0,
) -> NetworkRecord:
  """One network of a file as the conversion tables take it.

  Args:
    name: its place in the file, "G", "D" or "G_ema".
    class_name: "Generator" or "Discriminator".
    attributes: each module's own by its dotted path, "" being the network.
    tensors: parameters and buffers by dotted name; read when they are needed.
    source_sha256, source_length: of the source text that the file carries.

  Raises:
    CheckpointError: if it is no network of StyleGAN2.
  """
  functions = {"Generator": GENERATOR, "Discriminator": DISCRIMINATOR}
  modules = ("synthesis.b4", "mapping") if class_name == "Generator" else ("b4",)
  if class_name not in functions or any(module not in attributes for module in modules):
    raise CheckpointError(
      f"Network {name} is a {class_name} without the parts of StyleGAN2's; only StyleGAN2 networks can "
      "be converted from such files."
    )
  settings = _settings(name, attributes, tensors)
  if odd := [key for key, value in settings.items() if not _is_plain(value)]:
    raise CheckpointError(
      f"Network {name} says in an unknown way what its {', '.join(odd)} is; it cannot be converted."
    )
  dropped = tuple(key for key in tensors if key.rpartition(".")[2] == _FILTER)
  return NetworkRecord(
    class_name="torch_utils.persistence",
    version=0,
    name=name,
    static_kwargs=settings,
    components={},
    build_func_name=functions[class_name],
    module_source_sha256=source_sha256,
    variables={key: value for key, value in tensors.items() if key not in dropped},
    module_source_length=source_length,
    dropped=dropped,
  )


def _settings(name: str, attributes: Modules, tensors: Mapping[str, Any]) -> dict[str, Any]:
  """What the layers say of themselves, and all of them alike."""
  own = attributes[""]
  generator = "mapping" in attributes and "synthesis" in attributes
  layers = {
    path: values
    for path, values in attributes.items()
    if path.rpartition(".")[2] in ("conv0", "conv1", "torgb", "fromrgb", "conv")
  }
  blocks = {path: values for path, values in attributes.items() if "architecture" in values}
  mapping = attributes.get("mapping", {})
  dense = attributes.get("mapping.fc0", {})
  settings = {
    "resolution": own.get("img_resolution"),
    "num_channels": own.get("img_channels"),
    "label_size": own.get("c_dim"),
    "architecture": common(name, "architecture", (v["architecture"] for v in blocks.values())),
    "conv_clamp": common(name, "conv_clamp", (v.get("conv_clamp") for v in layers.values())),
    "nonlinearity": common(
      name, "activation", (v["activation"] for v in layers.values() if "activation" in v)
    ),
    _FILTER: _taps(name, tensors),
    "lrmul": dense.get("bias_gain", 1.0),
    "mapping_layers": mapping.get("num_layers", 0),
  }
  if generator:
    noise = (v["use_noise"] for v in layers.values() if "use_noise" in v)
    return settings | {
      "latent_size": own.get("z_dim"),
      "dlatent_size": own.get("w_dim"),
      "mapping_nonlinearity": dense.get("activation"),
      "use_noise": common(name, "use_noise", noise),
    }
  deviation = attributes.get("b4.mbstd", {"group_size": 0, "num_channels": 0})
  return settings | {
    "mbstd_group_size": deviation.get("group_size"),
    "mbstd_num_features": deviation.get("num_channels"),
  }


def common(name: str, what: str, values: Iterable[Any]) -> Any:
  """What all layers of a network say of themselves.

  Raises:
    CheckpointError: if they do not agree.
  """
  values = list(values)
  if not all(map(_is_plain, values)) or any(value != values[0] for value in values):
    raise CheckpointError(
      f"The layers of network {name} do not agree in {what}; no published network is so, and this one "
      "cannot be converted."
    )
  return values[0] if values else None


def _is_plain(value: Any) -> bool:
  return value is None or isinstance(value, bool | int | float | str | tuple)


def _taps(name: str, tensors: Mapping[str, Any]) -> tuple[float, ...]:
  """The filter whose outer product with itself each layer holds; (1,) of a network without."""
  filters = [np.asarray(v) for key, v in tensors.items() if key.rpartition(".")[2] == _FILTER]
  if not filters:
    return (1.0,)
  first = filters[0].astype(np.float64)
  if first.ndim == 1:
    return tuple(first.tolist())
  alike = all(np.array_equal(value, filters[0]) for value in filters)
  rows = first.sum(axis=-1) if first.ndim == 2 and first.any() else np.zeros(0)
  if not alike or not rows.size or not _is_outer_product(first, rows):
    raise CheckpointError(
      f"The {_FILTER}s of network {name} are not one filter of rows and columns; this network cannot be "
      "converted."
    )
  # As small whole numbers where they are such, as in (1, 3, 3, 1).
  scaled = rows / np.abs(rows[rows != 0]).min()
  return tuple((np.rint(scaled) if np.allclose(scaled, np.rint(scaled)) else rows).tolist())


def _is_outer_product(values: np.ndarray, rows: np.ndarray) -> bool:
  square = values.shape == (len(rows), len(rows))
  return square and np.allclose(np.outer(rows, rows), values * values.sum())


def _config_values(record: NetworkRecord, fields: set[str]) -> dict[str, Any]:
  return {name: value for name, value in record.static_kwargs.items() if name in fields}


_SHARED = {
  "resolution",
  "num_channels",
  "label_size",
  "architecture",
  "conv_clamp",
  "nonlinearity",
  _FILTER,
}
_OWN = {
  "latent_size",
  "dlatent_size",
  "mapping_layers",
  "mapping_nonlinearity",
  "use_noise",
}


def convert_generator(record: NetworkRecord):
  """-> (configuration, weights, arguments, names that are filled with zeros)."""
  settings = record.static_kwargs
  labels = settings["label_size"]
  config = StyleGAN2Config(
    **_config_values(record, _SHARED | _OWN),
    channel_counts=_channels(record, "synthesis.b{}.conv1.bias"),
    mapping_fmaps=length(record, "mapping.fc0.bias"),
    mapping_lrmul=settings["lrmul"],
    normalize_labels=True,
    label_fmaps=length(record, "mapping.embed.bias") if labels else None,
    const_size=length(record, "synthesis.b4.const", 0),
    truncation_psi=1.0,
  )
  filled = () if "mapping.w_avg" in record.variables else ("mapping/w/mean",)
  weights = convert_variables(record, generator_rows(config, mean=not filled), record.name)
  weights |= {name: np.zeros(config.dlatent_size, np.float32) for name in filled}
  return config, weights, Arguments({}, {}, {}), filled


def convert_discriminator(record: NetworkRecord):
  """-> as `convert_generator`."""
  settings = record.static_kwargs
  features, group = settings["mbstd_num_features"], settings["mbstd_group_size"]
  widths = ()
  if settings["label_size"]:
    layers = settings["mapping_layers"]
    count = min(layers, MOST_LAYERS) if type(layers) is int else 0
    names = ["embed", *(f"fc{index}" for index in range(count))]
    widths = tuple(length(record, f"mapping.{name}.bias") for name in names)
  config = StyleGAN2DiscriminatorConfig(
    **_config_values(record, _SHARED),
    channel_counts=(length(record, "b4.conv.bias"), *_channels(record, "b{}.conv0.bias")[1:]),
    mbstd_group_size=0 if not features else WHOLE_BATCH if group is None else group,
    mbstd_num_features=features or 1,
    dense_size=length(record, "b4.fc.bias"),
    label_widths=widths,
    label_lrmul=settings["lrmul"],
  )
  weights = convert_variables(record, discriminator_rows(config), record.name)
  return config, weights, Arguments({}, {}, {}), ()


def _channels(record: NetworkRecord, name: str) -> tuple[int, ...]:
  """Channels at 4, 8, ..., R by the length of a bias."""
  resolution = record.static_kwargs["resolution"]
  probe = StyleGAN2Config(resolution=resolution, label_size=0)
  first = (length(record, name.format(4)),) if name.format(4) in record.variables else (0,)
  return first + tuple(length(record, name.format(r)) for r in probe.resolutions[1:])
