"""The two generators: StyleGAN with its mapping and truncation, PGGAN."""

from typing import Any

import numpy as np
from keras import ops

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.generators.codes import check_codes, check_labels
from privai_tf.generators.config import NetworkConfig, PGGANConfig, StyleGANConfig
from privai_tf.generators.generator import Generator
from privai_tf.generators.pggan import PGGANNetwork
from privai_tf.generators.stylegan import MappingNetwork, SynthesisNetwork

_MAPPING_ROWS = 4096


class StyleGANGenerator(Generator):
  """StyleGAN: Z -> W by `map`, W -> W+ by `truncate`, any of them -> images by `synthesize`."""

  latent_spaces = ("Z", "W", "W+")

  def __init__(
    self,
    config: StyleGANConfig,
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
    self.mapping = MappingNetwork(config, initial)
    self.synthesis = SynthesisNetwork(config, initial)
    super().__init__(config, [self.mapping, self.synthesis], weights, provenance, jit)
    self.num_layers = config.num_layers

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

  def map(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Z -> W, before truncation.

    Args:
      z: [N, latent_size].
      labels: [N, label_size] if the network has labels.

    Returns:
      float32 [N, dlatent_size].
    """
    z = check_codes(z, self.code_shape("Z"), "Z")
    labels = check_labels(labels, self.config.label_size, len(z))
    w = np.empty((len(z), self.config.dlatent_size), np.float32)
    for start in range(0, len(z), _MAPPING_ROWS):
      rows = slice(start, start + _MAPPING_ROWS)
      w[rows] = np.asarray(self.mapping(z[rows], labels=None if labels is None else labels[rows]))
    return w

  def truncate(
    self,
    w: np.ndarray,
    truncation_psi: float | None = None,
    truncation_cutoff: int | None = None,
  ) -> np.ndarray:
    """W or W+ -> W+, drawn towards the mean: `mean + psi (w - mean)` in the first layers.

    Args:
      w: [N, dlatent_size] or [N, num_layers, dlatent_size].
      truncation_psi: 1 only broadcasts; None: the network's own (0.7 officially).
      truncation_cutoff: layers from here on stay as they are; None: the network's own (8).

    Returns:
      float32 [N, num_layers, dlatent_size].
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
    mean = self.mean_latent("W")
    truncated = slice(None if cutoff is None else max(cutoff, 0))
    w[:, truncated] = mean + (w[:, truncated] - mean) * np.float32(psi)
    return w

  def noise_maps(self) -> list[np.ndarray]:
    if not self.config.use_noise:
      return super().noise_maps()
    return [np.asarray(epilogue.noise) for epilogue in self.synthesis.epilogues]

  def synthesize_tensor(
    self, codes: Any, latent_space: str, noise: Any = "fixed", recompute: bool = False
  ) -> Any:
    if latent_space == "Z":
      codes = self.mapping(codes)
    if latent_space != "W+":
      codes = ops.repeat(codes[:, None], self.num_layers, axis=1)
    return self.synthesis(codes, noise=noise, recompute=recompute)

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
    drawn = [[] for _ in range(self.num_layers)]
    for image in range(start, start + count):
      random = np.random.default_rng([seed, image])
      for layer, values in enumerate(drawn):
        size = self.config.resolutions[layer // 2]
        values.append(random.standard_normal((size, size, 1), np.float32))
    return [np.stack(values) for values in drawn]


class PGGANGenerator(Generator):
  """PGGAN: Z -> images."""

  latent_spaces = ("Z",)
  num_layers = 1

  def __init__(
    self,
    config: PGGANConfig,
    weights: dict[str, np.ndarray] | None = None,
    provenance: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    jit: str = "auto",
  ):
    """Args: see `StyleGANGenerator`."""
    self.synthesis = PGGANNetwork(config, seed if weights is None else None)
    super().__init__(config, [self.synthesis], weights, provenance, jit)

  def synthesize_tensor(
    self, codes: Any, latent_space: str, noise: Any = "fixed", recompute: bool = False
  ) -> Any:
    return self.synthesis(codes, recompute=recompute)

  def _prepare(
    self, codes: np.ndarray, latent_space: str, labels: np.ndarray | None
  ) -> tuple[np.ndarray, str]:
    labels = check_labels(labels, self.config.label_size, len(codes))
    # The network itself begins by joining the two.
    return codes if labels is None else np.concatenate([codes, labels], axis=1), latent_space


def create_generator(
  config: NetworkConfig,
  weights: dict[str, np.ndarray] | None = None,
  provenance: dict[str, Any] | None = None,
  *,
  jit: str = "auto",
) -> Generator:
  """The generator of a configuration's family; see `StyleGANGenerator` for the arguments.

  Raises:
    CheckpointError: if the configuration is not a generator's, or the weights do not fit it.
  """
  for config_class, generator_class in (
    (StyleGANConfig, StyleGANGenerator),
    (PGGANConfig, PGGANGenerator),
  ):
    if isinstance(config, config_class):
      return generator_class(config, weights, provenance, jit=jit)
  raise CheckpointError(
    f"This is a {config.family} {config.role}, not a generator; use load_discriminator."
  )
