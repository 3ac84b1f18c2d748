"""What all generators with a mapping network share: Z -> W, truncation, W+, noise for each layer."""

from typing import Any

import numpy as np
from keras import ops

from privai_tf.errors import ConfigurationError
from privai_tf.generators.codes import check_codes, check_labels
from privai_tf.generators.compiled import compiled
from privai_tf.generators.generator import Generator
from privai_tf.generators.layers import Network
from privai_tf.runtime.batching import bucket_size, fixed_batches
from privai_tf.shapes import Codes, FlatCodes

_MAPPING_ROWS = 4096


class StyleGenerator(Generator):
  """Z -> W by `map`, W -> W+ by `truncate`, any of them -> images by `synthesize`.

  Subclasses name their two networks, both made of a configuration and a seed (None: zeros); their
  configurations have `num_layers`, `dlatent_size`, `truncation_psi` and `truncation_cutoff`.

  Attributes:
    mapping_class: of `mapping`, called with z and labels; it has the variable `mean_latent.value`.
    synthesis_class: of `synthesis`, called with W+ codes.
  """

  latent_spaces = ("Z", "W", "W+")
  mapping_class: type[Network]
  synthesis_class: type[Network]

  def __init__(
    self,
    config: Any,
    weights: dict[str, np.ndarray] | None = None,
    provenance: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    jit: str = "auto",
  ):
    """Args:
    config: what the network is made of.
    weights: by our names; None: random ones.
    provenance: where they come from (JSON values).
    seed: of random weights.
    jit: XLA policy, "auto", "on" or "off".
    """
    initial = seed if weights is None else None
    self.mapping = self.mapping_class(config, initial)
    self.synthesis = self.synthesis_class(config, initial)
    self.num_layers = config.num_layers
    super().__init__(config, [self.mapping, self.synthesis], weights, provenance, jit)

  def code_shape(self, latent_space: str) -> tuple[int, ...]:
    shape = super().code_shape(latent_space)
    return {
      "Z": shape,
      "W": (self.config.dlatent_size,),
      "W+": (self.num_layers, self.config.dlatent_size),
    }[latent_space]

  def mean_latent(self, latent_space: str) -> np.ndarray:
    if latent_space == "Z":
      return super().mean_latent(latent_space)
    mean = np.asarray(self.mapping.mean_latent.value)
    return np.array(np.broadcast_to(mean, self.code_shape(latent_space)))

  def map(self, z: FlatCodes, labels: np.ndarray | None = None) -> FlatCodes:
    """Z -> W, before truncation.

    Args:
      z: [N, latent_size].
      labels: [N, label_size] if the network has labels.

    Returns:
      float32 [N, dlatent_size].

    Raises:
      LatentSpaceError, InputError: for unusable codes or labels.
    """
    z = check_codes(z, self.code_shape("Z"), "Z")
    labels = check_labels(labels, self.config.label_size, len(z))
    inputs = z if labels is None else np.concatenate([z, labels], axis=1)
    w = np.empty((len(z), self.config.dlatent_size), np.float32)
    for batch in fixed_batches(inputs, bucket_size(len(z), _MAPPING_ROWS)):
      rows = slice(batch.start, batch.start + batch.count)
      w[rows] = np.asarray(self._mapping_function(batch.values))[: batch.count]
    return w

  @property
  def _mapping_function(self):
    """`map`'s network, compiled: a single row takes an eager call 20 times as long."""
    if "map" not in self._functions:
      size = self.latent_size

      def run(inputs):
        labels = inputs[:, size:] if self.config.label_size else None
        return self.mapping(inputs[:, :size], labels=labels)

      self._functions["map"] = compiled(run, self._jit)
    return self._functions["map"]

  def truncate(
    self,
    w: Codes,
    truncation_psi: float | None = None,
    truncation_cutoff: int | None = None,
  ) -> Codes:
    """W or W+ -> W+, drawn towards the mean: `mean + psi (w - mean)` in the first layers.

    Args:
      w: [N, dlatent_size] or [N, num_layers, dlatent_size].
      truncation_psi: 1 only broadcasts; None: the network's own (0.7 for the official StyleGAN).
      truncation_cutoff: layers from here on stay as they are; None: the network's own.

    Returns:
      float32 [N, num_layers, dlatent_size].

    Raises:
      ConfigurationError: for a psi that is NaN or infinite.
      LatentSpaceError, InputError: for unusable codes.
    """
    psi = self.config.truncation_psi if truncation_psi is None else truncation_psi
    cutoff = self.config.truncation_cutoff if truncation_cutoff is None else truncation_cutoff
    if psi is not None and not np.isfinite(psi):
      raise ConfigurationError(f"truncation_psi is {psi}; use a number, from 0 to 1 as a rule.")
    w = np.asarray(w)
    if w.ndim == 2:
      w = check_codes(w, self.code_shape("W"), "W")[:, None]
    else:
      w = check_codes(w, self.code_shape("W+"), "W+")
    w = np.array(np.broadcast_to(w, (len(w), *self.code_shape("W+"))))
    if psi is None or psi == 1:
      return w
    # StyleGAN paper, appendix B.
    mean = self.mean_latent("W")
    truncated = slice(None if cutoff is None else max(cutoff, 0))
    w[:, truncated] = mean + (w[:, truncated] - mean) * np.float32(psi)
    return w

  @property
  def noise_resolutions(self) -> tuple[int, ...]:
    """Side of the noise map of each layer that has one, in the order that synthesis takes them."""
    raise NotImplementedError

  def synthesize_tensor(
    self, codes: Any, latent_space: str, noise: Any = "fixed", recompute: bool = False
  ) -> Any:
    codes = self._layer_codes(codes, latent_space)
    return self.synthesis(codes, noise=noise, recompute=recompute)

  def _layer_codes(self, codes: Any, latent_space: str) -> Any:
    """Codes of any space -> W+, without truncation."""
    if latent_space == "Z":
      codes = self.mapping(codes)
    return codes if latent_space == "W+" else ops.repeat(codes[:, None], self.num_layers, axis=1)

  def _prepare(
    self, codes: np.ndarray, latent_space: str, labels: np.ndarray | None
  ) -> tuple[np.ndarray, str]:
    if latent_space == "Z":
      return self.map(codes, labels), "W"
    if labels is not None:
      raise ConfigurationError(
        f"labels act on Z codes only, not on {latent_space}; leave them out."
      )
    return codes, latent_space

  def _draw_noise(self, seed: int, start: int, count: int) -> list[np.ndarray]:
    if seed < 0:
      raise ConfigurationError(f"seed is {seed}; it must be 0 or more.")
    sizes = self.noise_resolutions
    drawn = [[] for _ in sizes]
    for image in range(start, start + count):
      random = np.random.default_rng([seed, image])
      for size, values in zip(sizes, drawn, strict=True):
        values.append(random.standard_normal((size, size, 1), np.float32))
    return [np.stack(values) for values in drawn]
