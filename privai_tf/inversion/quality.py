"""How close a reconstruction is to its photo, and whether the generator knows such a face at all.

For the owner of the photo only: every figure here is computed from the photo.
"""

import dataclasses
import math
import weakref

import numpy as np

from privai_tf.artifacts import Inversion
from privai_tf.generators.codes import random_labels
from privai_tf.inversion.spec import InversionSpec
from privai_tf.runtime.kept import kept_arrays, key_of
from privai_tf.shapes import Codes, Images

# Share of the generator's own variety by which a reconstruction may miss its photo. Avatars: 0.02 to
# 0.13 for unseen portraits, 1.5 for one upside down, 5 and more for other pictures.
_UNLIKE = 0.4
_OWN_IMAGES = 16
_SEED = 1
_FOLDER, _FORMAT = "variety", 1
_variety = weakref.WeakKeyDictionary()  # Per generator, as `statistics` does.


@dataclasses.dataclass(frozen=True)
class Quality:
  """What one inversion is worth. Private like the photo; `dataclasses.asdict` gives JSON values.

  Attributes:
    psnr_db: peak signal-to-noise ratio on the 8-bit scale; None for identical images.
    ms_ssim: structural similarity at several scales, 0 to 1.
    lpips: perceptual distance, 0 for equal images; None without `InversionSpec.lpips_weights`.
    losses: the loss curve, before the first step and then every `steps_per_call` steps.
    steps: steps that were taken for this image; None if that is not known.
    distance: of the code from the mean, in standard deviations, the root mean square over the
      directions of the latent space (and the layers of W+): about 1 for the generator's own codes.
    distance_limit: what 999 of 1000 of the generator's own codes stay below.
    unexplained: squared difference between photo and reconstruction, as a share of that between
      the generator's own images and their mean: 0 for a perfect fit, 1 where the reconstruction
      is worth no more than the average face.
    warning: in words, what the figures speak against; None if nothing.
  """

  psnr_db: float | None
  ms_ssim: float
  lpips: float | None
  losses: tuple[float, ...]
  steps: int | None
  distance: float
  distance_limit: float
  unexplained: float
  warning: str | None


def quality_report(
  inversion: Inversion, images: Images, generator, spec: InversionSpec
) -> list[Quality]:
  """The quality of every inversion.

  Args:
    inversion: what `invert` returned.
    images: the photos that were inverted, float [N, R, R, C] in [-1, 1].
    generator: the `privai_tf.Generator`.
    spec: the settings that were used.

  Returns:
    One `Quality` an image, in order.

  #### Examples

  ```python
  inversion = privai_tf.invert(photos, generator, spec)
  for quality in quality_report(inversion, photos, generator, spec):
    print(json.dumps(dataclasses.asdict(quality)))
  ```
  """
  # Late: the figures need TensorFlow, `psnr` and the record do not.
  from privai_tf.inversion.lpips import lpips_figures
  from privai_tf.inversion.similarity import ms_ssim_figures
  from privai_tf.inversion.statistics import latent_statistics

  statistics = latent_statistics(generator, inversion.latent_space)
  distances = statistics.distances(inversion.latents)
  structure = ms_ssim_figures(inversion.images, images)
  perceived = lpips_figures(inversion.images, images, spec)
  missed = unexplained(inversion.images, images, generator, inversion.latent_space)
  return [
    Quality(
      psnr_db=float(inversion.psnr[row]) if math.isfinite(inversion.psnr[row]) else None,
      ms_ssim=float(structure[row]),
      lpips=None if perceived is None else float(perceived[row]),
      losses=tuple(float(loss) for loss in inversion.losses[:, row]),
      steps=None if inversion.steps is None else int(inversion.steps[row]),
      distance=float(distances[row]),
      distance_limit=statistics.distance_limit,
      unexplained=float(missed[row]),
      warning=_warning(float(distances[row]), statistics.distance_limit, float(missed[row])),
    )
    for row in range(len(images))
  ]


def warnings(
  latents: Codes,
  reconstructions: Images,
  images: Images,
  generator,
  latent_space: str,
) -> list[str | None]:
  """`Quality.warning` of each photo, without the figures that take longer.

  Args:
    latents: [N, d] or [N, L, d], the photos' codes.
    reconstructions: float [N, R, R, C], what the generator makes of them.
    images: the photos, float [N, R, R, C] in [-1, 1].
    generator: the `privai_tf.Generator`.
    latent_space: of the codes.
  """
  from privai_tf.inversion.statistics import latent_statistics

  statistics = latent_statistics(generator, latent_space)
  distances = statistics.distances(latents)
  missed = unexplained(reconstructions, images, generator, latent_space)
  return [
    _warning(float(distance), statistics.distance_limit, float(share))
    for distance, share in zip(distances, missed, strict=True)
  ]


def unexplained(
  reconstructions: Images, images: Images, generator, latent_space: str
) -> np.ndarray:
  """`Quality.unexplained` of each photo, float [N]; see `warnings`.

  Args:
    reconstructions: float [N, R, R, C]; clipped to [-1, 1] as a viewer does.
    images: the photos, float [N, R, R, C] in [-1, 1].
    generator: the `privai_tf.Generator`.
    latent_space: whose variety is the unit.
  """
  errors = np.mean(np.square(np.clip(reconstructions, -1, 1) - images), axis=(1, 2, 3))
  return errors / variety(generator, latent_space)


def _warning(distance: float, limit: float, unexplained: float) -> str | None:
  problems = []
  if distance > limit:
    problems.append(
      f"its code lies {distance:.2f} standard deviations from the mean, further than 999 of 1000 of "
      f"the generator's own ({limit:.2f})"
    )
  if unexplained > _UNLIKE:
    problems.append(
      f"its reconstruction is off by {unexplained:.2f} times the variety of the generator's own "
      f"images ({_UNLIKE} at most)"
    )
  if not problems:
    return None
  return (
    f"This photo is outside what the generator knows: {' and '.join(problems)}. Edited and "
    "privatized images speak of another face."
  )


def variety(generator, latent_space: str) -> float:
  """Mean squared difference between the generator's own images and their mean, measured once."""
  if generator not in _variety:
    _variety[generator] = _kept_variety(generator, "Z" if latent_space == "Z" else "W")
  return max(_variety[generator], 1e-12)


def _kept_variety(generator, latent_space: str) -> float:
  """Measured, or as an earlier process measured it; warnings hang on it."""
  found = kept_arrays(
    _FOLDER,
    key_of(generator, latent_space, _OWN_IMAGES, _SEED, _FORMAT),
    lambda: {"variety": np.array(_measured_variety(generator, latent_space))},
    lambda found: found["variety"].shape == () and 0 <= found["variety"] < 4,
    "variety",
  )
  return float(found["variety"])


def _measured_variety(generator, latent_space: str) -> float:
  codes = generator.sample_z(_OWN_IMAGES, seed=_SEED)
  labels = random_labels(generator.config.label_size, _OWN_IMAGES, _SEED)
  if latent_space == "W":
    codes, labels = generator.map(codes, labels), None
  images = np.clip(generator.synthesize(codes, latent_space=latent_space, labels=labels), -1, 1)
  return float(np.mean(np.var(images, axis=0, ddof=1)))


def psnr(images: Images, targets: Images) -> np.ndarray:
  """Peak signal-to-noise ratio of 8-bit images, as a viewer would see them.

  Args:
    images: [N, H, W, C] in [-1, 1]; values outside are clipped.
    targets: the same shape.

  Returns:
    float32 [N], decibels; infinity for equal images.
  """
  difference = _to_levels(images) - _to_levels(targets)
  error = np.mean(np.square(difference), axis=(1, 2, 3))
  with np.errstate(divide="ignore"):
    return (20 * np.log10(255) - 10 * np.log10(error)).astype(np.float32)


def _to_levels(images: np.ndarray) -> np.ndarray:
  return np.rint((np.clip(np.asarray(images, np.float64), -1, 1) + 1) * 127.5)
