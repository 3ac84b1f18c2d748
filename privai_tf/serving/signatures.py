"""The functions of an exported model: `synthesize`, `encode`, `privatize_latents`, `privatize`.

Every input and output has the batch as its first dimension, numbers too, so that a server can merge
the requests of many clients into one batch, with a different attribute and epsilon in each row.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from privai_tf.generators.multiplied import multiplying
from privai_tf.serving.calibration import Calibration
from privai_tf.serving.pictures import decode_images, encode_images
from privai_tf.serving.simulated import fresh_seed, simulated_release

GRADE = "simulation"


class ServedModel(tf.Module):
  """A generator, and where there are any its encoder and the calibrated releases, as graphs."""

  def __init__(
    self,
    generator: Any,
    latent_space: str,
    encoder: Any | None = None,
    calibrations: Sequence[Calibration] = (),
    precision: str = "float32",
  ):
    """Args:
    generator: a `Generator`.
    latent_space: the space of all latents that come in and go out.
    encoder: an `Encoder` into that space.
    calibrations: one for each attribute, all with the same epsilons.
    precision: of what the pictures' convolutions multiply, "float32" or "bfloat16".
    """
    super().__init__()
    self._generator = generator
    self._latent_space = latent_space
    self._code_shape = list(generator.code_shape(latent_space))
    self._mean = np.asarray(generator.mean_latent(latent_space), np.float32)
    self._encoder = encoder
    self._calibrations = list(calibrations)
    self._precision = precision
    _keep_kernels_as_variables(generator)

  def signatures(self) -> dict[str, Any]:
    """The concrete functions by name; to be saved with this module."""
    latents = tf.TensorSpec([None, *self._code_shape], tf.float32, "latents")
    images = tf.TensorSpec([None], tf.string, "image_bytes")
    asked = {
      "attribute": tf.TensorSpec([None], tf.string, "attribute"),
      "epsilon": tf.TensorSpec([None], tf.float32, "epsilon"),
    }
    traced = {"synthesize": _traced(self.synthesize, latents=latents)}
    if self._encoder is not None:
      traced["encode"] = _traced(self.encode, image_bytes=images)
    if self._calibrations:
      traced["privatize_latents"] = _traced(self.privatize_latents, latents=latents, **asked)
    if self._encoder is not None and self._calibrations:
      traced["privatize"] = _traced(self.privatize, image_bytes=images, **asked)
    # Keras hides its variables from the module; what is not reachable from it is not saved.
    self._variables = list({id(v): v for f in traced.values() for v in f.variables}.values())
    return traced

  def synthesize(self, latents):
    """Latents -> PNG files."""
    return {"image_bytes": self._pictures(_finite(latents))}

  def encode(self, image_bytes):
    """Files of aligned faces -> latents."""
    return {"latents": self._encoded(image_bytes)}

  def privatize_latents(self, latents, attribute, epsilon):
    """Latents -> latents with noise, and what that counts as."""
    latents, guarantee = self._released(latents, attribute, epsilon)
    return {"latents": latents, **guarantee}

  def privatize(self, image_bytes, attribute, epsilon):
    """Files of aligned faces -> PNG files with noise, and what that counts as."""
    latents, guarantee = self._released(self._encoded(image_bytes), attribute, epsilon)
    return {"image_bytes": self._pictures(latents), **guarantee}

  def _pictures(self, latents):
    with multiplying(self._precision):
      images = self._generator.synthesize_tensor(latents, self._latent_space)
    return encode_images(images, self._generator.family)

  def _encoded(self, image_bytes):
    generator = self._generator
    images = decode_images(image_bytes, generator.resolution, generator.num_channels)
    return tf.ensure_shape(self._encoder.encode_tensor(images), [None, *self._code_shape])

  def _released(self, latents, attribute, epsilon):
    latents = _finite(latents)
    names = tf.constant([calibration.attribute for calibration in self._calibrations])
    epsilons = self._calibrations[0].epsilons
    with tf.control_dependencies([_same_count(latents, attribute, epsilon)]):
      matches = tf.equal(attribute[:, tf.newaxis], names)
    inside = (epsilon >= epsilons[0]) & (epsilon <= epsilons[-1])  # False for NaN.
    checks = [
      tf.debugging.Assert(
        tf.reduce_all(tf.reduce_any(matches, axis=1)),
        [f"unknown attribute; this model has {', '.join(c.attribute for c in self._calibrations)}"],
      ),
      tf.debugging.Assert(
        tf.reduce_all(inside),
        [f"epsilon must be a number from {epsilons[0]:g} to {epsilons[-1]:g}"],
      ),
    ]
    with tf.control_dependencies(checks):
      position = tf.searchsorted(tf.constant(epsilons), epsilon, side="right") - 1
    # Were the checks ever taken out of the graph: most noise, and the mean face for no attribute.
    position = tf.where(inside, position, 0)
    seed = fresh_seed()
    released = tf.zeros_like(latents) + self._mean
    for index, calibration in enumerate(self._calibrations):
      rows = tf.reshape(matches[:, index], [-1] + [1] * len(self._code_shape))
      simulated = simulated_release(calibration, latents, position, seed)
      released = tf.where(rows, simulated, released)
    chosen = tf.argmax(tf.cast(matches, tf.int32), axis=1)
    return released, self._guarantee(chosen, position)

  def _guarantee(self, chosen, position):
    """The fields of `artifacts.Guarantee`, and the grade, for each row."""
    calibrations = self._calibrations
    at = tf.stack([tf.cast(chosen, tf.int32), position], axis=1)

    def constant(value):
      return tf.fill(tf.shape(chosen), value)

    def of_attribute(values):
      return tf.gather(tf.constant(values), chosen)

    def looked_up(name):
      return tf.gather_nd(np.stack([getattr(c, name) for c in calibrations]), at)

    spec = calibrations[0].prepared.spec
    radii = [c.mechanism.clip_radius for c in calibrations]
    return {
      "private": constant(False),
      "grade": constant(GRADE),
      "scope": constant(spec.scope),
      "statement": of_attribute([simulation_statement(c) for c in calibrations]),
      "mechanism": constant(spec.mechanism),
      "epsilon": tf.gather(tf.constant(calibrations[0].epsilons), position),
      "delta": constant(tf.constant(spec.delta, tf.float64)),
      "clip_radius": of_attribute(np.array([np.nan if r is None else r for r in radii])),
      "sensitivity": looked_up("sensitivities"),
      "noise_scale": looked_up("noise_scales"),
    }


def simulation_statement(calibration: Calibration) -> str:
  """What a served release counts as, in words."""
  shown = f"does to the face's coordinate along the '{calibration.attribute}' direction"
  if calibration.prepared.spec.scope == "image":
    codebook = calibration.prepared.spec.codebook_size
    shown = f"publishes in place of a face: one that the generator made up, among {codebook:,}"
  return (
    "NOT PRIVATE: a simulation by a model server, with floating-point noise, whose low bits can "
    f"give away what it was added to; nothing is promised. It shows what {calibration.mechanism.name} "
    f"{shown}. A release with a guarantee is drawn by the exact sampler of the gateway or of run_privatize.py."
  )


def _traced(function: Any, **specs: Any) -> Any:
  # Plain graphs: servers have XLA switched off as a rule.
  return tf.function(function, jit_compile=None, autograph=False).get_concrete_function(**specs)


def _finite(latents: Any) -> Any:
  finite = tf.debugging.Assert(
    tf.reduce_all(tf.math.is_finite(latents)), ["latents hold NaN or infinity"]
  )
  with tf.control_dependencies([finite]):
    return tf.identity(latents)


def _same_count(*columns: Any) -> Any:
  counts = [tf.shape(column)[0] for column in columns]
  same = tf.reduce_all(tf.equal(counts[0], counts[1:]))
  return tf.debugging.Assert(same, ["every input needs the same number of rows"])


def _keep_kernels_as_variables(generator: Any) -> None:
  """Puts the frozen kernels of a generator's networks where a saved model keeps its weights.

  As they are they would be constants of every graph, which one file holds up to 2 GB of only.
  """
  networks = (getattr(generator, name, None) for name in ("mapping", "synthesis"))
  for network in filter(None, networks):
    for layer in network._flatten_layers(include_self=False):
      kernels = getattr(layer, "frozen_kernels", None)
      if kernels is not None:
        layer.frozen_kernels = tuple(
          kernel if isinstance(kernel, tf.Variable) else tf.Variable(kernel, trainable=False)
          for kernel in kernels
        )
