"""The ports of Progressive GAN's generator -> the record that the conversion of NVIDIA's takes."""

from collections.abc import Iterator

from privai_tf.converters.channels import fit_channels
from privai_tf.converters.ports.common import blocks_of, fused_scale, numbered
from privai_tf.converters.ports.layouts import (
  CONVOLUTION,
  FIRST_DENSE,
  SWAPPED,
  Entry,
  Layout,
  arranged,
  size_of,
)
from privai_tf.converters.pytorch import LazyTensor
from privai_tf.converters.records import NetworkRecord


def _names(base: str) -> tuple[str, str]:
  """What follows a layer's name for its (unfused) weight and its bias."""
  return ("conv.weight", "wscale.bias") if base == "interfacegan" else ("weight", "bias")


def _entries(base: str, blocks: int, fused: dict[int, bool]) -> Iterator[Entry]:
  weight, bias = _names(base)
  ported = base == "interfacegan"
  yield Entry("lod", "lod")
  for n in range(2 * blocks):
    r = 4 << n // 2
    key, layout = f"layer{n}.{weight}", CONVOLUTION
    name = ("Dense", "Conv") if r == 4 else ("Conv0", "Conv1")
    official = f"{r}x{r}/{name[n % 2]}"
    if n == 0:
      layout: Layout = FIRST_DENSE
    elif n % 2 == 0 and fused[r]:
      official = f"{r}x{r}/Conv0_up"
      if ported:
        key, layout = f"layer{n}.weight", SWAPPED
    yield Entry(key, f"{official}/weight", layout)
    yield Entry(f"layer{n}.{bias}", f"{official}/bias")
  for s in range(blocks):
    lod = blocks - 1 - s
    yield Entry(f"output{s}.{weight}", f"ToRGB_lod{lod}/weight", CONVOLUTION)
    yield Entry(f"output{s}.{bias}", f"ToRGB_lod{lod}/bias")


def _fused(tensors: dict[str, LazyTensor], base: str, counts: dict[int, int]) -> dict[int, bool]:
  """Which layers are fused, as far as the file tells: InterFaceGAN by name, genforce by shape."""
  fused = {}
  for s, r in enumerate(counts):
    if s and base == "interfacegan":
      fused[r] = f"layer{2 * s}.weight" in tensors
    elif s and counts[r // 2] != counts[r] and f"layer{2 * s}.weight" in tensors:
      # [inputs, outputs, k, k], against [outputs, inputs, k, k]; else the conversion refuses it.
      fused[r] = tensors[f"layer{2 * s}.weight"].shape[:2] == (counts[r // 2], counts[r])
  return fused


def generator_record(tensors: dict[str, LazyTensor], base: str, name: str) -> NetworkRecord:
  """A state dict of a Progressive GAN port; see `converters.ports.stylegan.generator_record`."""
  blocks = blocks_of(numbered(tensors, "layer", name), name)
  weight, bias = _names(base)
  counts = {4 << s: size_of(tensors, f"layer{2 * s}.{bias}", 0, name) for s in range(blocks)}
  # Where equal widths hide it, genforce's default.
  setting = fused_scale(_fused(tensors, base, counts), False, name)
  fused = {r: r >= 128 if setting == "auto" else bool(setting) for r in counts}
  settings = {
    "latent_size": size_of(tensors, f"layer0.{weight}", 1, name),
    "label_size": 0,
    "resolution": 4 << (blocks - 1),
    "num_channels": size_of(tensors, f"output0.{weight}", 0, name),
    "fused_scale": setting,
  }
  settings |= fit_channels(counts, name)
  variables = arranged(tensors, list(_entries(base, blocks, fused)), [], name)[""]
  return NetworkRecord(base, 0, name, settings, {}, "G_paper", "", variables)
