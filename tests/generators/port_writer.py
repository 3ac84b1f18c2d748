"""NVIDIA's networks in the layouts of PyTorch's ports, as InterFaceGAN's and genforce's converters do it.

Arrays are transposed without copying them: the files hold permuted views.
"""

import re

import numpy as np

_IG, _GF = "interfacegan", "genforce"


def _convolution(base, layer, value, epilogue=""):
  return {f"{layer}.{'conv.' if base == _IG else ''}weight": value.transpose(3, 2, 0, 1)}


def _dense(base, layer, value):
  return {f"{layer}.{'linear.' if base == _IG else ''}weight": value.transpose()}


def _rgb(base, name, value, blocks, prefix=""):
  lod, what = re.fullmatch(r"ToRGB_lod(\d+)/(\w+)", name).groups()
  layer = f"{prefix}output{blocks - 1 - int(lod)}"
  if what == "weight":
    return _convolution(base, layer, value)
  return {f"{layer}.{'wscale.' if base == _IG and not prefix else ''}bias": value}


def _layer_number(name):
  """Number of the layer with an official name such as "16x16/Conv0_up"."""
  size, layer = name.split("/")[:2]
  block = int(size.split("x")[0]).bit_length() - 3
  return 2 * block + (layer in ("Conv", "Conv1"))


def pggan_port(record, base):
  """A Progressive GAN's variables under the keys of a port."""
  blocks = sum(name.startswith("ToRGB") for name in record.variables) // 2
  tensors = {"lod": np.asarray(record.variables["lod"])}
  for name, value in record.variables.items():
    if name.startswith("ToRGB"):
      tensors |= _rgb(base, name, value, blocks)
    elif name != "lod":
      layer, what = f"layer{_layer_number(name)}", name.split("/")[2]
      if what == "bias":
        tensors[f"{layer}.{'wscale.' if base == _IG else ''}bias"] = value
      elif "Dense" in name:
        image = value.reshape(len(value), -1, 4, 4).transpose(1, 0, 2, 3)[:, :, ::-1, ::-1].copy()
        tensors[f"{layer}.{'conv.' if base == _IG else ''}weight"] = image
      elif "Conv0_up" in name and base == _IG:
        tensors[f"{layer}.weight"] = value.transpose(0, 1, 3, 2)
      else:
        tensors |= _convolution(base, layer, value)
  return tensors


def stylegan_port(record, base):
  """A StyleGAN's variables under the keys of a port."""
  mapping, synthesis = (record.components[role].variables for role in ("mapping", "synthesis"))
  blocks = sum(name.startswith("ToRGB") for name in synthesis) // 2
  tensors = {"truncation.w_avg": record.variables["dlatent_avg"]}
  for name, value in mapping.items():
    layer, what = name.split("/")
    if layer == "LabelConcat":
      tensors["mapping.label_weight"] = value
    elif what == "weight":
      tensors |= _dense(base, f"mapping.{layer.lower()}", value)
    else:
      bias = "wscale.bias" if base == _IG else "bias"
      tensors[f"mapping.{layer.lower()}.{bias}"] = value
  for name, value in synthesis.items():
    tensors |= _synthesis(base, name, value, blocks)
  return tensors


def _synthesis(base, name, value, blocks):
  if name == "lod":
    return {"synthesis.lod": np.asarray(value)}
  if name.startswith("ToRGB"):
    return _rgb(base, name, value, blocks, "synthesis.")
  epilogue = "epilogue." if base == _IG else ""
  if name.startswith("noise"):
    return {f"synthesis.layer{name[5:]}.{epilogue}apply_noise.noise": value}
  layer = f"synthesis.layer{_layer_number(name)}"
  what = name.split("/", 2)[2]
  if what == "const":
    return {f"{layer}.{'first_layer' if base == _IG else 'const'}": value}
  if what == "weight":
    if "Conv0_up" not in name:
      return _convolution(base, layer, value)
    resolution, channels = int(name.split("x")[0]), value.shape[3]
    blur = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16
    tensors = {f"{layer}.blur.kernel": np.tile(blur, (channels, 1, 1, 1))}
    if base == _IG and resolution >= 128:
      return tensors | {f"{layer}.weight": value}
    return tensors | _convolution(base, layer, value)
  if what == "Noise/weight":
    return {f"{layer}.{epilogue}apply_noise.weight": value}
  style = f"{layer}.{epilogue}{'style_mod.dense' if base == _IG else 'style'}"
  if what == "StyleMod/weight":
    return _dense(base, style, value)
  if what == "StyleMod/bias":
    return {f"{style}.{'wscale.' if base == _IG else ''}bias": value}
  return {f"{layer}.{epilogue}bias": value}
