"""The loaded model: everything that is computed for the page, without the page.

One thing at a time: the page's queue sees to it, and a lock where it does not.
"""

import dataclasses
import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.generators import load_generator, to_uint8
from privai_tf.generators.channels import from_rgb, require_pictures, to_rgb
from privai_tf.inversion import InversionSpec, invert
from privai_tf.inversion.initialization import keeps_people
from privai_tf.inversion.quality import warnings
from privai_tf.jobs.release_facts import checkpoint_facts
from privai_tf.privacy import PreparedRelease, PrivacySpec, prepare
from privai_tf.privacy.public_codes import sampled_codes
from privai_tf.runtime.precision import resolved
from privai_tf.web.choices import WHOLE_FACE, Choice
from privai_tf.web.inverted import Inverted
from privai_tf.web.ways import Way, likeness_way, usual_way

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
    self._source = checkpoint, attributes
    asked = InversionSpec(latent_space=latent_space, steps=steps, precision=precision)
    self.usual = usual_way(self.generator, *self._source, asked, public_count)
    self.precision = resolved(precision)
    self.facts = checkpoint_facts(checkpoint, self.generator)
    self._lock, self._preparing = threading.Lock(), threading.Lock()
    self._searching = threading.Lock()
    self._kept: dict[tuple[bool, str, PrivacySpec], PreparedRelease] = {}

  @property
  def keeps_people(self) -> bool:
    """Whether a face may be searched until it is the person: there must be boundaries that serve it."""
    served = bool(self.usual.boundaries) and self.usual.inversion.latent_space != "Z"
    return served and keeps_people(self.generator)

  @functools.cached_property
  def likeness(self) -> Way:
    """How; a `ConfigurationError` says what is missing for it."""
    return likeness_way(self.generator, *self._source)

  def way(self, likeness: bool) -> Way:
    """How a face is, or was, read."""
    return self.likeness if likeness else self.usual

  def offered(self, likeness: bool = False) -> list[str]:
    """What may be hidden of a face that was read so: who it is stays, or not all of the face goes."""
    names = list(self.usual.boundaries)
    return names if likeness else [*names, WHOLE_FACE]

  @functools.cached_property
  def public_latents(self) -> np.ndarray:
    """Codes of generated faces: of the usual release path, where there are such."""
    if self.usual.public is not None:
      return self.usual.public.codes
    space = self.usual.inversion.latent_space
    return sampled_codes(self.generator, space, _SAMPLES, seed=0).codes

  def distances(self, choice: Choice) -> np.ndarray:
    """How far public codes lie from an attribute's boundary, positive where it is present; float64 [n].

    Args:
      choice: which attribute; the codes are those that its release is fitted on.
    """
    way = self.way(choice.likeness)
    found = np.asarray(way.boundaries[choice.hidden].coordinate(way.public.codes))
    return found.reshape(len(found), -1).mean(axis=1)

  def prepared(self, choice: Choice) -> PreparedRelease:
    """The calibrated release; kept for the next call.

    Raises:
      ConfigurationError: if the guarantee cannot be given.
    """
    way, spec, key = self.way(choice.likeness), choice.spec, (choice.likeness, choice.hidden)
    whole = spec.scope == "image"
    if choice.hidden not in self.offered(choice.likeness):
      raise ConfigurationError(
        f"There is no {choice.hidden!r} to hide here; choose one from the list."
      )
    if (*key, spec) not in self._kept:  # As many as the page has choices, of which none may go.
      with self._preparing:
        self._kept[*key, spec] = prepare(
          self.generator,
          [] if whole else [way.boundaries[choice.hidden]],
          spec,
          way.inversion.latent_space,
          None if whole else way.public,
        )
    return self._kept[*key, spec]

  def invert(
    self,
    image: np.ndarray,
    tell: Callable[[int, int, np.ndarray | None], None] | None = None,
    likeness: bool = False,
  ) -> Inverted:
    """Looks for a face's code.

    Args:
      image: float32 [R, R, 3] in [-1, 1].
      tell: called when it begins and after each tenth of the steps as `tell(done, total, picture)`,
        uint8 [R, R, 3].
      likeness: whether to search until the person is found; others draw meanwhile.

    Raises:
      InputError: if it cannot be found.
    """
    latest: list[np.ndarray] = []

    def progress(done: int, total: int) -> None:
      if tell:
        tell(done, total, self._pixels(latest[-1])[0] if latest else None)

    values = from_rgb(image[np.newaxis], self.generator.num_channels)
    with self._searching if likeness else self._lock:
      if likeness and tell:
        tell(0, 1, None)  # Its turn has come: who no longer wants it says so now.
      inversion = self.way(likeness).inversion
      found = invert(values, self.generator, inversion, progress, latest.append)
      (warning,) = warnings(
        found.latents, found.images, values, self.generator, inversion.latent_space
      )
    return Inverted(found.latents, self._pixels(found.images)[0], warning, likeness)

  def previews(
    self, latents: np.ndarray, choices: Sequence[Choice], draws: int, seed: int = _PREVIEW_SEED
  ) -> np.ndarray:
    """What releases may look like: simulated, of all choices in one batch. Nothing is released.

    Args:
      latents: [1, d] or [1, L, d].
      choices: what would be released, of one way of reading.
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
      pictures = self._draw(np.concatenate(codes), self.prepared(choices[0]).latent_space)
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
      return self._draw(prepared.release(prepared.encode(latents)), prepared.latent_space)[0]

  def warm_up(self, choices: Sequence[Choice]) -> None:
    """Computes what the first visitor would wait for.

    Args:
      choices: their calibrations, and the simulation of each; of faces read as usual.
    """
    space = self.usual.inversion.latent_space
    mean = np.asarray(self.generator.mean_latent(space), np.float32)
    for choice in choices:
      prepared = self.prepared(choice)
      prepared.guarantee  # noqa: B018  # Computed once, and kept.
      self.simulated(choice).release(prepared.encode(mean[np.newaxis]))

  def _draw(self, codes: np.ndarray, latent_space: str) -> np.ndarray:
    images = self.generator.synthesize(codes, latent_space=latent_space, precision=self.precision)
    return self._pixels(images)

  def _pixels(self, images: Any) -> np.ndarray:
    return to_rgb(to_uint8(np.asarray(images), family=self.generator.family))
