"""Photos to latent codes: `invert` checks, cuts into batches, searches and measures."""

import collections
import time
from collections.abc import Callable

import numpy as np

from privai_tf.artifacts import Inversion
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.inversion.initialization import decided, start_codes, with_space
from privai_tf.inversion.perceptual import perceptual_loss
from privai_tf.inversion.quality import psnr
from privai_tf.inversion.search import Found, Search
from privai_tf.inversion.spec import InversionSpec
from privai_tf.runtime.batching import bucket_size, fixed_batches
from privai_tf.runtime.devices import replicas
from privai_tf.runtime.jit import use_jit
from privai_tf.shapes import Codes, Images

_KEPT_SEARCHES = 4
_searches: collections.OrderedDict[tuple, Search] = collections.OrderedDict()


def invert(
  images: Images,
  generator,
  spec: InversionSpec | None = None,
  progress: Callable[[int, int], None] | None = None,
  show: Callable[[np.ndarray], None] | None = None,
) -> Inversion:
  """Finds latent codes whose images resemble the given ones.

  What is compiled is kept for the next call with the same generator, specification and batch size
  (the latest four), so that neither time nor memory grows with the number of calls.

  Args:
    images: float [N, R, R, C] in [-1, 1], of the generator's resolution, N at least 1.
    generator: a `privai_tf.Generator`.
    spec: the settings; None is `InversionSpec()`.
    progress: called as `progress(done, total)`, in steps over all batches.
    show: called before each `progress` with the batch's pictures as they are then, [n, R, R, C].

  Returns:
    The codes, reconstructions, loss curves, PSNR and time.

  Raises:
    InputError: for images that do not fit the generator, and where a loss becomes infinite or NaN.
    LatentSpaceError: if the generator lacks `spec.latent_space`.
    ConfigurationError: if `spec.perceptual` is "vgg16" and no weights are found.

  #### Examples

  ```python
  generator = privai_tf.load_generator("avatars")
  inversion = privai_tf.invert(photos, generator, privai_tf.InversionSpec(latent_space="W+"))
  inversion.latents.shape  # [N, L, 512]
  ```
  """
  spec = with_space(spec or InversionSpec(), generator)
  images = _checked(images, generator, spec)
  spec = decided(spec, generator)
  began = time.perf_counter()
  devices = replicas(spec.strategy)
  limit = _largest_batch(spec, generator.resolution, devices)
  size = -(-bucket_size(len(images), limit) // devices) * devices
  search = _search(generator, spec, size)
  batches = list(fixed_batches(images, size))
  total = spec.steps * len(batches)
  parts = []
  for number, batch in enumerate(batches):

    def report(done: int, number: int = number) -> None:
      if progress:
        progress(number * spec.steps + done, total)

    def shown(images: np.ndarray, count: int = batch.count) -> None:
      show(images[:count])

    start = start_codes(batch.values, generator, spec)
    found = search.run(batch.values, batch.mask, start, report, shown if show else None)
    _require_finite(found.losses[:, : batch.count], batch.start, spec)
    parts.append(_true_rows(found, batch.count, spec))
  codes, found_images, losses, steps = (
    np.concatenate(rows) for rows in zip(*(part[:4] for part in parts), strict=True)
  )
  noise = tuple(np.concatenate(maps) for maps in zip(*(part[4] for part in parts), strict=True))
  return Inversion(
    latents=codes,
    latent_space=spec.latent_space,
    images=found_images,
    losses=losses.T,
    psnr=psnr(found_images, images),
    seconds=time.perf_counter() - began,
    steps=steps,
    noise=noise or None,
  )


def find_codes(
  images: Images,
  generator,
  spec: InversionSpec | None = None,
  progress: Callable[[int, int], None] | None = None,
) -> Codes:
  """The codes of `invert` alone: where it takes no steps, nothing is drawn and measured either.

  Args, Raises: see `invert`.

  Args:
    images, generator, spec, progress: see `invert`.

  Returns:
    float32 [N, d], or [N, L, d] for W+.

  Raises:
    InputError, LatentSpaceError, ConfigurationError: see `invert`.
  """
  spec = decided(spec or InversionSpec(), generator)
  if spec.steps > 0:
    return invert(images, generator, spec, progress).latents
  return start_codes(_checked(images, generator, spec), generator, spec)


def _true_rows(found: Found, count: int, spec: InversionSpec) -> Found:
  """The rows that are no padding; curves of searches that ended early go on with the last loss."""
  records = 1 + -(-spec.steps // spec.steps_per_call)
  losses = np.pad(found.losses, [(0, records - len(found.losses)), (0, 0)], mode="edge")
  return Found(
    codes=found.codes[:count],
    images=found.images[:count],
    losses=losses[:, :count].T,  # Images first, like the rest.
    steps=found.steps[:count],
    noise=tuple(maps[:count] for maps in found.noise),
  )


def forget_searches() -> None:
  """Frees what earlier calls compiled."""
  _searches.clear()


def _search(generator, spec: InversionSpec, batch_size: int) -> Search:
  # The search holds its generator, so an id cannot be reused while the entry lives.
  key = (id(generator), spec, batch_size)
  if key not in _searches:
    loss = perceptual_loss(spec, generator.resolution, generator.num_channels)
    _searches[key] = Search(generator, spec, batch_size, loss)
    while len(_searches) > _KEPT_SEARCHES:
      _searches.popitem(last=False)
  _searches.move_to_end(key)
  return _searches[key]


def _largest_batch(spec: InversionSpec, resolution: int, devices: int) -> int:
  """Eight images up to 256 x 256, one at 1024: the activations kept for the gradient fill memory.

  More if the specification says so, but for processors, whose caches those eight fill: 64 images of
  64 x 64 at a time take half as long again as eight times eight.
  """
  usual = max(1, min(8, (512 // resolution) ** 2 * 2)) * devices
  wanted = spec.batch_size or usual
  return wanted if use_jit() else min(wanted, usual)


def _checked(images: np.ndarray, generator, spec: InversionSpec) -> np.ndarray:
  generator.code_shape(spec.latent_space)  # Refuses a space that the generator lacks.
  if spec.latent_space == "Z" and generator.config.label_size:
    others = [space for space in generator.latent_spaces if space != "Z"]
    remedy = f"use the latent space {' or '.join(others)}" if others else "use one without labels"
    raise ConfigurationError(
      "The image of a z of this network depends on its label too, which a photo does not have: "
      f"{remedy}."
    )
  images = np.asarray(images)
  side, channels = generator.resolution, generator.num_channels
  if images.ndim != 4 or len(images) == 0 or images.shape[1:] != (side, side, channels):
    raise InputError(
      f"Images of shape {list(images.shape)} cannot be inverted: the generator makes "
      f"{[side, side, channels]}, so give [N, {side}, {side}, {channels}] with N at least 1."
    )
  if images.dtype.kind != "f":
    raise InputError(f"Images are {images.dtype}; scale them to floats in [-1, 1] first.")
  images = images.astype(np.float32)
  if not np.all(np.isfinite(images)) or np.max(np.abs(images)) > 1.5:
    raise InputError(
      "Images hold values far outside [-1, 1] or none at all (NaN); scale them first."
    )
  return images


def _require_finite(losses: np.ndarray, first: int, spec: InversionSpec) -> None:
  broken = ", ".join(str(first + i) for i in np.flatnonzero(~np.isfinite(losses[-1])))
  if not broken:
    return
  if len(losses) == 1:
    raise InputError(
      f"The inversion of image {broken} cannot start: the generator's first image is not finite; "
      "check the checkpoint, or use init='best_of:64'."
    )
  raise InputError(
    f"The inversion of image {broken} diverged (its loss is no longer a number); "
    f"lower the learning rate, now {spec.learning_rate:g}."
  )
