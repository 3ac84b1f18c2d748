"""One StyleGAN2 of odd sizes as TensorFlow's records, and the same as PyTorch's tensors."""

import numpy as np

from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.stylegan2_tables import discriminator_rows, mapping_rows, synthesis_rows
from privai_tf.generators.stylegan2.config import StyleGAN2Config, StyleGAN2DiscriminatorConfig

GENERATOR = StyleGAN2Config(
  resolution=16,
  channel_counts=(6, 5, 3),
  const_size=4,
  latent_size=5,
  dlatent_size=7,
  mapping_layers=2,
  mapping_fmaps=8,
  mapping_lrmul=0.02,
  label_size=3,
  label_fmaps=4,
  normalize_labels=True,
  architecture="resnet",
  conv_clamp=2.5,
  resample_filter=(1, 2, 2, 1),
  truncation_psi=1.0,
)
CRITIC = StyleGAN2DiscriminatorConfig(
  resolution=16,
  channel_counts=(6, 5, 3),
  label_size=3,
  label_widths=(4, 7),
  label_lrmul=0.01,
  dense_size=9,
  mbstd_num_features=2,
  architecture="skip",
)


def variables(rows, seed):
  random = np.random.default_rng(seed)
  return {row.official: random.standard_normal(row.shape).astype(np.float32) for row in rows}


def record(function, values, arguments=None, components=None, name=None, version=5):
  return NetworkRecord(
    class_name="dnnlib.tflib.network.Network",
    version=version,
    name=name or function,
    static_kwargs=arguments or {},
    components=components or {},
    build_func_name=function,
    module_source_sha256="",
    variables=values,
  )


def generator_record(config, version=5, synthesis="G_synthesis", **arguments):
  arguments = {
    "resolution": config.resolution,
    "label_size": config.label_size,
    "latent_size": config.latent_size,
    "dlatent_size": config.dlatent_size,
    "mapping_layers": config.mapping_layers,
    "mapping_lrmul": config.mapping_lrmul,
    "architecture": config.architecture,
    "conv_clamp": config.conv_clamp,
    "resample_kernel": list(config.resample_filter),
    "truncation_psi": config.truncation_psi,
    "use_noise": config.use_noise,
    "num_fp16_res": 4,
    "fmap_base": 99,
  } | arguments
  top = {"dlatent_avg": np.linspace(-1, 1, config.dlatent_size, dtype=np.float32)}
  if version == 4:
    top = {"lod": np.float32(config.lod)} | top
  parts = {
    "mapping": record("G_mapping", variables(mapping_rows(config), 1), arguments, version=version),
    "synthesis": record(
      synthesis, variables(synthesis_rows(config), 2), arguments, version=version
    ),
  }
  if synthesis.endswith("revised"):
    parts["synthesis"].variables["lod"] = np.float32(config.lod)
  return record("G_main", top, arguments, parts, "Gs", version)


def critic_record(config, function="D_main", version=5, **arguments):
  arguments = {
    "resolution": config.resolution,
    "label_size": config.label_size,
    "architecture": config.architecture,
    "mbstd_group_size": config.mbstd_group_size,
    "mbstd_num_features": config.mbstd_num_features,
    "mapping_layers": len(config.label_widths) - 1,
    "mapping_lrmul": config.label_lrmul,
  } | arguments
  values = variables(discriminator_rows(config), 3)
  return record(function, values, arguments, name="D", version=version)


def in_pytorch(values, prefix, names):
  """TensorFlow's variables as PyTorch's code lays them out, by the published table."""
  found = {}
  for name, value in values.items():
    *layer, leaf = name.split("/")
    path = ".".join(names(part) for part in layer)
    if name.startswith("noise"):
      continue
    if leaf == "weight" and value.ndim == 4:
      value = value.transpose(3, 2, 0, 1)
      if layer[-1] == "Conv0_up":
        value = np.flip(value, (2, 3)).copy()
    elif leaf == "weight":
      value = value.T
    elif leaf == "mod_weight":
      path, leaf, value = f"{path}.affine", "weight", value.T
    elif leaf == "mod_bias":
      path, leaf, value = f"{path}.affine", "bias", value + np.float32(1)
    elif leaf == "const":
      path, value = path.rpartition(".")[0], value[0]
    found[f"{prefix}{path}.{leaf}"] = value
  return found


def synthesis_name(part):
  size = part.split("x")[0]
  fixed = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb", "Skip": "skip"}
  return f"b{size}" if size.isdigit() else fixed.get(part, part)


def critic_name(part):
  size = part.split("x")[0]
  fixed = {
    "Conv1_down": "conv1",
    "Dense0": "fc",
    "Output": "b4.out",
    "LabelEmbed": "mapping.embed",
    "Mapping0": "mapping.fc0",
  }
  return f"b{size}" if size.isdigit() else fixed.get(part, part.lower())


def mapping_name(part):
  return "embed" if part == "LabelEmbed" else part.replace("Dense", "fc")


def generator_tensors(source):
  """The tensors and attributes of the PyTorch generator that is the same as a record."""
  synthesis = source.components["synthesis"].variables
  tensors = in_pytorch(synthesis, "synthesis.", synthesis_name)
  tensors |= in_pytorch(source.components["mapping"].variables, "mapping.", mapping_name)
  tensors["mapping.w_avg"] = source.variables["dlatent_avg"]
  for name in [name for name in tensors if name.endswith("noise_strength")]:
    resolution = int(name.split(".")[1][1:])
    layer = max(0, 2 * (resolution.bit_length() - 4) + 1 + name.count("conv1") - (resolution == 4))
    tensors[name.replace("strength", "const")] = synthesis[f"noise{layer}"][0, 0]
  taps = np.array(GENERATOR.resample_filter) / 6
  attributes = {
    "": {"z_dim": 5, "c_dim": 3, "w_dim": 7, "img_resolution": 16, "img_channels": 3},
    "synthesis": {},
    "mapping": {"num_layers": 2},
    "mapping.fc0": {"activation": "lrelu", "bias_gain": 0.02},
  }
  for resolution in (4, 8, 16):
    block = f"synthesis.b{resolution}"
    tensors[f"{block}.resample_filter"] = np.outer(taps, taps).astype(np.float32)
    attributes[block] = {"architecture": "resnet"}
    for layer in ("conv1",) if resolution == 4 else ("conv0", "conv1"):
      attributes[f"{block}.{layer}"] = {
        "conv_clamp": 2.5,
        "use_noise": True,
        "activation": "lrelu",
      }
  attributes["synthesis.b16.torgb"] = {"conv_clamp": 2.5}
  return attributes, tensors
