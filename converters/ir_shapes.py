"""Checks the operations of an IR graph: versions, attributes, and the shape that each output has.

Shapes are inferred here from the inputs and must be those that the file declares. The integers that
the graph computes with (shapes for its reshapes) are evaluated for a batch of one; there are never
more than a handful of them. No operation on floats is evaluated, so no claimed size costs memory.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from privai_tf.converters.errors import DamagedFileError, UnsupportedFileError, quoted
from privai_tf.converters.ir_graph import Graph, Layer
from privai_tf.converters.openvino_ir import MAX_ELEMENTS, MAX_RANK

OTHER = "only MobileStyleGAN networks, as random-face ships them, are read"
_CONVOLUTION = {"dilations": "1, 1", "auto_pad": "explicit"}
_SAME = {"strides": "1, 1", "pads_begin": ("1, 1", "0, 0"), "pads_end": ("1, 1", "0, 0")}
_UP = {
  "strides": ("2, 1", "1, 2"),
  "pads_begin": "0, 0",
  "pads_end": "0, 0",
  "output_padding": "0, 0",
}


class Tensor(NamedTuple):
  """What is known of one output: its type, its shape, and its integers if it has such."""

  element_type: str
  shape: tuple[int, ...]
  integers: np.ndarray | None = None


def check_operations(graph: Graph) -> None:
  """Goes through the graph in topological order.

  Args:
    graph: as `read_ir` returns it.

  Raises:
    NetworkFileError: for an unknown operation, version or attribute, a cycle, or a shape that is not
      the declared one.
  """
  known: dict[tuple[int, int], Tensor] = {}
  for layer in _ordered(graph):
    rule = _RULES.get(layer.kind)
    if rule is None or layer.version != rule.version or len(layer.inputs) not in rule.inputs:
      raise UnsupportedFileError(
        f"layer {layer.id} is the operation {quoted(layer.kind)} ({quoted(layer.version)}), which no "
        "such network has",
        OTHER,
      )
    if layer.kind not in ("Const", "Parameter"):
      _check_attributes(layer, rule.attributes)
    inputs = []
    for port, declared in layer.inputs.items():
      source, output = graph.source(layer, port)
      tensor = known[source.id, output]
      if tensor[:2] != (declared.element_type, declared.shape):
        raise DamagedFileError(f"input {port} of layer {layer.id} is declared unlike what feeds it")
      inputs.append(tensor)
    try:
      outputs = rule.infer(layer, inputs)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError):
      outputs = None
    declared = list(layer.outputs.values())
    if outputs is None or [o[:2] for o in outputs] != [(d.element_type, d.shape) for d in declared]:
      raise DamagedFileError(
        f"the declared shapes of layer {layer.id} ({quoted(layer.kind)}) do not follow from its inputs"
      )
    if any(math.prod(output.shape) > MAX_ELEMENTS for output in outputs):
      raise UnsupportedFileError(f"layer {layer.id} asks for too much memory", OTHER)
    known.update({(layer.id, port): o for port, o in zip(layer.outputs, outputs, strict=True)})


def _ordered(graph: Graph) -> list[Layer]:
  waiting = {layer.id: len(layer.inputs) for layer in graph.layers.values()}
  users: dict[int, list[int]] = {}
  for (to, _), (source, _) in graph.edges.items():
    users.setdefault(source, []).append(to)
  ready = [number for number, count in waiting.items() if not count]
  ordered = []
  while ready:
    number = ready.pop()
    ordered.append(graph.layers[number])
    for user in users.get(number, ()):
      waiting[user] -= 1
      if not waiting[user]:
        ready.append(user)
  if len(ordered) != len(graph.layers):
    raise DamagedFileError("its layers feed one another in a circle")
  return ordered


def _check_attributes(layer: Layer, allowed: dict[str, Any]) -> None:
  for name, value in layer.attributes.items():
    values = allowed.get(name, ())
    if value not in (values if isinstance(values, tuple) else (values,)):
      raise UnsupportedFileError(
        f"layer {layer.id} ({quoted(layer.kind)}) has {quoted(name)} = {quoted(value)}, which no such "
        "network has",
        OTHER,
      )
  if missing := set(allowed) - set(layer.attributes):
    raise DamagedFileError(f"layer {layer.id} ({quoted(layer.kind)}) lacks {quoted(min(missing))}")


def _constant(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  constant = layer.constant
  integers = None
  if constant.element_type != "f32":
    if constant.values.size > MAX_RANK:
      raise ValueError
    integers = constant.values.astype(np.int64)
  return [Tensor(constant.element_type, constant.values.shape, integers)]


def _parameter(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  (declared,) = layer.outputs.values()
  text = ", ".join(map(str, declared.shape))
  if layer.attributes != {"shape": text, "element_type": declared.element_type}:
    raise ValueError
  return [Tensor(declared.element_type, declared.shape)]


def _floats(*tensors: Tensor) -> None:
  if any(tensor.element_type != "f32" for tensor in tensors):
    raise ValueError


def _broadcast(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(*inputs)
  return [Tensor("f32", np.broadcast_shapes(inputs[0].shape, inputs[1].shape))]


def _reduce_mean(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(inputs[0])
  shape = list(inputs[0].shape)
  for axis in inputs[1].integers:
    shape[axis] = 1
  return [Tensor("f32", tuple(shape))]


def _matmul(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(*inputs)
  (rows, inner), (columns, also_inner) = inputs[0].shape, inputs[1].shape
  if inner != also_inner:
    raise ValueError
  return [Tensor("f32", (rows, columns))]


def _prelu(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(*inputs)
  if inputs[1].shape != (1,):
    raise ValueError
  return [Tensor("f32", inputs[0].shape)]


def _convolution(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(*inputs)
  (count, channels, height, width), (outputs, also_channels, rows, columns) = (
    inputs[0].shape,
    inputs[1].shape,
  )
  pad = {1: "0, 0", 3: "1, 1"}[rows]
  if channels != also_channels or rows != columns or _pads(layer) != {pad}:
    raise ValueError
  return [Tensor("f32", (count, outputs, height, width))]


def _depthwise(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(*inputs)
  if inputs[1].shape != (inputs[0].shape[1], 1, 1, 3, 3) or _pads(layer) != {"1, 1"}:
    raise ValueError
  return [Tensor("f32", inputs[0].shape)]


def _pads(layer: Layer) -> set[str]:
  return {layer.attributes["pads_begin"], layer.attributes["pads_end"]}


def _spread(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(*inputs)
  count, channels, height, width = inputs[0].shape
  rows, columns = map(int, layer.attributes["strides"].split(", "))
  if inputs[1].shape != (channels, 1, 1, rows, columns):
    raise ValueError
  return [Tensor("f32", (count, channels, height * rows, width * columns))]


def _split(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  (axis,), lengths = inputs[1].integers.ravel(), inputs[2].integers
  shape = list(inputs[0].shape)
  if lengths.sum() != shape[axis] or (lengths <= 0).any():
    raise ValueError
  outputs = []
  for length in lengths:
    shape[axis] = int(length)
    outputs.append(Tensor(inputs[0].element_type, tuple(shape)))
  return outputs


def _reshape(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(inputs[0])
  target, count = inputs[1].integers.tolist(), math.prod(inputs[0].shape)
  rest = -math.prod(target) if target.count(-1) == 1 else 0
  target = [count // rest if side == -1 else side for side in target]
  if min(target) < 1 or math.prod(target) != count:
    raise ValueError
  return [Tensor("f32", tuple(target))]


def _integers(values: np.ndarray) -> list[Tensor]:
  if values.size > MAX_RANK:
    raise ValueError
  return [Tensor("i64", values.shape, values)]


def _shape_of(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  return _integers(np.array(inputs[0].shape, np.int64))


def _gather(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  values, index, axis = (tensor.integers for tensor in inputs)
  if axis.size != 1 or axis.item() != 0 or index.min() < 0:
    raise ValueError
  return _integers(np.asarray(values[index]))


def _unsqueeze(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  return _integers(np.expand_dims(inputs[0].integers, tuple(inputs[1].integers.tolist())))


def _squeeze(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(inputs[0])
  (axis,) = inputs[1].integers
  shape = inputs[0].shape
  if shape[axis] != 1 or axis < 0:
    raise ValueError
  return [Tensor("f32", (*shape[:axis], *shape[axis + 1 :]))]


def _concat(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  return _integers(np.concatenate([tensor.integers for tensor in inputs]))


def _broadcast_to(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  target = tuple(inputs[1].integers.tolist())
  if len(target) > MAX_RANK or min(target) < 1:
    raise ValueError
  if layer.attributes["mode"] == "numpy":
    if math.prod(target) > MAX_RANK:
      raise ValueError
    return _integers(np.broadcast_to(inputs[0].integers, target))
  _floats(inputs[0])
  return [Tensor("f32", np.broadcast_shapes(inputs[0].shape, target))]


def _tile(layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
  _floats(inputs[0])
  pairs = zip(inputs[0].shape, inputs[1].integers.tolist(), strict=True)
  return [Tensor("f32", tuple(side * times for side, times in pairs))]


class _Rule(NamedTuple):
  version: str
  inputs: range | tuple[int, ...]
  attributes: dict[str, Any]
  infer: Callable[[Layer, list[Tensor]], list[Tensor]]


_NUMPY = {"auto_broadcast": "numpy"}
_RULES = {
  "Const": _Rule("opset1", (0,), {}, _constant),
  "Parameter": _Rule("opset1", (0,), {}, _parameter),
  "Result": _Rule("opset1", (1,), {}, lambda layer, inputs: []),
  "Add": _Rule("opset1", (2,), _NUMPY, _broadcast),
  "Multiply": _Rule("opset1", (2,), _NUMPY, _broadcast),
  "Power": _Rule("opset1", (2,), _NUMPY, _broadcast),
  "ReduceMean": _Rule("opset1", (2,), {"keep_dims": "true"}, _reduce_mean),
  "MatMul": _Rule("opset1", (2,), {"transpose_a": "false", "transpose_b": "true"}, _matmul),
  "PReLU": _Rule("opset1", (2,), {}, _prelu),
  "Convolution": _Rule("opset1", (2,), _CONVOLUTION | _SAME, _convolution),
  "GroupConvolution": _Rule("opset1", (2,), _CONVOLUTION | _SAME, _depthwise),
  "GroupConvolutionBackpropData": _Rule("opset1", (2,), _CONVOLUTION | _UP, _spread),
  "VariadicSplit": _Rule("opset1", (3,), {}, _split),
  "Reshape": _Rule("opset1", (2,), {"special_zero": "true"}, _reshape),
  "ShapeOf": _Rule("opset3", (1,), {"output_type": "i64"}, _shape_of),
  "Gather": _Rule("opset7", (3,), {"batch_dims": "0"}, _gather),
  "Unsqueeze": _Rule("opset1", (2,), {}, _unsqueeze),
  "Squeeze": _Rule("opset1", (2,), {}, _squeeze),
  "Concat": _Rule("opset1", range(1, MAX_RANK + 1), {"axis": "0"}, _concat),
  "Broadcast": _Rule("opset3", (2,), {"mode": ("numpy", "bidirectional")}, _broadcast_to),
  "Tile": _Rule("opset1", (2,), {}, _tile),
}
