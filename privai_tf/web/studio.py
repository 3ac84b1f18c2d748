"""The loaded model: everything that is computed for the page, without the page.

One thing at a time: the page's queue sees to it, and a lock where it does not.
"""

import dataclasses
import functools
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.sources import load_boundaries
from privai_tf.errors import ConfigurationError
from privai_tf.generators import load_generator, to_uint8
from privai_tf.generators.channels import from_rgb, require_pictures, to_rgb
from privai_tf.inversion import InversionSpec, invert
from privai_tf.inversion.initialization import decided
from privai_tf.inversion.public_code_files import portable, served_path
from privai_tf.inversion.public_codes import public_codes
from privai_tf.inversion.quality import warnings
from privai_tf.jobs.publication import checkpoint_facts
from privai_tf.privacy import PreparedRelease, PrivacySpec, prepare
from privai_tf.privacy.public_codes import sampled_codes
from privai_tf.runtime.precision import resolved
from privai_tf.web.choices import WHOLE_FACE, Choice
from privai_tf.web.inverted import Inverted
from privai_tf.web.offered import offered_attributes

_TENTHS = 10
_SAMPLES = 2000
_PREVIEW_SEED = 1  # Of a simulation: a preview is no release, and is not drawn like one.


class Studio:
  """A generator with all that releases need.

  Args:
    checkpoint: a name, a converted folder or an official pickle.
    attributes: what may be hidden; None: all that there are boundaries for.
    latent_space: see `WebSettings`.
    steps: of the inversion, see `WebSettings`.
    public_count: of the codes that releases are fitted on; None: what there is.
    precision: see `WebSettings`.
  """

  def __init__(
    self,
    checkpoint: str,
    attributes: Sequence[str] | None = None,
    latent_space: str | None = None,
    steps: int | None = None,
    public_count: int | None = None,
    precision: str = "auto",
  ):
    self.generator = load_generator(checkpoint)
    require_pictures(self.generator.num_channels)
    asked = InversionSpec(latent_space=latent_space, steps=steps, precision=precision)
    asked = asked.for_spaces(self.generator.latent_spaces)
    spec = decided(served_path(self.generator, asked, public_count), self.generator)
    self.precision = resolved(precision)
    self.inversion = dataclasses.replace(
      portable(spec), steps_per_call=max(1, math.ceil(spec.steps / _TENTHS))
    )
    names = offered_attributes(checkpoint, spec.latent_space) if attributes is None else attributes
    loaded = load_boundaries(names, checkpoint, spec.latent_space)
    self._boundaries: dict[str, Boundary] = {one.name: one for one in loaded}
    for boundary in loaded:
      boundary.require_generator(self.generator.fingerprint)
    self.public = public_codes(self.generator, spec, count=public_count) if loaded else None
    self.facts = checkpoint_facts(checkpoint, self.generator)
    self._lock, self._preparing = threading.Lock(), threading.Lock()
    self._kept: dict[tuple[str, PrivacySpec], PreparedRelease] = {}

  @property
  def offered(self) -> list[str]:
    """What may be hidden."""
    return [*self._boundaries, WHOLE_FACE]

  @functools.cached_property
  def public_latents(self) -> np.ndarray:
    """Codes of generated faces: of the release path, where there are such."""
    if self.public is not None:
      return self.public.codes
    space = self.inversion.latent_space
    return sampled_codes(self.generator, space, _SAMPLES, seed=0).codes

  def distances(self, hidden: str) -> np.ndarray:
    """How far those lie from an attribute's boundary, positive where it is present; float64 [n]."""
    found = np.asarray(self._boundaries[hidden].coordinate(self.public_latents))
    return found.reshape(len(found), -1).mean(axis=1)

  def prepared(self, choice: Choice) -> PreparedRelease:
    """The calibrated release; kept for the next call.

    Raises:
      ConfigurationError: if the guarantee cannot be given.
    """
    return self._prepare(choice.hidden, choice.spec)

  def _prepare(self, hidden: str, spec: PrivacySpec) -> PreparedRelease:
    whole = spec.scope == "image"
    if not whole and hidden not in self._boundaries:
      raise ConfigurationError(f"There is no {hidden!r} to hide here; choose one from the list.")
    if (hidden, spec) not in self._kept:  # As many as the page has choices, of which none may go.
      with self._preparing:
        self._kept[hidden, spec] = prepare(
          self.generator,
          [] if whole else [self._boundaries[hidden]],
          spec,
          self.inversion.latent_space,
          None if whole else self.public,
        )
    return self._kept[hidden, spec]

  def invert(
    self, image: np.ndarray, tell: Callable[[int, int, np.ndarray | None], None] | None = None
  ) -> Inverted:
    """Looks for a face's code.

    Args:
      image: float32 [R, R, 3] in [-1, 1].
      tell: called after each tenth of the steps as `tell(done, total, picture)`, uint8 [R, R, 3].

    Raises:
      InputError: if it cannot be found.
    """
    latest: list[np.ndarray] = []

    def progress(done: int, total: int) -> None:
      if tell:
        tell(done, total, self._pixels(latest[-1])[0] if latest else None)

    values = from_rgb(image[np.newaxis], self.generator.num_channels)
    with self._lock:
      found = invert(values, self.generator, self.inversion, progress, latest.append)
      (warning,) = warnings(
        found.latents, found.images, values, self.generator, self.inversion.latent_space
      )
    return Inverted(found.latents, self._pixels(found.images)[0], warning)

  def previews(
    self, latents: np.ndarray, choices: Sequence[Choice], draws: int, seed: int = _PREVIEW_SEED
  ) -> np.ndarray:
    """What releases may look like: simulated, of all choices in one batch. Nothing is released.

    Args:
      latents: [1, d] or [1, L, d].
      choices: what would be released.
      draws: of each.
      seed: of the simulated noise.

    Returns:
      uint8 [choices, draws, R, R, 3].
    """
    rows = np.repeat(latents, draws, axis=0)
    codes = [
      self.simulated(choice, seed).release(self.prepared(choice).encode(rows)) for choice in choices
    ]
    with self._lock:
      pictures = self._draw(np.concatenate(codes))
    return pictures.reshape(len(choices), draws, *pictures.shape[1:])

  def simulated(self, choice: Choice, seed: int = _PREVIEW_SEED) -> PreparedRelease:
    """The same release with seeded noise, which promises nothing."""
    prepared = self.prepared(choice)
    return dataclasses.replace(prepared, spec=dataclasses.replace(prepared.spec, noise_seed=seed))

  def release(self, prepared: PreparedRelease, latents: np.ndarray) -> np.ndarray:
    """Draws the one release; it has been paid for.

    Returns:
      uint8 [R, R, 3].
    """
    with self._lock:
      return self._draw(prepared.release(prepared.encode(latents)))[0]

  def warm_up(self, choices: Sequence[Choice]) -> None:
    """Computes what the first visitor would wait for.

    Args:
      choices: their calibrations, and the simulation of each.
    """
    mean = np.asarray(self.generator.mean_latent(self.inversion.latent_space), np.float32)
    for choice in choices:
      prepared = self.prepared(choice)
      prepared.guarantee  # noqa: B018  # Computed once, and kept.
      self.simulated(choice).release(prepared.encode(mean[np.newaxis]))

  def _draw(self, codes: np.ndarray) -> np.ndarray:
    return self._pixels(
      self.generator.synthesize(
        codes, latent_space=self.inversion.latent_space, precision=self.precision
      )
    )

  def _pixels(self, images: Any) -> np.ndarray:
    return to_rgb(to_uint8(np.asarray(images), family=self.generator.family))
