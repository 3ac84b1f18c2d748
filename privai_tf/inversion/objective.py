"""The loss of a specification: what is compared, and with which weights."""

import numpy as np
import tensorflow as tf

from privai_tf.inversion.drafts import Drafts, Head, reduced
from privai_tf.inversion.face_map import face_map
from privai_tf.inversion.identity import identity_loss
from privai_tf.inversion.losses import (
  colour_diversity,
  colour_loss,
  mean_distance,
  pixel_loss,
  pyramid,
)
from privai_tf.inversion.noise_maps import autocorrelation
from privai_tf.inversion.similarity import ms_ssim_loss
from privai_tf.inversion.spec import InversionSpec
from privai_tf.inversion.statistics import LatentStatistics


class Objective:
  """Codes and noise maps -> images and their losses.

  Args:
    generator: a `privai_tf.Generator` on the TensorFlow backend.
    spec: the weights.
    statistics: of the latent space.
    perceptual: a `perceptual.PerceptualLoss` or `lpips.Lpips`, None for neither.
    recompute: whether the generator computes its layers again for the gradient.
  """

  def __init__(
    self,
    generator,
    spec: InversionSpec,
    statistics: LatentStatistics,
    perceptual=None,
    recompute: bool = False,
  ):
    self._generator, self._spec, self._statistics = generator, spec, statistics
    self._perceptual = perceptual
    self._identity = identity_loss(spec, generator.resolution, generator.num_channels)
    self._options = {"recompute": True} if recompute else {}
    self._side = spec.draft_side or 0
    self.drafts = None
    if self._side:
      self.drafts = Drafts(generator, spec.latent_space, self._side, spec.noise)

  def goals(self, photos: tf.Tensor) -> dict:
    """What stays the same in every step, of photos [N, R, R, C]."""
    photos = reduced(photos, self._side)
    return {
      "levels": pyramid(photos),
      "features": self._perceptual.features(photos) if self._perceptual else [],
      "colours": colour_diversity(photos) * (self._spec.colour_goal == "photo"),
      "identity": self._identity.features(photos) if self._identity else [],
    }

  def head(self, codes: tf.Tensor, images: tf.Tensor) -> Head:
    """What drafts need, at codes and their images [N, R, R, C]; see `Drafts.head`."""
    return self.drafts.head(codes, reduced(images, self._side))

  def __call__(
    self, codes: tf.Tensor, maps: list[tf.Tensor], goals: dict
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """Args:
      codes: [N, d] or [N, L, d].
      maps: the noise of each layer, [N, r, r, 1]; empty: the specification's.
      goals: what `goals` gave; with a "head", what `head` gave, images are drafts.

    Returns:
      Images [N, R, R, C], or drafts [N, S, S, C], and losses [N].
    """
    spec = self._spec
    if "head" in goals:
      images = self.drafts(codes, goals["head"])
    else:
      images = self._generator.synthesize_tensor(
        codes, spec.latent_space, maps or spec.noise, **self._options
      )
    loss = self._of_images(reduced(images, self._side), goals) + self._of_codes(codes)
    if maps:
      loss += spec.noise_weight * autocorrelation(maps)
    return images, loss

  def _of_images(self, images: tf.Tensor, goals: dict) -> tf.Tensor:
    spec = self._spec
    loss = spec.pixel_weight * pixel_loss(images, goals["levels"], self._weights(goals))
    if self._perceptual:
      loss += spec.perceptual_weight * self._perceptual.distance(images, goals["features"])
    if self._identity:
      loss += spec.identity_weight * self._identity.distance(images, goals["identity"])
    if spec.ssim_weight:
      loss += spec.ssim_weight * ms_ssim_loss(images, goals["levels"][0])
    if spec.colour_weight:
      loss += spec.colour_weight * colour_loss(images, goals["colours"])
    return loss

  def _weights(self, goals: dict) -> list[np.ndarray] | None:
    weight = self._spec.face_weight or 1.0
    if weight == 1:
      return None
    return [face_map(*level.shape[1:3], weight) for level in goals["levels"]]

  def _of_codes(self, codes: tf.Tensor) -> tf.Tensor | float:
    spec, statistics, loss = self._spec, self._statistics, 0.0
    if spec.latent_space != "Z" and spec.mean_weight:
      loss += spec.mean_weight * mean_distance(codes, statistics.mean, statistics.precision)
    if spec.latent_space == "W+" and spec.spread_weight:
      middle = tf.reduce_mean(codes, axis=1, keepdims=True)
      loss += spec.spread_weight * mean_distance(codes, middle, statistics.precision)
    return loss
