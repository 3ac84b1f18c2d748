"""What a job's owner should know of how photos become codes: told at the start, and on both pages."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.weakness import weakness
from privai_tf.inversion.faceres import FETCHED_BY, faceres_at_hand
from privai_tf.inversion.initialization import keeps_people, missing_likeness
from privai_tf.jobs.parts import Recipe
from privai_tf.jobs.presets import PRESETS
from privai_tf.jobs.release_facts import checkpoint_facts
from privai_tf.privacy import PreparedRelease
from privai_tf.privacy.public_figures import loud_rest

LIKENESS_SECONDS = 80  # Of a core, for a face: docs/inversion.md.
_ALONE = (
  "Codes are read by the encoder alone (--steps=0), which public codes are shipped for: what it misses of "
  "a face is missing in the release, which may be another person's to the eye. "
)
_SEARCHED_FIRST = (
  "To keep the person, search the code first (python -m privai_tf.invert, a minute or two a face) and "
  "release it by --input_latents; what its rest says of the attribute is then not measured. --steps=50 "
  "searches here, and makes public codes of its own first, which takes as long as a thousand photos."
)


class Advice:
  """What a run says of itself.

  Attributes:
    notes: a line each, in words that may be published: nothing of the owner's machine.
  """

  def __init__(
    self,
    recipe: Recipe,
    generator: Any,
    prepared: PreparedRelease,
    hidden: Sequence[Boundary],
    alone: bool,
  ):
    """Args:
    recipe: of the job, everything decided.
    generator: its `Generator`.
    prepared: its release.
    hidden: boundaries of the attributes that are hidden; in other scopes none.
    alone: whether the encoder's answers are released without having been asked for.
    """
    self._recipe, self._generator = recipe, generator
    self._alone = None
    if alone:
      names = tuple(boundary.name for boundary in hidden)
      public = dataclasses.replace(recipe, attributes=names)
      name = checkpoint_facts(recipe.checkpoint, generator)["name"]
      self._alone = encoder_alone(public, generator, name)
    told = [weakness(hidden), self._alone, loud_rest(prepared, generator)]
    if not recipe.codes_given and recipe.inversion.steps != 0:
      told.append(missing_likeness(recipe.inversion, generator))
    self.notes = tuple(filter(None, told))

  def typed(self, photos: str, output: str) -> str | None:
    """The notes for their reader at the start, commands as they are to be typed; None if there are none.

    Args:
      photos, output: what `--input` and `--output_dir` are to be in them.
    """
    notes = list(self.notes)
    if self._alone:
      recipe = self._recipe
      typed = encoder_alone(recipe, self._generator, recipe.checkpoint, photos, output)
      notes[notes.index(self._alone)] = typed
    return "\n".join(notes) or None


def encoder_alone(
  recipe: Recipe, generator: Any, checkpoint: str, photos: str = "PHOTOS", output: str = "FOLDER"
) -> str:
  """To who releases what the encoder reads without having asked for it: how the person is kept.

  Args:
    recipe: of the job.
    generator: its `Generator`.
    checkpoint: what the command is to call it; a page that is published gets the name alone.
    photos, output: likewise, of `--input` and `--output_dir`.
  """
  if not keeps_people(generator):
    return _ALONE + _SEARCHED_FIRST
  delta = PRESETS["likeness"].delta
  epsilons = ",".join(f"{value:g}" for value in recipe.privacy.epsilons)
  command = (
    f"python run_privatize.py --input={photos} --checkpoint={checkpoint} "
    f"--attribute={','.join(recipe.attributes)} --preset=likeness --epsilon={epsilons} "
    f"--output_dir={output}"
  )
  first = "" if faceres_at_hand() else f"{FETCHED_BY} (29 MB, once), then "
  return (
    f"{_ALONE}To keep the person: {first}{command} (about {LIKENESS_SECONDS} s of a core a face, and a delta "
    f"of {delta:g}, which a ledger's budget must allow: --budget_delta)."
  )
