"""Goes through an IR graph against its edges, from the result to the parameter."""

import numpy as np

from privai_tf.converters.errors import UnsupportedFileError, quoted
from privai_tf.converters.ir_graph import Graph, Layer
from privai_tf.converters.ir_shapes import OTHER


class Walk:
  """Remembers which layers were met, and names what should not be where it is met."""

  def __init__(self, graph: Graph):
    self.graph = graph
    self._met: set[int] = set()

  def start(self) -> Layer:
    results = self.graph.of_kind("Result")
    if len(results) != 1 or len(self.graph.of_kind("Parameter")) != 1:
      raise UnsupportedFileError("it has not one parameter and one result", OTHER)
    self._met.add(results[0].id)
    return self.input(results[0], 0)

  def input(self, layer: Layer, port: int, kind: str | None = None, output: int = 0) -> Layer:
    """The layer that feeds an input, which must be of a kind; `output`: which of its outputs does."""
    source, number = self.graph.source(layer, port)
    if number - len(source.inputs) != output or (kind and source.kind != kind):
      raise self.refused(source, f"it feeds {layer.id} in place of {kind or 'a first output'}")
    self._met.add(source.id)
    return source

  def constant(self, layer: Layer, port: int = 1) -> np.ndarray:
    """The numbers at an input."""
    return self.input(layer, port, "Const").constant.values

  def number(self, layer: Layer, value: float, port: int = 1, tolerance: float = 1e-6) -> None:
    """Requires a constant of one number at an input."""
    found = self.constant(layer, port)
    if found.size != 1 or abs(found.item() - value) > tolerance * abs(value):
      raise self.refused(layer, f"its constant is {found.ravel()[:4]}, not {value:g}")

  def integers(self, layer: Layer, port: int) -> None:
    """Takes note of the arithmetic on shapes that leads to an input; `ir_shapes` has checked it."""
    waiting = [(layer, port)]
    while waiting:
      source, _ = self.graph.source(*waiting.pop())
      if source.id not in self._met:
        self._met.add(source.id)
        # ShapeOf is where floats end.
        waiting += [(source, n) for n, p in source.inputs.items() if p.element_type != "f32"]

  def refused(self, layer: Layer, why: str) -> UnsupportedFileError:
    return UnsupportedFileError(
      f"layer {layer.id} ({quoted(layer.kind)}) is not where such networks have it: {why}", OTHER
    )

  def finish(self) -> None:
    """Requires that every layer was met."""
    if rest := set(self.graph.layers) - self._met:
      layer = self.graph.layers[min(rest)]
      raise self.refused(layer, "nothing that the network draws depends on it")
