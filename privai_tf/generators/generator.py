"""A generator ready for use: NumPy in and out, batches of fixed shape, compiled once."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError, LatentSpaceError
from privai_tf.generators.codes import check_codes, check_labels, check_space
from privai_tf.generators.compiled import compiled, on_processor
from privai_tf.generators.layers import Network
from privai_tf.generators.multiplied import multiplying
from privai_tf.generators.network_config import NetworkConfig
from privai_tf.generators.weights import assign_weights, fingerprint, read_weights
from privai_tf.runtime.batching import bucket_size, fixed_batches
from privai_tf.runtime.precision import resolved
from privai_tf.shapes import Codes, FlatCodes, Images

NOISE_MODES = ("fixed", "random", "none")
_PIXELS_A_BATCH = 1024 * 1024
_LARGEST_BATCH = 64


class Generator:
  """Latent codes -> images; see `families` for those of each family.

  Attributes:
    family: "stylegan", "pggan", ...
    config: what the network is made of.
    resolution: R.
    num_channels: colour channels.
    latent_size: width of z.
    num_layers: codes that an image takes in W+; 1 for PGGAN.
    latent_spaces: spaces that `synthesize` takes codes in.
    provenance: where the weights come from (JSON values).
    folder: the checkpoint folder it was loaded from, None if it came from elsewhere.
  """

  latent_spaces: tuple[str, ...]
  num_layers: int
  folder: Path | None = None

  def __init__(
    self,
    config: NetworkConfig,
    networks: list[Network],
    weights: dict[str, np.ndarray] | None,
    provenance: dict[str, Any] | None,
    jit: str,
  ):
    self.config = config
    self.family = config.family
    self.resolution = config.resolution
    self.num_channels = config.num_channels
    self.latent_size = config.latent_size
    self.provenance = dict(provenance or {})
    self._networks = networks
    self._jit = jit
    self._functions = {}
    if weights is not None:
      source = self.provenance.get("source", "The checkpoint")
      assign_weights(networks, weights, str(source))
    for network in networks:
      network.freeze(for_processor=on_processor(jit))

  @property
  def default_batch_size(self) -> int:
    """Images at a time that keep memory at the level of one 1024 x 1024 image."""
    return max(1, min(_LARGEST_BATCH, _PIXELS_A_BATCH // self.resolution**2))

  @functools.cached_property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of the weights."""
    return fingerprint(self.weights())

  def weights(self) -> dict[str, np.ndarray]:
    """float32 arrays by our names."""
    return read_weights(self._networks)

  def sample_z(self, n: int, seed: int) -> FlatCodes:
    """Standard normal latents, those of `numpy.random.RandomState(seed).randn`, as officially.

    Args:
      n: how many.
      seed: 0 to 2^32 - 1.

    Returns:
      float32 [n, latent_size].

    Raises:
      ConfigurationError: for another seed.
    """
    try:
      random = np.random.RandomState(seed)
    except ValueError:
      raise ConfigurationError(f"seed is {seed}; it must be from 0 to 2^32 - 1.") from None
    return random.standard_normal((n, self.latent_size)).astype(np.float32)

  def code_shape(self, latent_space: str) -> tuple[int, ...]:
    """Shape of one code in a space: [latent_size], [dlatent_size] or [num_layers, dlatent_size].

    Raises:
      LatentSpaceError: if the generator does not have the space.
    """
    check_space(latent_space, self.latent_spaces, self.family)
    return (self.latent_size,)

  def mean_latent(self, latent_space: str) -> np.ndarray:
    """The code in the middle of a space: zeros in Z, the mean of w in W (for each layer in W+)."""
    return np.zeros(self.code_shape(latent_space), np.float32)

  def map(self, z: FlatCodes, labels: np.ndarray | None = None) -> FlatCodes:
    """Z -> W, for families that have it; see `StyleGenerator`.

    Raises:
      LatentSpaceError: from those that do not.
    """
    raise LatentSpaceError(f"A {self.family} generator has no W space; use its Z codes directly.")

  def truncate(
    self,
    w: Codes,
    truncation_psi: float | None = None,
    truncation_cutoff: int | None = None,
  ) -> Codes:
    """W -> W+, drawn towards the mean, for families that have it; see `StyleGenerator`.

    Raises:
      LatentSpaceError: from those that do not.
    """
    raise LatentSpaceError(f"A {self.family} generator has no W space, and so no truncation.")

  def synthesize(
    self,
    codes: Codes,
    *,
    latent_space: str,
    noise: str = "fixed",
    batch_size: int | None = None,
    labels: np.ndarray | None = None,
    seed: int = 0,
    precision: str = "float32",
  ) -> Images:
    """Codes -> images, without truncation.

    Args:
      codes: [N, ...], see `code_shape`. A W code serves all layers.
      latent_space: the space they are in; never guessed from their shape.
      noise: StyleGAN's noise inputs: "fixed" (stored with the weights), "random" or "none".
      batch_size: images at a time, which bounds the memory; None: `default_batch_size`.
      labels: [N, label_size] for Z codes of a network with labels.
      seed: of random noise, 0 or more; an image's noise does not depend on the batch size.
      precision: of the numbers that the large convolutions multiply, "float32", "bfloat16", or "auto":
        what this machine is fast at; see `runtime.precision`.

    Returns:
      float32 [N, R, R, num_channels], nominal range [-1, 1].

    Raises:
      LatentSpaceError, InputError, ConfigurationError: for unusable arguments.
    """
    codes = check_codes(codes, self.code_shape(latent_space), latent_space)
    shape = (len(codes), self.resolution, self.resolution, self.num_channels)
    images = np.empty(shape, np.float32)
    start = 0
    for batch in self.synthesize_batches(
      codes,
      latent_space=latent_space,
      noise=noise,
      batch_size=batch_size,
      labels=labels,
      seed=seed,
      precision=precision,
    ):
      images[start : start + len(batch)] = batch
      start += len(batch)
    return images

  def synthesize_batches(
    self,
    codes: Codes,
    *,
    latent_space: str,
    noise: str = "fixed",
    batch_size: int | None = None,
    labels: np.ndarray | None = None,
    seed: int = 0,
    precision: str = "float32",
  ) -> Iterator[Images]:
    """`synthesize` batch by batch, for more images than fit into memory; the same arguments.

    Yields:
      float32 [at most batch_size, R, R, num_channels], in order.

    Raises:
      LatentSpaceError, InputError, ConfigurationError: for unusable arguments, at the first batch.
    """
    codes = check_codes(codes, self.code_shape(latent_space), latent_space)
    if noise not in NOISE_MODES:
      raise ConfigurationError(f"noise is {noise!r}; use one of {', '.join(NOISE_MODES)}.")
    if batch_size is None:
      batch_size = self.default_batch_size
    codes, latent_space = self._prepare(codes, latent_space, labels)
    function = self._function(latent_space, noise, resolved(precision))
    for batch in fixed_batches(codes, bucket_size(len(codes), batch_size)):
      drawn = self._draw_noise(seed, batch.start, len(batch.values)) if noise == "random" else []
      yield np.asarray(function(batch.values, drawn))[: batch.count]

  def noise_maps(self) -> list[np.ndarray]:
    """The fixed noise of each layer, float32 [1, r, r, 1]; StyleGAN only.

    Raises:
      ConfigurationError: if the network has no noise inputs.
    """
    raise ConfigurationError(f"This {self.family} generator has no noise inputs; use it without.")

  @property
  def activation_bytes(self) -> int:
    """About what a gradient keeps of one image's layers: six copies of the features of each."""
    config = self.config
    features = sum(r * r * config.channels(r) for r in config.resolutions)
    return 2 * features * 4 * 6

  def synthesize_tensor(
    self, codes: Any, latent_space: str, noise: Any = "fixed", recompute: bool = False
  ) -> Any:
    """Codes -> images as tensors of the Keras backend, differentiable in the codes.

    To be called inside a `tf.function` (an inversion loop); weights are constants there.

    Args:
      codes: tensor [N, ...], see `code_shape`. A W code serves all layers; there is no truncation.
      latent_space: the space they are in.
      noise: see `synthesize`; or a list with the noise of each layer, [N or 1, r, r, 1].
      recompute: for the gradient, compute each layer again instead of keeping what it computed.

    Returns:
      Tensor [N, R, R, num_channels].
    """
    raise NotImplementedError

  def _prepare(
    self, codes: np.ndarray, latent_space: str, labels: np.ndarray | None
  ) -> tuple[np.ndarray, str]:
    """What the compiled function takes: labels are dealt with here."""
    check_labels(labels, self.config.label_size, len(codes))
    return codes, latent_space

  def _draw_noise(self, seed: int, start: int, count: int) -> list[np.ndarray]:
    """Random noise of some images, for each layer; that of an image depends on no other image."""
    return []

  def _function(
    self, latent_space: str, noise: str, precision: str = "float32"
  ) -> Callable[[np.ndarray, list[np.ndarray]], Any]:
    def draw(codes, drawn):
      with multiplying(precision):
        return self.synthesize_tensor(codes, latent_space, drawn or noise)

    key = (latent_space, noise, precision)
    if key not in self._functions:
      self._functions[key] = compiled(draw, self._jit)
    return self._functions[key]
