"""Networks and layers with run-time weight scale; every variable has a stable name.

Names are ours and count by resolution ("synthesis/16x16/conv0/weight"), so that the weights of a
network load by name into a larger one.
"""

import math
import zlib

import keras
from keras import ops

from privai_tf.generators.activations import leaky_relu
from privai_tf.generators.room import take_room

GAIN = math.sqrt(2.0)


def activate(x, nonlinearity: str):
  """Leaky ReLU with slope 0.2 ("lrelu"), or ReLU ("relu")."""
  return ops.relu(x) if nonlinearity == "relu" else leaky_relu(x)


class NamedLayer(keras.layers.Layer):
  """A layer whose variables are known by full names, whatever Keras calls them."""

  def __init__(self, prefix: str, seed: int | None = 0):
    """Args:
    prefix: first part of the names of the layer's variables, e.g. "synthesis/16x16/conv0".
    seed: of the random initial weights; None: zeros (they will be loaded).
    """
    super().__init__(name=prefix.replace("/", "_"))
    self.prefix = prefix
    self.seed = seed
    self.named = {}
    self.scales = {}  # Standard deviations of random weights, by full name.

  def add(self, name: str, shape: tuple[int, ...], scale: float = 0.0, trainable: bool = True):
    """Creates the variable `prefix/name`, normally distributed with standard deviation `scale`."""
    take_room(shape)
    full_name = f"{self.prefix}/{name}"
    initializer = "zeros"
    if scale and self.seed is not None:
      # A seed for each name: no weight depends on which other weights the network has.
      seed = (zlib.crc32(full_name.encode()) ^ self.seed) & 0x7FFFFFFF
      initializer = keras.initializers.RandomNormal(0.0, scale, seed=seed)
    variable = self.add_weight(
      shape=shape, initializer=initializer, trainable=trainable, name=name.replace("/", "_")
    )
    self.named[full_name] = variable
    self.scales[full_name] = scale
    return variable


class Network(keras.Model):
  """A model made of `NamedLayer`s, all of them built on construction."""

  def named_variables(self) -> dict[str, keras.Variable]:
    """Every variable by its full name, in the order of the layers."""
    named = {}
    for layer in self._flatten_layers(include_self=False):
      if isinstance(layer, NamedLayer):
        named.update(layer.named)
    return named

  def usual_scales(self) -> dict[str, float]:
    """Standard deviations of random weights, by full name; 0 for what begins at zero."""
    scales = {}
    for layer in self._flatten_layers(include_self=False):
      if isinstance(layer, NamedLayer):
        scales.update(layer.scales)
    return scales

  def freeze(self, for_processor: bool = False) -> None:
    """Computes the run-time kernels once, for inference; later changes of weights have no effect.

    Args:
      for_processor: in the form that is fast on a processor, see `convolutions`.
    """
    self.forget_kernels()
    for layer in self._flatten_layers(include_self=False):
      if isinstance(layer, KernelLayer):
        layer.frozen_kernels = layer.compute_kernels(for_processor)

  def forget_kernels(self) -> None:
    """Undoes `freeze`: kernels are computed from the variables at each call again."""
    for layer in self._flatten_layers(include_self=False):
      if isinstance(layer, KernelLayer):
        layer.frozen_kernels = None


class KernelLayer(NamedLayer):
  """A layer that computes with kernels made of its variables; `Network.freeze` makes them once."""

  frozen_kernels: tuple | None = None

  def compute_kernels(self, for_processor: bool) -> tuple:
    """The kernels as the forward pass uses them; more than one array where a processor needs more."""
    raise NotImplementedError

  def kernels(self) -> tuple:
    """The same, or what `freeze` computed."""
    return self.compute_kernels(False) if self.frozen_kernels is None else self.frozen_kernels

  def kernel(self):
    """The kernel of layers that need no more than one."""
    return self.kernels()[0]


class ScaledLayer(KernelLayer):
  """Weights of unit variance, multiplied at run time ("equalized learning rate").

  The factor is `gain / sqrt(fan_in)`, which makes it He's initializer seen by the forward pass,
  while all weights learn at one speed (PGGAN paper, section 4.1). `lrmul` slows the learning of
  weights and biases: both are stored 1 / lrmul larger.
  """

  def __init__(
    self,
    prefix: str,
    shape: tuple[int, ...],
    *,
    fan_in: int | None = None,
    gain: float = GAIN,
    lrmul: float = 1.0,
    use_wscale: bool = True,
    bias: int = 0,
    trainable: bool = True,
    seed: int | None = 0,
  ):
    """Args:
    prefix: see `NamedLayer`.
    shape: of the weight, inputs last but one and outputs last.
    fan_in: inputs that an output sums over; all but the last dimension of `shape` by default.
    gain: of the nonlinearity that follows.
    lrmul: learning-rate multiplier.
    use_wscale: False: the factor is in the stored weights already.
    bias: its length, 0 for none.
    trainable: False for layers that the present level of detail does not use.
    seed: see `NamedLayer`.
    """
    super().__init__(prefix, seed)
    he_scale = gain / math.sqrt(fan_in or math.prod(shape[:-1]))
    self.factor = (he_scale if use_wscale else 1.0) * lrmul
    self.bias_factor = lrmul
    scale = (1.0 if use_wscale else he_scale) / lrmul
    self.weight = self.add("weight", shape, scale, trainable=trainable)
    self.bias = self.add("bias", (bias,), trainable=trainable) if bias else None

  def compute_kernels(self, for_processor: bool) -> tuple:
    return (self.weight * self.factor,)

  def scaled_bias(self):
    """The bias as the forward pass uses it, or 0."""
    if self.bias is None:
      return 0.0
    return self.bias if self.bias_factor == 1.0 else self.bias * self.bias_factor


class Dense(ScaledLayer):
  """[N, inputs] -> [N, outputs]."""

  def __init__(self, prefix: str, inputs: int, outputs: int, **options):
    super().__init__(prefix, (inputs, outputs), **{"bias": outputs, **options})
    self.built = True

  def call(self, x):
    x = ops.matmul(x, self.kernel())
    return x if self.bias is None else x + self.scaled_bias()
