"""What the split of a job's codes is fitted on."""

import dataclasses
from collections.abc import Callable
from typing import Any

from privai_tf.artifacts import PublicCodes
from privai_tf.inversion.initialization import decided
from privai_tf.inversion.public_code_files import words_of
from privai_tf.inversion.public_codes import public_codes
from privai_tf.jobs.parts import Recipe
from privai_tf.privacy.public_codes import sampled_codes


def fitted_on(
  generator: Any, recipe: Recipe, progress: Callable[[int, int], None] | None = None
) -> PublicCodes | None:
  """Codes that the job's release path makes of generated pictures.

  The generator's own samples stand in for them where none are to be made.

  Args:
    generator: a `privai_tf.Generator`.
    recipe: what decides the releases, the latent space and the steps decided.
    progress: told (done, total) while codes are made, where there are none yet.

  Returns:
    The codes; None where codes are given, or nothing is fitted.

  Raises:
    ConfigurationError, CheckpointError, OutputError: see `public_codes`.
  """
  if recipe.privacy.scope != "attribute" or recipe.codes_given:
    return None
  path, count, privacy = recipe.inversion, recipe.public_codes, recipe.privacy
  if count != 0:
    return public_codes(generator, path, count=count, progress=progress)
  samples = sampled_codes(
    generator, path.latent_space, privacy.calibration_count, privacy.calibration_seed
  )
  # Codes of photos all the same: those of another path are no neighbours of theirs.
  words = f"{words_of(generator, decided(path, generator))}, split by {samples.release_path}"
  return dataclasses.replace(samples, release_path=words)
