"""MobileStyleGAN's two IR graphs -> our configuration and weights.

Weights are found by what they do, walking each graph from its result to its parameter; the names of
most are the converter's own. What the walk does not meet in its place is refused, and so is what it
does not meet at all: the graphs hold these networks and nothing else.
"""

import dataclasses
import math

import numpy as np

from converters.errors import UnsupportedFileError, quoted
from converters.ir_graph import Graph, Layer
from converters.ir_shapes import check_operations
from privai_tf.errors import CheckpointError
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig, haar_order

_OTHER = "only MobileStyleGAN networks, as random-face ships them, are read"
_SLOPE = 0.2
_HALF = math.sqrt(0.5)
_EPSILON = 1e-8
# Our inverse Haar transform leaves this factor to whoever makes its coefficients.
_HALVED = np.float32(0.5)
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


class _Walk:
  """Goes from layer to layer against the edges, naming what it met that should not be there."""

  def __init__(self, graph: Graph):
    self.graph = graph
    self._met: set[int] = set()

  def start(self) -> Layer:
    results = self.graph.of_kind("Result")
    if len(results) != 1 or len(self.graph.of_kind("Parameter")) != 1:
      raise UnsupportedFileError("it has not one parameter and one result", _OTHER)
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
      f"layer {layer.id} ({quoted(layer.kind)}) is not where such networks have it: {why}", _OTHER
    )

  def finish(self) -> None:
    """Requires that every layer was met."""
    if rest := set(self.graph.layers) - self._met:
      layer = self.graph.layers[min(rest)]
      raise self.refused(layer, "nothing that the network draws depends on it")


def _mapping_layers(graph: Graph) -> list[tuple[np.ndarray, np.ndarray]]:
  """Weight [out, in] and bias [out] of each dense layer, the first one first."""
  walk = _Walk(graph)
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


def _pixel_norm(walk: _Walk, layer: Layer, z: Layer) -> None:
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


@dataclasses.dataclass
class _Style:
  """An affine layer on w: weight [channels, dlatent], bias [channels], and the factor after both."""

  weight: np.ndarray
  bias: np.ndarray
  scale: float


@dataclasses.dataclass
class _Convolution:
  """One styled convolution; `depthwise` [C, 1, 1, 3, 3] and `noise` [r, r] may be None."""

  style: _Style
  depthwise: np.ndarray | None
  kernel: np.ndarray
  noise: np.ndarray | None
  bias: np.ndarray


@dataclasses.dataclass
class _Parts:
  """All of the synthesis network, from the constant to the image."""

  constant: np.ndarray
  convolutions: list[_Convolution]
  ups: list[_Style]
  to_img: _Convolution
  resolution: int
  num_channels: int

  def styles(self) -> list[_Style]:
    return [*(c.style for c in self.convolutions), *self.ups, self.to_img.style]

  def last_of_each(self) -> list[_Convolution]:
    """The last convolution of each resolution."""
    return self.convolutions[::2]

  def weights(self, config: MobileStyleGANConfig) -> dict[str, np.ndarray]:
    """By our names; channels that an inverse Haar transform takes are put in the order of ours."""
    found = {"synthesis/4x4/const/weight": self.constant.transpose(0, 2, 3, 1)}
    names = [f"synthesis/{name}" for name in config.layer_names]
    for name, convolution in zip(names, self.convolutions, strict=True):
      last = convolution is self.convolutions[-1]
      feeds_haar = not last and name.endswith(("4x4/conv", "conv2"))
      found |= _convolution_weights(name, convolution, feeds_haar)
    for resolution, up in zip(config.block_resolutions, self.ups, strict=True):
      name = f"synthesis/{resolution}x{resolution}/up/style"
      found |= _style_weights(name, up, haar_order(len(up.bias)))
    last = self.to_img
    last = dataclasses.replace(last, kernel=last.kernel * _HALVED, bias=last.bias * _HALVED)
    return found | _convolution_weights("synthesis/to_img", last, True)


def _style_weights(name: str, style: _Style, order: np.ndarray) -> dict[str, np.ndarray]:
  scale = np.float32(style.scale)
  return {
    f"{name}/weight": (style.weight[order] * scale).T,
    f"{name}/bias": style.bias[order] * scale,
  }


def _noise_weights(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
  """The file's maps have their strength in them; their root mean square is the best guess at it."""
  strength = np.sqrt(np.mean(np.square(values, dtype=np.float64)))
  return {
    f"{name}/noise": (values / (strength or 1.0)).astype(np.float32)[None, :, :, None],
    f"{name}/noise_strength": np.float32([strength]),
  }


def _convolution_weights(
  name: str, convolution: _Convolution, feeds_haar: bool
) -> dict[str, np.ndarray]:
  count = len(convolution.bias)
  order = haar_order(count) if feeds_haar else np.arange(count)
  inputs = np.arange(len(convolution.style.bias))
  found = _style_weights(f"{name}/style", convolution.style, inputs)
  if convolution.depthwise is not None:
    found[f"{name}/depthwise"] = convolution.depthwise[:, 0, 0].transpose(1, 2, 0)[..., None]
  found[f"{name}/weight"] = convolution.kernel[order].transpose(2, 3, 1, 0)
  found[f"{name}/bias"] = convolution.bias[order]
  if convolution.noise is not None:
    found |= _noise_weights(name, convolution.noise)
  return found


class _Synthesis:
  """Reads the synthesis graph from its image back to its constant."""

  def __init__(self, graph: Graph):
    self._walk = _Walk(graph)
    (self._w,) = graph.of_kind("Parameter") or (None,)

  def read(self) -> _Parts:
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
      ups.append(self._style(walk.input(multiplied, 0, "Reshape"), _HALVED))
      x = walk.input(multiplied, 1)
    constant = self._constant(x)
    walk.finish()
    if shape[2] != shape[3] or shape[2] != 4 << (len(ups) + 1):
      raise walk.refused(image, f"its shape is {shape}")
    return _Parts(constant, convolutions[::-1], ups[::-1], to_img, shape[2], shape[1])

  def _styled(self, x: Layer) -> tuple[_Convolution, Layer]:
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

  def _convolution(self, layer: Layer, bias, noise) -> tuple[_Convolution, Layer]:
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
    return _Convolution(style, depthwise, kernel, noise, bias), walk.input(multiplied, 1)

  def _style(self, reshaped: Layer, scale: float) -> _Style:
    walk = self._walk
    walk.integers(reshaped, 1)
    total = walk.input(reshaped, 0, "Add")
    product = walk.input(total, 0, "MatMul")
    if walk.input(product, 0, "Parameter") is not self._w:
      raise walk.refused(product, "it is not of w")
    return _Style(walk.constant(product), walk.constant(total).ravel(), scale)

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
