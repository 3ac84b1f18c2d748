"""The two ways of reading a face: at once, and searched until the person is found."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.sources import load_boundaries
from privai_tf.errors import ConfigurationError
from privai_tf.inversion.faceres import FETCHED_BY, faceres_at_hand
from privai_tf.inversion.initialization import decided, keeps_people
from privai_tf.inversion.public_code_files import portable, served_path
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.fitting import fitted_on
from privai_tf.jobs.parts import Recipe
from privai_tf.jobs.presets import PRESETS
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.web.offered import offered_attributes

PRESET = "likeness"
_TENTHS = 10
_MISSING = (
  "To keep who it is, a network that tells people apart is needed: whoever runs this page gets it with "
  f"{FETCHED_BY} (29 MB, once)."
)


@dataclasses.dataclass(frozen=True, eq=False)
class Way:
  """How faces become codes here, and what of codes can be hidden.

  Attributes:
    inversion: everything decided; told of after each tenth of the steps.
    boundaries: by attribute.
    public: codes of this way that releases are fitted on; None where no attribute can be hidden.
  """

  inversion: InversionSpec
  boundaries: dict[str, Boundary]
  public: PublicCodes | None


def usual_way(
  generator: Any,
  checkpoint: str,
  attributes: Sequence[str] | None,
  asked: InversionSpec,
  public_count: int | None,
) -> Way:
  """The way that the main job takes unless it is told otherwise.

  Args:
    generator: a `Generator`.
    checkpoint: a name or a path.
    attributes: what may be hidden; None: all that there are boundaries for.
    asked: what the operator decided of it.
    public_count: see `public_codes`.
  """
  spec = asked.for_spaces(generator.latent_spaces)
  spec = served_path(generator, spec, public_count)
  return _way(generator, checkpoint, attributes, spec, PrivacySpec(), public_count)


def likeness_way(generator: Any, checkpoint: str, attributes: Sequence[str] | None) -> Way:
  """That of the main job's `--preset=likeness`.

  Args:
    generator, checkpoint, attributes: see `usual_way`.

  Raises:
    ConfigurationError: see `missing`.
  """
  if (told := missing(generator)) is not None:
    raise ConfigurationError(told)
  preset = PRESETS[PRESET]
  spec = InversionSpec(latent_space=preset.latent_space)
  privacy = PrivacySpec(mechanism=preset.mechanism, delta=preset.delta)
  return _way(generator, checkpoint, attributes, spec, privacy, preset.public_codes)


def missing(generator: Any) -> str | None:
  """What `likeness_way` lacks on this machine, in a sentence for the page; None: nothing.

  Args:
    generator: a `Generator`, for which `keeps_people` holds.
  """
  return None if faceres_at_hand() or not keeps_people(generator) else _MISSING


def _way(
  generator: Any,
  checkpoint: str,
  attributes: Sequence[str] | None,
  spec: InversionSpec,
  privacy: PrivacySpec,
  public_count: int | None,
) -> Way:
  names = offered_attributes(checkpoint, spec.latent_space) if attributes is None else attributes
  loaded = load_boundaries(names, checkpoint, spec.latent_space)
  for boundary in loaded:
    boundary.require_generator(generator.fingerprint)
  recipe = Recipe(checkpoint, tuple(names), privacy, inversion=spec, public_codes=public_count)
  public = fitted_on(generator, recipe) if loaded else None
  spec = portable(decided(spec, generator))
  often = dataclasses.replace(spec, steps_per_call=max(1, math.ceil(spec.steps / _TENTHS)))
  return Way(often, {one.name: one for one in loaded}, public)
