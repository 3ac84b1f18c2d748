"""The generators of each family, and which configuration makes which."""

from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError
from privai_tf.generators.codes import check_labels
from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from privai_tf.generators.generator import Generator
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.mobilestylegan_generator import MobileStyleGANGenerator
from privai_tf.generators.network_config import NetworkConfig
from privai_tf.generators.pggan import PGGANNetwork
from privai_tf.generators.room import room_for
from privai_tf.generators.style_generator import StyleGenerator
from privai_tf.generators.stylegan import MappingNetwork, SynthesisNetwork
from privai_tf.generators.stylegan2.config import StyleGAN2Config
from privai_tf.generators.stylegan2.generator import StyleGAN2Generator
from privai_tf.generators.stylegan3.config import StyleGAN3Config
from privai_tf.generators.stylegan3.generator import StyleGAN3Generator


class StyleGANGenerator(StyleGenerator):
  """StyleGAN (2019)."""

  mapping_class, synthesis_class = MappingNetwork, SynthesisNetwork

  @property
  def noise_resolutions(self) -> tuple[int, ...]:
    return tuple(self.config.resolutions[layer // 2] for layer in range(self.num_layers))

  def noise_maps(self) -> list[np.ndarray]:
    if not self.config.use_noise:
      return super().noise_maps()
    return [np.asarray(epilogue.noise) for epilogue in self.synthesis.epilogues]


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
    """Args: see `StyleGenerator`."""
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


_GENERATORS: dict[type[NetworkConfig], type[Generator]] = {
  StyleGANConfig: StyleGANGenerator,
  PGGANConfig: PGGANGenerator,
  StyleGAN2Config: StyleGAN2Generator,
  StyleGAN3Config: StyleGAN3Generator,
  MobileStyleGANConfig: MobileStyleGANGenerator,
}


def create_generator(
  config: NetworkConfig,
  weights: dict[str, np.ndarray] | None = None,
  provenance: dict[str, Any] | None = None,
  *,
  jit: str = "auto",
) -> Generator:
  """The generator of a configuration's family.

  Args:
    config: a generator's, of any family.
    weights: by our names, in the shapes that `config` asks for; None: random ones.
    provenance: where they come from (JSON values).
    jit: XLA policy, "auto", "on" or "off".

  Raises:
    CheckpointError: if the configuration is not a generator's, or the weights do not fit it.
    ConfigurationError: for another policy.
  """
  for config_class, generator_class in _GENERATORS.items():
    if isinstance(config, config_class):
      with room_for(weights):
        return generator_class(config, weights, provenance, jit=jit)
  raise CheckpointError(
    f"This is a {config.family} {config.role}, not a generator; use load_discriminator."
  )
