"""MobileStyleGAN's two IR graphs -> our configuration and weights.

Weights are found by what they do, walking each graph from its result to its parameter; the names of
most are the converter's own. What the walk does not meet in its place is refused, and so is what it
does not meet at all: the graphs hold these networks and nothing else.
"""

import math

import numpy as np

from privai_tf.converters.ir_graph import Graph, Layer
from privai_tf.converters.ir_shapes import check_operations
from privai_tf.converters.ir_walk import Walk
from privai_tf.converters.mobilestylegan_parts import HALVED, Convolution, Parts, Style
from privai_tf.errors import CheckpointError
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig

_SLOPE = 0.2
_HALF = math.sqrt(0.5)
_EPSILON = 1e-8
# Kernels of the inverse Haar transform: for sums and for differences.
_SUM, _DIFFERENCE = (_HALF, _HALF), (_HALF, -_HALF)


def convert_graphs(
  mapping: Graph, synthesis: Graph
) -> tuple[MobileStyleGANConfig, dict[str, np.ndarray]]:
  """Converts the two networks of one generator.

  Args:
    mapping, synthesis: as `read_ir` returns them.

  Returns:
    Our configuration, and weights by our names without "mapping/w/mean", which no file holds.

  Raises:
    CheckpointError: if they are not what MobileStyleGAN is made of.
  """
  for graph in (mapping, synthesis):
    check_operations(graph)
  dense = _mapping_layers(mapping)
  parts = _Synthesis(synthesis).read()
  latent, dlatent = dense[0][0].shape[1], dense[-1][0].shape[0]
  if any(len(style.weight[0]) != dlatent for style in parts.styles()):
    raise CheckpointError(
      "The mapping and the synthesis network are not of one generator (widths of w); give both of it."
    )
  config = MobileStyleGANConfig(
    resolution=parts.resolution,
    num_channels=parts.num_channels,
    latent_size=latent,
    dlatent_size=dlatent,
    mapping_layers=len(dense),
    mapping_fmaps=dense[0][0].shape[0],
    fmaps=tuple(len(convolution.bias) for convolution in parts.last_of_each()),
  )
  weights = {}
  for index, (weight, bias) in enumerate(dense):
    # Leaky ReLU times the square root of two: the factor can as well come before it.
    weights[f"mapping/dense{index}/weight"] = weight.T * np.float32(math.sqrt(2))
    weights[f"mapping/dense{index}/bias"] = bias * np.float32(math.sqrt(2))
  return config, weights | parts.weights(config)


def _mapping_layers(graph: Graph) -> list[tuple[np.ndarray, np.ndarray]]:
  """Weight [out, in] and bias [out] of each dense layer, the first one first."""
  walk = Walk(graph)
  layer, found = walk.start(), []
  while True:
    if layer.kind != "Multiply":
      raise walk.refused(layer, "a Multiply should be there")
    before = walk.input(layer, 0)
    if before.kind != "PReLU":
      break
    walk.number(layer, math.sqrt(2))
    walk.number(before, _SLOPE)
    total = walk.input(before, 0, "Add")
    product = walk.input(total, 0, "MatMul")
    reshaped = walk.input(total, 1, "Reshape")
    walk.integers(reshaped, 1)
    found.append((walk.constant(product), walk.constant(reshaped, 0).ravel()))
    layer = walk.input(product, 0)
  _pixel_norm(walk, layer, before)
  walk.finish()
  if not found:
    raise walk.refused(layer, "there are no dense layers")
  return found[::-1]


def _pixel_norm(walk: Walk, layer: Layer, z: Layer) -> None:
  """z * (1 * ((mean(z ** 2) + 1e-8) ** 0.5) ** -1)."""
  if z.kind != "Parameter":
    raise walk.refused(z, "the parameter should be there")
  quotient = walk.input(layer, 1, "Multiply")
  walk.number(quotient, 1.0, port=0)
  reciprocal = walk.input(quotient, 1, "Power")
  walk.number(reciprocal, -1.0)
  root = walk.input(reciprocal, 0, "Power")
  walk.number(root, 0.5)
  total = walk.input(root, 0, "Add")
  walk.number(total, _EPSILON)
  mean = walk.input(total, 0, "ReduceMean")
  walk.number(mean, 1)
  square = walk.input(mean, 0, "Power")
  walk.number(square, 2.0)
  if walk.input(square, 0) is not z:
    raise walk.refused(square, "it squares something else than the parameter")


class _Synthesis:
  """Reads the synthesis graph from its image back to its constant."""

  def __init__(self, graph: Graph):
    self._walk = Walk(graph)
    (self._w,) = graph.of_kind("Parameter") or (None,)

  def read(self) -> Parts:
    walk = self._walk
    image = walk.start()
    shape = next(iter(image.outputs.values())).shape
    biased = self._inverse_haar(image)
    convolution = self._biased(biased)
    to_img, x = self._convolution(*convolution, noise=None)
    convolutions, ups = [], []
    while True:
      found, x = self._styled(x)
      convolutions.append(found)
      if found.depthwise is None:
        break
      found, x = self._styled(x)
      convolutions.append(found)
      if found.depthwise is None:
        raise walk.refused(x, "the second convolution of a block should be there")
      multiplied = self._inverse_haar(x)
      if multiplied.kind != "Multiply":
        raise walk.refused(multiplied, "a style should be applied there")
      ups.append(self._style(walk.input(multiplied, 0, "Reshape"), HALVED))
      x = walk.input(multiplied, 1)
    constant = self._constant(x)
    walk.finish()
    if shape[2] != shape[3] or shape[2] != 4 << (len(ups) + 1):
      raise walk.refused(image, f"its shape is {shape}")
    return Parts(constant, convolutions[::-1], ups[::-1], to_img, shape[2], shape[1])

  def _styled(self, x: Layer) -> tuple[Convolution, Layer]:
    """leaky(convolution + noise + bias): the convolution, and what it is of."""
    walk = self._walk
    if x.kind != "PReLU":
      raise walk.refused(x, "a leaky ReLU should be there")
    walk.number(x, _SLOPE)
    convolution, bias = self._biased(walk.input(x, 0, "Add"))
    if convolution.kind != "Add":
      raise walk.refused(convolution, "noise should be added there")
    noise = walk.constant(convolution)
    if noise.shape[:2] != (1, 1) or noise.ndim != 4:
      raise walk.refused(convolution, f"its noise has the shape {noise.shape}")
    return self._convolution(walk.input(convolution, 0, "Convolution"), bias, noise[0, 0])

  def _biased(self, layer: Layer) -> tuple[Layer, np.ndarray]:
    walk = self._walk
    if layer.kind != "Add":
      raise walk.refused(layer, "a bias should be added there")
    bias = walk.constant(layer)
    if bias.ndim != 4 or bias.size != bias.shape[1]:
      raise walk.refused(layer, f"its bias has the shape {bias.shape}")
    return walk.input(layer, 0), bias.ravel()

  def _convolution(self, layer: Layer, bias, noise) -> tuple[Convolution, Layer]:
    walk = self._walk
    if layer.kind != "Convolution":
      raise walk.refused(layer, "a convolution should be there")
    kernel = walk.constant(layer)
    multiplied, depthwise = walk.input(layer, 0), None
    if multiplied.kind == "GroupConvolution":
      depthwise = walk.constant(multiplied)
      multiplied = walk.input(multiplied, 0)
    if multiplied.kind != "Multiply" or kernel.shape[2] != (
      3 if depthwise is None and noise is not None else 1
    ):
      raise walk.refused(layer, "no styled convolution of the right size leads to it")
    scaled = walk.input(multiplied, 0, "Multiply")
    scale = walk.constant(scaled)
    if scale.size != 1:
      raise walk.refused(scaled, f"its factor has the shape {scale.shape}")
    style = self._style(walk.input(scaled, 0, "Reshape"), scale.item())
    return Convolution(style, depthwise, kernel, noise, bias), walk.input(multiplied, 1)

  def _style(self, reshaped: Layer, scale: float) -> Style:
    walk = self._walk
    walk.integers(reshaped, 1)
    total = walk.input(reshaped, 0, "Add")
    product = walk.input(total, 0, "MatMul")
    if walk.input(product, 0, "Parameter") is not self._w:
      raise walk.refused(product, "it is not of w")
    return Style(walk.constant(product), walk.constant(total).ravel(), scale)

  def _inverse_haar(self, layer: Layer) -> Layer:
    """One level of the inverse transform; returns what it is of."""
    walk = self._walk
    if layer.kind != "Add":
      raise walk.refused(layer, "an inverse Haar transform should be there")
    low, vertical = self._spread_pair(walk.input(layer, 0), _SUM)
    horizontal, both = self._spread_pair(walk.input(layer, 1), _DIFFERENCE)
    parts = walk.input(low, 0, "VariadicSplit", 0)
    bands = None
    for output, spread in enumerate((vertical, horizontal, both)):
      squeezed = walk.input(spread, 0, "Squeeze")
      walk.number(squeezed, 2)
      split = walk.input(squeezed, 0, "VariadicSplit", output)
      if bands not in (None, split):
        raise walk.refused(split, "the bands of one transform come from several places")
      bands = split
    walk.number(parts, 1)
    walk.number(bands, 2)
    lengths = walk.constant(parts, 2)
    ones = walk.constant(bands, 2)
    if lengths.shape != (2,) or lengths[1] != 3 * lengths[0] or ones.tolist() != [1, 1, 1]:
      raise walk.refused(parts, f"it splits into {lengths.ravel()[:4]}")
    reshaped = walk.input(bands, 0, "Reshape")
    walk.integers(reshaped, 1)
    if walk.input(reshaped, 0, "VariadicSplit", 1) is not parts:
      raise walk.refused(reshaped, "the bands of one transform come from several places")
    if next(iter(reshaped.outputs.values())).shape[1] != lengths[0]:
      raise walk.refused(reshaped, "bands are not the second axis but one")
    return walk.input(parts, 0)

  def _spread_pair(self, layer: Layer, columns: tuple[float, float]) -> tuple[Layer, Layer]:
    """Rows from sums and differences, then columns: the layers that spread the two inputs' rows."""
    walk = self._walk
    self._taps(layer, "1, 2", columns)
    total = walk.input(layer, 0, "Add")
    first, second = walk.input(total, 0), walk.input(total, 1)
    self._taps(first, "2, 1", _SUM)
    self._taps(second, "2, 1", _DIFFERENCE)
    return first, second

  def _taps(self, layer: Layer, strides: str, taps: tuple[float, float]) -> None:
    walk = self._walk
    if layer.kind != "GroupConvolutionBackpropData" or layer.attributes["strides"] != strides:
      raise walk.refused(layer, "a step of an inverse Haar transform should be there")
    kernel = walk.constant(layer)
    if not np.allclose(kernel.reshape(len(kernel), 2), taps, rtol=0, atol=1e-6):
      raise walk.refused(layer, "its taps are not those of the Haar transform")

  def _constant(self, layer: Layer) -> np.ndarray:
    """The learned input, repeated over the batch."""
    walk = self._walk
    if layer.kind != "Tile":
      raise walk.refused(layer, "the learned constant should be there")
    walk.integers(layer, 1)
    broadcast = walk.input(layer, 0, "Broadcast")
    walk.integers(broadcast, 1)
    constant = walk.constant(broadcast, 0)
    if constant.ndim != 4 or constant.shape[2:] != (4, 4):
      raise walk.refused(broadcast, f"its constant has the shape {constant.shape}")
    return constant
