"""The ports of StyleGAN's generator -> the record that the conversion of NVIDIA's takes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from privai_tf.converters.channels import fit_channels
from privai_tf.converters.ports.common import blocks_of, check_blurs, fused_scale, numbered
from privai_tf.converters.ports.layouts import CONVOLUTION, DENSE, SAME, Entry, arranged, size_of
from privai_tf.converters.pytorch import LazyTensor
from privai_tf.converters.records import NetworkRecord
from privai_tf.errors import CheckpointError

_LABEL = "mapping.label_weight"
_PSI = "truncation.truncation"
# InterFaceGAN's is built into its code (psi 0.7 in 8 layers); genforce's is given with each call.
_TRUNCATION = {"interfacegan": (0.7, 8), "genforce": (None, None)}


def _mapping(base: str, layers: int, labels: bool) -> Iterator[Entry]:
  yield Entry("truncation.w_avg", "dlatent_avg")
  if labels:
    yield Entry(_LABEL, "LabelConcat/weight", SAME, "mapping")
  weight, bias = {
    "interfacegan": ("linear.weight", "wscale.bias"),
    "genforce": ("weight", "bias"),
  }[base]
  for i in range(layers):
    yield Entry(f"mapping.dense{i}.{weight}", f"Dense{i}/weight", DENSE, "mapping")
    yield Entry(f"mapping.dense{i}.{bias}", f"Dense{i}/bias", SAME, "mapping")


def _synthesis(base: str, blocks: int, fused: dict[int, bool]) -> Iterator[Entry]:
  ported = base == "interfacegan"
  yield Entry("synthesis.lod", "lod")
  conv = "conv.weight" if ported else "weight"
  epilogue = "epilogue." if ported else ""
  style = "style_mod.dense.linear.weight" if ported else "style.weight"
  style_bias = "style_mod.dense.wscale.bias" if ported else "style.bias"
  for n in range(2 * blocks):
    r = 4 << n // 2
    ours = f"synthesis.layer{n}"
    name = f"{r}x{r}/" + (("Const", "Conv") if r == 4 else ("Conv0_up", "Conv1"))[n % 2]
    if n == 0:
      yield Entry(
        f"{ours}.{'first_layer' if ported else 'const'}", f"{name}/const", SAME, "synthesis"
      )
    elif ported and n % 2 == 0 and fused[r]:
      yield Entry(f"{ours}.weight", f"{name}/weight", SAME, "synthesis")
    else:
      yield Entry(f"{ours}.{conv}", f"{name}/weight", CONVOLUTION, "synthesis")
    for key, official, layout in (
      ("bias", f"{name}/bias", SAME),
      ("apply_noise.noise", f"noise{n}", SAME),
      ("apply_noise.weight", f"{name}/Noise/weight", SAME),
      (style, f"{name}/StyleMod/weight", DENSE),
      (style_bias, f"{name}/StyleMod/bias", SAME),
    ):
      yield Entry(f"{ours}.{epilogue}{key}", official, layout, "synthesis")
  for s in range(blocks):
    lod = blocks - 1 - s
    yield Entry(f"synthesis.output{s}.{conv}", f"ToRGB_lod{lod}/weight", CONVOLUTION, "synthesis")
    yield Entry(f"synthesis.output{s}.bias", f"ToRGB_lod{lod}/bias", SAME, "synthesis")


def _truncation(tensors: dict[str, LazyTensor], base: str, layers: int, name: str) -> dict:
  """The network's own truncation; InterFaceGAN's may stand in the file, a number for each layer."""
  psi, cutoff = _TRUNCATION[base]
  if _PSI in tensors:
    tensor = tensors[_PSI]
    values = tensor.array().reshape(-1) if tensor.size == layers else np.zeros(0)
    kept = int(np.argmax(values == 1)) if (values == 1).any() else len(values)
    if not len(values) or not (values[:kept] == values[0]).all() or not (values[kept:] == 1).all():
      raise CheckpointError(
        f"The truncation {_PSI} of {name} is not one psi for the first layers; remove it from the file."
      )
    psi, cutoff = (round(float(values[0]), 6), kept) if kept else (None, None)
  return {"truncation_psi": psi, "truncation_cutoff": cutoff}


def generator_record(tensors: dict[str, LazyTensor], base: str, name: str) -> NetworkRecord:
  """A state dict of a StyleGAN port.

  Args:
    tensors: the state dict.
    base: "interfacegan" or "genforce".
    name: of the network.

  Raises:
    CheckpointError: it is not such a network, naming the tensor or the layer.
  """
  blocks = blocks_of(numbered(tensors, "synthesis.layer", name), name)
  depth = numbered(tensors, "mapping.dense", name)
  sizes = [4 << s for s in range(blocks)]
  epilogue = "epilogue.bias" if base == "interfacegan" else "bias"
  counts = {
    r: size_of(tensors, f"synthesis.layer{2 * s}.{epilogue}", 0, name) for s, r in enumerate(sizes)
  }
  # genforce's files do not tell; its default is "auto".
  fused = {r: r >= 128 for r in sizes[1:]}
  if base == "interfacegan":
    fused = {r: f"synthesis.layer{2 * s}.weight" in tensors for s, r in enumerate(sizes) if s}
  weight = "linear.weight" if base == "interfacegan" else "weight"
  output = "conv.weight" if base == "interfacegan" else "weight"
  labels = size_of(tensors, _LABEL, 0, name) if _LABEL in tensors else 0
  width = size_of(tensors, f"mapping.dense0.{weight}", 1, name)
  dlatent = size_of(tensors, f"mapping.dense{depth - 1}.{weight}", 0, name)
  settings: dict[str, Any] = {
    "latent_size": size_of(tensors, _LABEL, 1, name) if labels else width,
    "label_size": labels,
    "dlatent_size": dlatent,
    "mapping_layers": depth,
    "mapping_fmaps": size_of(tensors, f"mapping.dense0.{weight}", 0, name),
    "resolution": sizes[-1],
    "num_channels": size_of(tensors, f"synthesis.output0.{output}", 0, name),
    "fused_scale": fused_scale(fused, "auto", name),
  }
  settings |= fit_channels(counts, name)
  settings |= _truncation(tensors, base, 2 * blocks, name)
  blurs = [f"synthesis.layer{2 * s}.blur.kernel" for s in range(1, blocks)]
  dropped = check_blurs(tensors, blurs, name) + [_PSI] * (_PSI in tensors)
  entries = [*_mapping(base, depth, bool(labels)), *_synthesis(base, blocks, fused)]
  parts = arranged(tensors, entries, dropped, name)

  def record(part: str, function: str, **more: Any) -> NetworkRecord:
    own = f"G_{part}" if part else name
    return NetworkRecord(base, 0, own, {}, {}, function, "", parts[part], **more)

  components = {
    "mapping": record("mapping", "G_mapping"),
    "synthesis": record("synthesis", "G_synthesis"),
  }
  return NetworkRecord(
    base, 0, name, settings, components, "G_style", "", parts[""], dropped=tuple(dropped)
  )
