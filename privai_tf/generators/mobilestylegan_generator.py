"""MobileStyleGAN's generator, ready for use."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.generators.codes import check_codes
from privai_tf.generators.compiled import compiled
from privai_tf.generators.mobilestylegan import NOISE_MODES, MobileSynthesisNetwork
from privai_tf.generators.style_generator import StyleGenerator
from privai_tf.generators.stylegan import MappingNetwork
from privai_tf.runtime.batching import bucket_size, fixed_batches
from privai_tf.shapes import Codes, Images


class MobileStyleGANGenerator(StyleGenerator):
  """MobileStyleGAN (2021)."""

  mapping_class, synthesis_class = MappingNetwork, MobileSynthesisNetwork

  @property
  def noise_resolutions(self) -> tuple[int, ...]:
    return tuple(int(name.split("x")[0]) for name in self.config.layer_names)

  def noise_maps(self) -> list[np.ndarray]:
    return [np.asarray(noise.values) for noise in self.synthesis.noises]

  def preview_tensor(
    self, codes: Any, latent_space: str, noise: Any = "fixed", recompute: bool = False
  ) -> Any:
    """`synthesize_tensor` at half of the side: exactly the 2 x 2 box means of its images.

    Returns:
      Tensor [N, R/2, R/2, num_channels].
    """
    codes = self._layer_codes(codes, latent_space)
    coefficients = self.synthesis.coefficients(codes, noise=noise, recompute=recompute)
    return coefficients[..., : self.num_channels]

  def features_tensor(self, codes: Any, latent_space: str, side: int, noise: Any = "fixed") -> Any:
    """What the layers up to a side make of codes, differentiable in them; see `synthesize_tensor`.

    Args:
      codes, latent_space, noise: see `synthesize_tensor`.
      side: of the features, a power of two from 4 to R / 2.

    Returns:
      Tensor [N, side, side, channels of the layer].
    """
    layers = sum(size <= side for size in self.noise_resolutions)
    return self.synthesis.features(self._layer_codes(codes, latent_space), noise, layers=layers)

  def preview_batches(
    self,
    codes: Codes,
    *,
    latent_space: str,
    noise: str = "fixed",
    batch_size: int | None = None,
    seed: int = 0,
  ) -> Iterator[Images]:
    """`synthesize_batches` at half of the side, without the last transform.

    Args: see `synthesize`.

    Yields:
      float32 [at most batch_size, R/2, R/2, num_channels], in order.

    Raises:
      LatentSpaceError, InputError, ConfigurationError: for unusable arguments, at the first batch.
    """
    codes = check_codes(codes, self.code_shape(latent_space), latent_space)
    if noise not in NOISE_MODES:
      raise ConfigurationError(f"noise is {noise!r}; use one of {', '.join(NOISE_MODES)}.")
    codes, latent_space = self._prepare(codes, latent_space, None)
    key = ("preview", latent_space, noise)
    if key not in self._functions:
      self._functions[key] = compiled(
        lambda codes, drawn: self.preview_tensor(codes, latent_space, drawn or noise), self._jit
      )
    function = self._functions[key]
    for batch in fixed_batches(
      codes, bucket_size(len(codes), batch_size or self.default_batch_size)
    ):
      drawn = self._draw_noise(seed, batch.start, len(batch.values)) if noise == "random" else []
      yield np.asarray(function(batch.values, drawn))[: batch.count]
