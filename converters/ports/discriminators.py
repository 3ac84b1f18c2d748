"""genforce's discriminators -> the records that the conversion of NVIDIA's takes.

`input0` is the full resolution; each block has two layers, the last one a convolution and two dense
layers. The tables are checked against scores of the original code.
"""

from collections.abc import Iterator

from privai_tf.converters.channels import fit_channels
from privai_tf.converters.ports.common import blocks_of, check_blurs, numbered
from privai_tf.converters.ports.layouts import CONVOLUTION, DENSE, SAME, Entry, arranged, size_of
from privai_tf.converters.pytorch import LazyTensor
from privai_tf.converters.records import NetworkRecord
from privai_tf.errors import CheckpointError

_GROUP = 4  # of the minibatch standard deviation: no file tells it, and all published ones use it


class LabelledError(CheckpointError):
  """A Progressive GAN with labels, of which the generator beside it does not tell."""


def _entries(blocks: int, down: dict[int, str]) -> Iterator[Entry]:
  yield Entry("lod", "lod")
  for j in range(blocks):
    r = 4 << (blocks - 1 - j)
    rows = [(f"input{j}", f"FromRGB_lod{j}", CONVOLUTION)]
    if r > 4:
      rows += [(f"layer{2 * j}", f"{r}x{r}/Conv0", CONVOLUTION)]
      rows += [(f"layer{2 * j + 1}", f"{r}x{r}/{down[r]}", CONVOLUTION)]
    else:
      names = (("Conv", CONVOLUTION), ("Dense0", DENSE), ("Dense1", DENSE))
      rows += [(f"layer{2 * j + i}", f"4x4/{name}", kind) for i, (name, kind) in enumerate(names)]
    for ours, official, layout in rows:
      yield Entry(f"{ours}.weight", f"{official}/weight", layout)
      yield Entry(f"{ours}.bias", f"{official}/bias", SAME)


def discriminator_record(
  tensors: dict[str, LazyTensor], name: str, label_size: int = 0
) -> NetworkRecord:
  """A state dict of genforce's Progressive GAN or StyleGAN discriminator.

  Args:
    tensors: the state dict.
    name: of the network.
    label_size: of the generator beside it, which settles what one output means.

  Raises:
    CheckpointError: it is not such a network, naming the tensor or the layer.
  """
  blocks = blocks_of(2 * numbered(tensors, "input", name), name)
  sizes = [4 << (blocks - 1 - j) for j in range(blocks)]
  counts = {r: size_of(tensors, f"input{j}.weight", 0, name) for j, r in enumerate(sizes)}
  last = 2 * blocks - 2
  counts[2] = size_of(tensors, f"layer{last + 1}.weight", 0, name)
  features = size_of(tensors, f"layer{last}.weight", 1, name) - counts[4]
  outputs = size_of(tensors, f"layer{last + 2}.weight", 0, name)
  blurs = [f"layer{2 * j + 1}.blur.kernel" for j in range(blocks - 1)]
  dropped = check_blurs(tensors, blurs, name)
  style = bool(dropped)
  if features < 0 or (features > 1 and not style):
    raise CheckpointError(
      f"The layer{last} of {name} has {features} channels beyond its features; this discriminator "
      "cannot be converted."
    )
  if not style and outputs > 1:
    raise LabelledError(
      f"The Progressive GAN of {name} takes labels, which genforce joins to z in another way than "
      "NVIDIA does; only networks without labels can be converted."
    )
  settings = {
    "resolution": sizes[0],
    "num_channels": size_of(tensors, "input0.weight", 1, name),
    "label_size": (outputs if outputs > 1 else min(label_size, 1)) if style else 0,
    "mbstd_group_size": _GROUP if features else 0,
    "fused_scale": "auto" if style else False,
  }
  settings |= fit_channels(dict(sorted(counts.items())), name)
  if style and features:
    settings["mbstd_num_features"] = features
  # NVIDIA's names: StyleGAN has one for both ways, Progressive GAN one for each.
  down = {r: "Conv1_down" if style else "Conv1" for r in sizes}
  variables = arranged(tensors, list(_entries(blocks, down)), dropped, name)[""]
  function = "D_basic" if style else "D_paper"
  return NetworkRecord(
    "genforce", 0, name, settings, {}, function, "", variables, dropped=tuple(dropped)
  )
