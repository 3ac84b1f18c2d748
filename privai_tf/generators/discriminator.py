"""A discriminator ready for use: NumPy in and out."""

from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, InputError
from privai_tf.generators.codes import check_labels
from privai_tf.generators.compiled import compiled
from privai_tf.generators.config import (
  NetworkConfig,
  PGGANDiscriminatorConfig,
  StyleGANDiscriminatorConfig,
)
from privai_tf.generators.discriminators import PGGANDiscriminator, StyleGANDiscriminator
from privai_tf.generators.layers import Network
from privai_tf.generators.room import room_for
from privai_tf.generators.stylegan2.config import StyleGAN2DiscriminatorConfig
from privai_tf.generators.stylegan2.discriminator import StyleGAN2Discriminator
from privai_tf.generators.weights import assign_weights, fingerprint, read_weights

_NETWORKS: dict[type[NetworkConfig], type[Network]] = {
  StyleGANDiscriminatorConfig: StyleGANDiscriminator,
  PGGANDiscriminatorConfig: PGGANDiscriminator,
  StyleGAN2DiscriminatorConfig: StyleGAN2Discriminator,
}


class Discriminator:
  """Images -> scores. NVIDIA's attribute classifiers are such networks too.

  Attributes:
    family: "stylegan", "stylegan2" or "pggan".
    config: what the network is made of.
    resolution: R.
    provenance: where the weights come from (JSON values).
  """

  def __init__(
    self,
    config: NetworkConfig,
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

    Raises:
      CheckpointError: if the configuration is not a discriminator's, or the weights do not fit it.
    """
    initial = seed if weights is None else None
    if type(config) not in _NETWORKS:
      raise CheckpointError(
        f"This is a {config.family} {config.role}, not a discriminator; use load_generator."
      )
    with room_for(weights):
      self.network = _NETWORKS[type(config)](config, initial)
    self.config = config
    self.family = config.family
    self.resolution = config.resolution
    self.provenance = dict(provenance or {})
    if weights is not None:
      source = self.provenance.get("source", "The checkpoint")
      assign_weights([self.network], weights, str(source))
    self.network.freeze()
    self._function = compiled(self.outputs_tensor, jit)

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of the weights."""
    return fingerprint(self.weights())

  def weights(self) -> dict[str, np.ndarray]:
    """float32 arrays by our names."""
    return read_weights([self.network])

  def outputs_tensor(self, images: Any, labels: Any = None) -> Any:
    """(scores, label logits) as tensors of the Keras backend, differentiable in the images."""
    if self.family == "pggan":
      return self.network(images)
    scores = self.network(images, labels=labels)
    return scores, scores[:, :0]

  def __call__(
    self,
    images: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    batch_size: int | None = None,
  ) -> np.ndarray:
    """Images -> scores.

    Args:
      images: [N, R, R, channels] in [-1, 1].
      labels: [N, label_size] for a StyleGAN or StyleGAN2 discriminator with labels.
      batch_size: images that are scored together; None: all, as officially. The scores depend on
        it through the minibatch standard deviation; 1 scores each image by itself.

    Returns:
      float32 [N, 1].

    Raises:
      InputError: for unusable images or labels.
    """
    return self._outputs(images, labels, batch_size)[0]

  def label_logits(self, images: np.ndarray, *, batch_size: int | None = None) -> np.ndarray:
    """Images -> label logits [N, label_size] of a PGGAN discriminator; see `__call__`."""
    return self._outputs(images, None, batch_size)[1]

  def _outputs(self, images, labels, batch_size) -> tuple[np.ndarray, np.ndarray]:
    images = self._check_images(images)
    takes_labels = self.family != "pggan" and self.config.label_size
    labels = check_labels(labels, self.config.label_size if takes_labels else 0, len(images))
    size = len(images) if batch_size is None else batch_size
    group = self.config.mbstd_group_size
    batches = range(0, len(images), size)
    counts = {min(size, len(images) - start) for start in batches}
    if bad := [count for count in counts if group > 1 and count > group and count % group]:
      raise InputError(
        f"A batch of {bad[0]} images cannot be split into groups of {group} (minibatch standard "
        "deviation); use a multiple, or batch_size=1 to score each image by itself."
      )
    results = []
    for start in batches:
      rows = slice(start, start + size)
      results.append(self._function(images[rows], None if labels is None else labels[rows]))
    scores, logits = zip(*results, strict=True)
    return np.concatenate([np.asarray(s) for s in scores]), np.concatenate(
      [np.asarray(x) for x in logits]
    )

  def _check_images(self, images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    shape = (self.resolution, self.resolution, self.config.num_channels)
    if images.ndim != 4 or images.shape[1:] != shape or not len(images):
      expected = ", ".join(map(str, shape))
      raise InputError(
        f"Images of shape {list(images.shape)} do not fit this discriminator, which takes "
        f"[N, {expected}]; resize them first."
      )
    if images.dtype.kind != "f" or not np.isfinite(images).all():
      raise InputError("Images must be finite floating-point numbers in [-1, 1]; scale them first.")
    return images.astype(np.float32)
