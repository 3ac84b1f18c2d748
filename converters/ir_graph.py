"""A network of OpenVINO's IR format as plain data: layers, their ports, and edges between them."""

import dataclasses

import numpy as np

# (layer, input port) -> (layer, output port) that feeds it.
Edges = dict[tuple[int, int], tuple[int, int]]


@dataclasses.dataclass(frozen=True)
class Port:
  """One input or output as the file declares it.

  Attributes:
    element_type: "f32", "i64" or "i32".
    shape: lengths of its axes.
  """

  element_type: str
  shape: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Constant:
  """The numbers of a `Const`.

  Attributes:
    element_type: "f32", "i64" or "i32".
    values: read-only array.
    offset: where they begin in the .bin file, in bytes.
  """

  element_type: str
  values: np.ndarray
  offset: int


@dataclasses.dataclass
class Layer:
  """One operation.

  Attributes:
    id, name, kind, version: as in the file.
    attributes: of its data element, as text.
    inputs, outputs: ports by number.
    constant: the numbers, of a `Const`.
  """

  id: int
  name: str
  kind: str
  version: str
  attributes: dict[str, str] = dataclasses.field(default_factory=dict)
  inputs: dict[int, Port] = dataclasses.field(default_factory=dict)
  outputs: dict[int, Port] = dataclasses.field(default_factory=dict)
  constant: Constant | None = None


@dataclasses.dataclass(frozen=True)
class Graph:
  """All layers by id, and what feeds each input."""

  layers: dict[int, Layer]
  edges: Edges

  def source(self, layer: Layer, port: int) -> tuple[Layer, int]:
    """The layer, and the number of its output, that feeds an input."""
    number, output = self.edges[layer.id, port]
    return self.layers[number], output

  def of_kind(self, kind: str) -> list[Layer]:
    """All layers of an operation."""
    return [layer for layer in self.layers.values() if layer.kind == kind]
