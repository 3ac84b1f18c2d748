"""Reads a network in OpenVINO's IR format, version 10 (NAME.xml, NAME.bin), as inert data.

Expat reads the XML for a handler that knows its few elements; document types, entities and encodings
but UTF-8 are refused, and sizes, counts and depth bounded, before anything is kept.
"""

import math
import os
import re
from pathlib import Path
from xml.parsers import expat

import numpy as np

from privai_tf.converters.errors import (
  DamagedFileError,
  NetworkFileError,
  UnsupportedFileError,
  quoted,
)
from privai_tf.converters.ir_graph import Constant, Edges, Graph, Layer, Port
from privai_tf.errors import InputError
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown

MAX_XML_BYTES = 4 << 20  # The published files have 0.4 MB,
MAX_BIN_BYTES = 256 << 20  # 32 MB,
MAX_LAYERS = 4096  # 940 layers,
MAX_PORTS = 8  # and 6 ports at a layer.
MAX_RANK = 6
MAX_SIDE = 1 << 16
MAX_ELEMENTS = 1 << 28
_MAX_DEPTH = 8
_TYPES = {"f32": "<f4", "i64": "<i8", "i32": "<i4"}
_PRECISIONS = {"FP32": "f32", "I64": "i64", "I32": "i32"}
_NUMBER = re.compile(r"[0-9]{1,12}\Z", re.ASCII)
_EXPORT_AGAIN = (
  "export the network again with the converter that made the published one (IR version 10)"
)
# What may stand where; anything below meta_data is skipped.
_PLACES = {
  (): {"net"},
  ("net",): {"layers", "edges", "meta_data"},
  ("net", "layers"): {"layer"},
  ("net", "layers", "layer"): {"data", "input", "output"},
  ("net", "layers", "layer", "input"): {"port"},
  ("net", "layers", "layer", "output"): {"port"},
  ("net", "layers", "layer", "input", "port"): {"dim"},
  ("net", "layers", "layer", "output", "port"): {"dim"},
  ("net", "edges"): {"edge"},
}


def read_ir(xml: str | os.PathLike, weights: str | os.PathLike) -> Graph:
  """Reads a pair of files.

  Args:
    xml, weights: the topology, NAME.xml, and the constants, NAME.bin.

  Raises:
    InputError: if a file cannot be read.
    NetworkFileError: naming the file, if it is refused.
  """
  path = Path(xml)
  try:
    text, path = _bytes(path, MAX_XML_BYTES), Path(weights)
    data, path = _bytes(path, MAX_BIN_BYTES), Path(xml)
    reader = _Reader()
    reader.parse(text)
    graph = reader.graph()
    path = Path(weights)
    _attach(graph, data)
  except OSError as error:
    raise InputError(
      f"Cannot read {shown(path)}: {error.strerror or error}; check the path."
    ) from None
  except NetworkFileError as error:
    error.args = (f"{shown(path)}: {error}",)
    raise
  return graph


def _bytes(path: Path, limit: int) -> bytes:
  with outside.opened(path) as file:
    size = os.fstat(file.fileno()).st_size
    data = file.read(limit + 1) if size <= limit else b""
  if size > limit or len(data) > limit:
    raise UnsupportedFileError(f"it has more than {limit:,} bytes", _EXPORT_AGAIN)
  if not data:
    raise DamagedFileError("it is empty")
  return data


def whole_number(text: str | None, what: str, most: int) -> int:
  """A decimal number from 0 to `most`, with nothing else about it.

  Args:
    text: as the file has it, None if it has none; `what` names it in messages.
    most: the largest allowed.

  Raises:
    DamagedFileError: it is no such number.
  """
  if text is None or not _NUMBER.match(text) or int(text) > most:
    raise DamagedFileError(f"{what} is {quoted(str(text))}, not a number from 0 to {most}")
  return int(text)


def _shape(text: str | None, what: str) -> tuple[int, ...]:
  if text is None:
    raise DamagedFileError(f"{what} has no shape")
  if not text:
    return ()
  parts = text.split(", ")
  if len(parts) > MAX_RANK:
    raise UnsupportedFileError(f"{what} has {len(parts)} axes", _EXPORT_AGAIN)
  return tuple(whole_number(part, f"an axis of {what}", MAX_SIDE) for part in parts)


class _Reader:
  """Takes expat's events; one at a time, so the depth is that of a list, not of the stack."""

  def __init__(self):
    self._path: list[str] = []
    self._layers: dict[int, Layer] = {}
    self._edges: Edges = {}
    self._layer: Layer | None = None
    self._dims: list[int] = []
    self._text: list[str] = []

  def parse(self, text: bytes) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.XmlDeclHandler = self._declaration
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.ExternalEntityRefHandler = _refuse_doctype
    parser.StartElementHandler = self._start
    parser.EndElementHandler = self._end
    parser.CharacterDataHandler = self._characters
    try:
      parser.Parse(text, True)
    except expat.ExpatError as error:
      raise DamagedFileError(f"it is not well-formed XML ({error})") from None

  def graph(self) -> Graph:
    if not self._layers:
      raise DamagedFileError("it has no layers")
    for layer in self._layers.values():
      for port in layer.inputs:
        if (layer.id, port) not in self._edges:
          raise DamagedFileError(f"input {port} of layer {layer.id} has no edge")
    for (to, port), (source, output) in self._edges.items():
      if to not in self._layers or port not in self._layers[to].inputs:
        raise DamagedFileError(f"an edge leads to input {port} of layer {to}, which does not exist")
      if source not in self._layers or output not in self._layers[source].outputs:
        raise DamagedFileError(
          f"an edge starts at output {output} of layer {source}, which does not exist"
        )
    return Graph(self._layers, self._edges)

  def _declaration(self, version, encoding, standalone) -> None:
    if encoding is not None and encoding.lower() != "utf-8":
      raise UnsupportedFileError(f"its encoding is {quoted(encoding)}, not UTF-8", _EXPORT_AGAIN)

  def _start(self, name: str, attributes: dict[str, str]) -> None:
    place = tuple(self._path)
    self._path.append(name)
    if len(self._path) > _MAX_DEPTH:
      raise UnsupportedFileError("its elements are nested too deeply", _EXPORT_AGAIN)
    if "meta_data" in place:
      return
    self._blank_text()
    if name not in _PLACES.get(place, ()):
      raise UnsupportedFileError(f"it has the unknown element {quoted(name)}", _EXPORT_AGAIN)
    if name == "net" and attributes.get("version") != "10":
      version = quoted(attributes.get("version", "none"))
      raise UnsupportedFileError(f"its IR version is {version}; only 10 is read", _EXPORT_AGAIN)
    if name == "layer":
      self._start_layer(attributes)
    elif name == "data":
      if self._layer.attributes:
        raise DamagedFileError(f"layer {self._layer.id} has two data elements")
      self._layer.attributes = attributes
    elif name == "port":
      self._start_port(place[-1], attributes)
    elif name == "edge":
      self._add_edge(attributes)

  def _start_layer(self, attributes: dict[str, str]) -> None:
    if len(self._layers) >= MAX_LAYERS:
      raise UnsupportedFileError(f"it has more than {MAX_LAYERS} layers", _EXPORT_AGAIN)
    number = whole_number(attributes.get("id"), "a layer's id", 10 * MAX_LAYERS)
    if number in self._layers:
      raise DamagedFileError(f"two layers have the id {number}")
    kind, version = attributes.get("type", ""), attributes.get("version", "")
    self._layer = Layer(number, attributes.get("name", ""), kind, version)
    self._layers[number] = self._layer

  def _start_port(self, side: str, attributes: dict[str, str]) -> None:
    layer = self._layer
    number = whole_number(attributes.get("id"), f"a port of layer {layer.id}", MAX_PORTS)
    if number != len(layer.inputs) + len(layer.outputs) or (side == "input" and layer.outputs):
      raise DamagedFileError(f"the ports of layer {layer.id} are not numbered in order")
    precision = attributes.get("precision", "")
    if precision not in _PRECISIONS:
      raise UnsupportedFileError(
        f"a port of layer {layer.id} has the number type {quoted(precision)}", _EXPORT_AGAIN
      )
    self._dims = []
    port = Port(_PRECISIONS[precision], ())
    (layer.inputs if side == "input" else layer.outputs)[number] = port

  def _add_edge(self, attributes: dict[str, str]) -> None:
    ends = [
      whole_number(attributes.get(key), f"{key} of an edge", 10 * MAX_LAYERS)
      for key in ("from-layer", "from-port", "to-layer", "to-port")
    ]
    if tuple(ends[2:]) in self._edges:
      raise DamagedFileError(f"input {ends[3]} of layer {ends[2]} has two edges")
    if len(self._edges) >= MAX_LAYERS * MAX_PORTS:
      raise UnsupportedFileError("it has too many edges", _EXPORT_AGAIN)
    self._edges[tuple(ends[2:])] = tuple(ends[:2])

  def _end(self, name: str) -> None:
    self._path.pop()
    if "meta_data" in self._path or name == "meta_data":
      return
    if name == "dim":
      text, self._text = "".join(self._text), []
      self._dims.append(whole_number(text, f"a dimension of layer {self._layer.id}", MAX_SIDE))
      if len(self._dims) > MAX_RANK:
        raise UnsupportedFileError(
          f"a port of layer {self._layer.id} has too many axes", _EXPORT_AGAIN
        )
      return
    self._blank_text()
    if name == "port":
      layer = self._layer
      ports = layer.outputs or layer.inputs
      number = max(ports)
      ports[number] = Port(ports[number].element_type, tuple(self._dims))

  def _blank_text(self) -> None:
    text, self._text = "".join(self._text).strip(), []
    if text:
      raise DamagedFileError(f"it has text where none belongs ({quoted(text)})")

  def _characters(self, text: str) -> None:
    if "meta_data" not in self._path:
      self._text.append(text)


def _refuse_doctype(*_) -> None:
  raise UnsupportedFileError("it declares a document type or entities", _EXPORT_AGAIN)


def _attach(graph: Graph, data: bytes) -> None:
  """Gives each `Const` its numbers; together they must cover the file exactly, as the converter's do."""
  places = set()
  for layer in graph.layers.values():
    if layer.kind == "Const":
      layer.constant = _constant(layer, data)
      places.add((layer.constant.offset, layer.constant.values.nbytes))
  end = 0
  for offset, size in sorted(places):
    if offset != end:
      raise DamagedFileError(
        f"its constants do not cover it exactly (at byte {min(offset, end)}); it may belong to another .xml"
      )
    end += size
  if end != len(data):
    raise DamagedFileError(
      f"its constants end at byte {end:,} of {len(data):,}; it may belong to another .xml"
    )


def _constant(layer: Layer, data: bytes) -> Constant:
  what = f"constant {layer.id}"
  if unknown := set(layer.attributes) - {"element_type", "shape", "offset", "size"}:
    raise UnsupportedFileError(f"{what} has the attribute {quoted(min(unknown))}", _EXPORT_AGAIN)
  kind = layer.attributes.get("element_type", "")
  if kind not in _TYPES:
    raise UnsupportedFileError(f"{what} has the number type {quoted(kind)}", _EXPORT_AGAIN)
  shape = _shape(layer.attributes.get("shape"), what)
  offset = whole_number(layer.attributes.get("offset"), f"the offset of {what}", MAX_BIN_BYTES)
  size = whole_number(layer.attributes.get("size"), f"the size of {what}", MAX_BIN_BYTES)
  dtype = np.dtype(_TYPES[kind])
  count = math.prod(shape)
  if not count or size != count * dtype.itemsize:
    raise DamagedFileError(f"{what} has {size} bytes, which does not fit its shape {shape}")
  if offset + size > len(data):
    raise DamagedFileError(
      f"{what} lies beyond the end of the file (truncated, or of another .xml)"
    )
  part = np.frombuffer(data, np.uint8, size, offset)
  values = (part if offset % dtype.itemsize == 0 else part.copy()).view(dtype)
  if kind == "f32" and not np.isfinite(values).all():
    raise DamagedFileError(f"{what} holds NaN or infinity")
  return Constant(kind, values.reshape(shape), offset)
