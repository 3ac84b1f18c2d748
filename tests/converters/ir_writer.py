"""Writes IR files (version 10) of small MobileStyleGANs, layer by layer as the published ones have them."""

import dataclasses
import itertools
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

_PRECISION = {"f32": "FP32", "i64": "I64", "i32": "I32"}
_DTYPES = {"f32": "<f4", "i64": "<i8", "i32": "<i4"}
_HALF = np.float32(0.70710677)


@dataclasses.dataclass(frozen=True)
class Value:
  """One output of a layer."""

  layer: int
  port: int
  shape: tuple[int, ...]
  kind: str = "f32"


class IrWriter:
  """Collects layers, edges and constants; equal constants share their bytes, as the converter has it."""

  def __init__(self, name: str):
    self.name = name
    self.layers, self.edges, self.data = [], [], b""
    self._places: dict[bytes, int] = {}

  def add(self, kind, inputs=(), shapes=(), version="opset1", out="f32", **attributes):
    """Adds a layer; returns its only output, or all of them."""
    number = len(self.layers)
    for port, value in enumerate(inputs):
      self.edges.append((value.layer, value.port, number, port))
    outputs = [Value(number, len(inputs) + i, tuple(s), out) for i, s in enumerate(shapes)]
    self.layers.append([kind, version, attributes, list(inputs), outputs])
    return outputs[0] if len(outputs) == 1 else outputs

  def const(self, values, kind="f32"):
    values = np.asarray(values, _DTYPES[kind])
    raw = np.ascontiguousarray(values).tobytes()
    if raw not in self._places:
      self._places[raw] = len(self.data)
      self.data += raw
    shape = values.shape
    return self.add(
      "Const", (), [shape], out=kind, element_type=kind, shape=", ".join(map(str, shape)),
      offset=self._places[raw], size=len(raw),
    )  # fmt: skip

  def numpy(self, kind, a, b):
    """Add, Multiply, Power."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    return self.add(kind, (a, b), [shape], auto_broadcast="numpy")

  def dimension(self, of, axis, shape):
    """One entry of a shape, as an array of one (or of none, for `shape` ())."""
    whole = self.add("ShapeOf", (of,), [(len(of.shape),)], "opset3", "i64", output_type="i64")
    index, zero = self.const(axis, "i32"), self.const(0, "i64")
    one = self.add("Gather", (whole, index, zero), [()], "opset7", "i64", batch_dims="0")
    return self.add("Unsqueeze", (one, self.const([0], "i64")), [(1,)], out="i64")

  def reshape(self, x, batch_of, rest, shape):
    """Reshapes to the batch of `batch_of` and `rest`: integers (constants) or values."""
    parts = [self.dimension(batch_of, 0, (1,))]
    parts += [part if isinstance(part, Value) else self.const([part], "i64") for part in rest]
    target = self.add("Concat", parts, [(len(parts),)], out="i64", axis="0")
    return self.add("Reshape", (x, target), [shape], special_zero="true")

  def write(self, folder: Path) -> None:
    lines = [
      '<?xml version="1.0" ?>',
      f'<net name={quoteattr(self.name)} version="10">',
      "<layers>",
    ]
    for number, (kind, version, attributes, inputs, outputs) in enumerate(self.layers):
      lines.append(
        f'<layer id="{number}" name="{kind}_{number}" type="{kind}" version="{version}">'
      )
      if attributes:
        pairs = " ".join(f"{k}={quoteattr(str(v))}" for k, v in attributes.items())
        lines.append(f"<data {pairs}/>")
      for side, values in (("input", inputs), ("output", outputs)):
        if values:
          lines.append(f"<{side}>")
          for i, value in enumerate(values):
            port = i if side == "input" else value.port
            dims = "".join(f"<dim>{d}</dim>" for d in value.shape)
            lines.append(f'<port id="{port}" precision="{_PRECISION[value.kind]}">{dims}</port>')
          lines.append(f"</{side}>")
      lines.append("</layer>")
    lines += ["</layers>", "<edges>"]
    lines += [
      f'<edge from-layer="{a}" from-port="{b}" to-layer="{c}" to-port="{d}"/>'
      for a, b, c, d in self.edges
    ]
    lines += ["</edges>", "<meta_data><cli><x value='ignored'/></cli></meta_data>", "</net>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{self.name}.xml").write_text("\n".join(lines), encoding="utf-8")
    (folder / f"{self.name}.bin").write_bytes(self.data)


def random_weights(fmaps=(16, 8, 12), latent=6, hidden=10, dlatent=8, layers=2, colours=3, seed=0):
  """Weights by role, in the file's layout and channel order.

  Returns:
    A dictionary: "dense": pairs (weight, bias); "const"; "convs": dictionaries (style, style_bias,
    scale, dw, kernel, noise, bias), "ups": pairs; "to_img".
  """
  random = np.random.default_rng(seed)

  def draw(*shape, scale=1.0):
    return (scale * random.standard_normal(shape)).astype(np.float32)

  def styled(inputs, outputs, size, side, dw=True):
    return {
      "style": draw(inputs, dlatent, scale=0.3),
      "style_bias": 1 + draw(inputs, scale=0.1),
      "scale": np.float32(1 / np.sqrt(9 * inputs)),
      "dw": draw(inputs, 1, 1, 3, 3) if dw else None,
      "kernel": draw(outputs, inputs, size, size, scale=3.0 if dw else 1.0),
      "noise": None if side is None else draw(1, 1, side, side, scale=0.2),
      "bias": draw(outputs, scale=0.1),
    }

  widths = [latent, *[hidden] * (layers - 1), dlatent]
  dense = [(draw(o, i, scale=i**-0.5), draw(o, scale=0.1)) for i, o in itertools.pairwise(widths)]
  convs, ups = [styled(fmaps[0], fmaps[0], 3, 4, dw=False)], []
  for index, channels in enumerate(fmaps[1:]):
    side, before = 8 << index, fmaps[index]
    ups.append((draw(before, dlatent, scale=0.3), 1 + draw(before, scale=0.1)))
    convs += [styled(before // 4, channels, 1, side), styled(channels, channels, 1, side)]
  return {
    "dense": dense,
    "const": draw(1, fmaps[0], 4, 4),
    "convs": convs,
    "ups": ups,
    "to_img": styled(fmaps[-1], 4 * colours, 1, None, dw=False),
  }  # fmt: skip


def write_mapping(weights: dict, folder: Path) -> None:
  ir = IrWriter("MappingNetwork")
  latent = weights["dense"][0][0].shape[1]
  z = ir.add("Parameter", (), [(1, latent)], shape=f"1, {latent}", element_type="f32")
  number = lambda value: ir.const([[value]])  # noqa: E731
  square = ir.numpy("Power", z, number(2))
  axis = ir.const([1], "i64")
  mean = ir.add("ReduceMean", (square, axis), [(1, 1)], keep_dims="true")
  root = ir.numpy("Power", ir.numpy("Add", mean, number(1e-8)), number(0.5))
  inverse = ir.numpy("Multiply", number(1), ir.numpy("Power", root, number(-1)))
  x = ir.numpy("Multiply", z, inverse)
  for weight, bias in weights["dense"]:
    product = ir.add(
      "MatMul", (x, ir.const(weight)), [(1, len(weight))], transpose_a="false", transpose_b="true"
    )
    width = ir.dimension(product, 1, (1,))
    target = ir.add("Concat", (ir.const([-1], "i64"), width), [(2,)], out="i64", axis="0")
    reshaped = ir.add("Reshape", (ir.const(bias), target), [(1, len(bias))], special_zero="true")
    total = ir.numpy("Add", product, reshaped)
    leaky = ir.add("PReLU", (total, ir.const([0.2])), [total.shape])
    x = ir.numpy("Multiply", leaky, number(np.float32(1.4142135)))
  ir.add("Result", (x,))
  ir.write(folder)


class _Synthesis:
  def __init__(self, weights: dict):
    self.ir = IrWriter("SynthesisNetwork")
    self.weights = weights
    width = weights["ups"][0][0].shape[1]
    self.w = self.ir.add("Parameter", (), [(1, width)], shape=f"1, {width}", element_type="f32")

  def style(self, weight, bias, batch_of):
    ir, count = self.ir, len(bias)
    product = ir.add(
      "MatMul", (self.w, ir.const(weight)), [(1, count)], transpose_a="false", transpose_b="true"
    )
    total = ir.numpy("Add", product, ir.const(bias[None]))
    return ir.reshape(total, batch_of, (-1, 1, 1), (1, count, 1, 1))

  def convolution(self, x, part):
    ir = self.ir
    style = self.style(part["style"], part["style_bias"], self.w)
    scaled = ir.numpy("Multiply", style, ir.const(part["scale"].reshape(1, 1, 1, 1)))
    x = ir.numpy("Multiply", scaled, x)
    options = {"strides": "1, 1", "dilations": "1, 1", "auto_pad": "explicit"}
    if part["dw"] is not None:
      x = ir.add("GroupConvolution", (x, ir.const(part["dw"])), [x.shape], pads_begin="1, 1", pads_end="1, 1", **options)  # fmt: skip
    kernel = part["kernel"]
    pad = "1, 1" if kernel.shape[2] == 3 else "0, 0"
    shape = (1, len(kernel), *x.shape[2:])
    x = ir.add(
      "Convolution", (x, ir.const(kernel)), [shape], pads_begin=pad, pads_end=pad, **options
    )
    if part["noise"] is not None:
      x = ir.numpy("Add", x, ir.const(part["noise"]))
    return ir.numpy("Add", x, ir.const(part["bias"].reshape(1, -1, 1, 1)))

  def leaky(self, x):
    return self.ir.add("PReLU", (x, self.ir.const([0.2])), [x.shape])

  def spread(self, x, rows, second):
    ir = self.ir
    taps = np.array([_HALF, -_HALF if second else _HALF], np.float32)
    kernel = np.broadcast_to(taps.reshape((1, 1, 1, 2, 1) if rows else (1, 1, 1, 1, 2)), (x.shape[1], 1, 1, 2 if rows else 1, 1 if rows else 2))  # fmt: skip
    strides = "2, 1" if rows else "1, 2"
    up = (2, 1) if rows else (1, 2)
    shape = (1, x.shape[1], x.shape[2] * up[0], x.shape[3] * up[1])
    return ir.add(
      "GroupConvolutionBackpropData", (x, ir.const(kernel)), [shape], strides=strides,
      pads_begin="0, 0", pads_end="0, 0", dilations="1, 1", auto_pad="explicit", output_padding="0, 0",
    )  # fmt: skip

  def haar(self, x):
    ir = self.ir
    quarter, side = x.shape[1] // 4, x.shape[2]
    lengths = ir.const([quarter, 3 * quarter], "i64")
    low, details = ir.add("VariadicSplit", (x, ir.const(1, "i64"), lengths), [(1, quarter, side, side), (1, 3 * quarter, side, side)])  # fmt: skip
    height, width = ir.dimension(x, 2, (1,)), ir.dimension(x, 3, (1,))
    bands = ir.reshape(details, x, (-1, 3, height, width), (1, quarter, 3, side, side))
    split = ir.add("VariadicSplit", (bands, ir.const(2, "i64"), ir.const([1, 1, 1], "i64")), [(1, quarter, 1, side, side)] * 3)  # fmt: skip
    b, c, d = (
      ir.add("Squeeze", (band, ir.const([2], "i64")), [(1, quarter, side, side)]) for band in split
    )
    first = ir.numpy("Add", self.spread(low, True, False), self.spread(b, True, True))
    second = ir.numpy("Add", self.spread(c, True, False), self.spread(d, True, True))
    return ir.numpy("Add", self.spread(first, False, False), self.spread(second, False, True))

  def constant(self):
    ir, const = self.ir, self.weights["const"]
    batch = ir.dimension(self.w, 0, (1,))
    ones = [ir.const([1], "i64") for _ in range(3)]
    shape = ir.add("Concat", (batch, *ones), [(4,)], out="i64", axis="0")
    rank = ir.add("ShapeOf", (shape,), [(1,)], "opset3", "i64", output_type="i64")
    filled = ir.add(
      "Broadcast", (ir.const([1], "i64"), rank), [(4,)], "opset3", "i64", mode="numpy"
    )
    expanded = ir.add("Broadcast", (ir.const(const), filled), [const.shape], "opset3", mode="bidirectional")  # fmt: skip
    return ir.add("Tile", (expanded, shape), [const.shape])

  def write(self, folder: Path) -> None:
    ir, convs = self.ir, self.weights["convs"]
    x = self.leaky(self.convolution(self.constant(), convs[0]))
    for index, up in enumerate(self.weights["ups"]):
      x = self.haar(ir.numpy("Multiply", self.style(*up, x), x))
      x = self.leaky(self.convolution(x, convs[2 * index + 1]))
      x = self.leaky(self.convolution(x, convs[2 * index + 2]))
    ir.add("Result", (self.haar(self.convolution(x, self.weights["to_img"])),))
    ir.write(folder)


def write_ir(weights: dict, folder: Path) -> None:
  """Writes the four files."""
  write_mapping(weights, folder)
  _Synthesis(weights).write(folder)
