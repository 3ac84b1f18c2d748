"""The faces of the experiments: generated, so public, and inverted as a photo would be.

A code is what the release path (the encoder, without a search) makes of a generated picture, or the
generator's own, as releases of given codes have it (then nothing is drawn, which for pictures of 1024
x 1024 saves hours). Its label is the side of the attribute's boundary on which it lies, which is what
a release hides. Releases are calibrated on other faces than those that are attacked.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.boundary_files import attribute_in_name, shipped_boundaries
from privai_tf.attributes.sources import load_boundaries
from privai_tf.errors import InputError
from privai_tf.inversion.public_codes import public_codes, public_pictures
from privai_tf.inversion.spec import InversionSpec
from privai_tf.privacy.audit.residual import sides_of
from privai_tf.privacy.public_codes import PublicCodes, sampled_codes
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime.progress import progress_bar

# Pictures of other seeds than those that releases are fitted on: as `audit --rest` has them.
_SEED = 2**30
_FOLDS = 2
_GIVEN_CALIBRATION = 10_000


@dataclasses.dataclass(frozen=True, eq=False)
class Faces:
  """A checkpoint, and generated faces to release and attack.

  Attributes:
    generator: a `privai_tf.Generator`.
    path: how pictures are inverted.
    calibration: public codes that releases are fitted on.
    codes: float32 [n, d] or [n, L, d], of other pictures.
    given: whether they are the generator's own.
  """

  generator: Any
  path: InversionSpec
  calibration: PublicCodes
  codes: np.ndarray
  given: bool = False
  _boundaries: dict[str, Boundary] = dataclasses.field(default_factory=dict, repr=False)

  @property
  def latent_space(self) -> str:
    """Of the codes."""
    return self.path.latent_space

  def boundary(self, attribute: str) -> Boundary:
    """The checkpoint's boundary of an attribute (or of a file, see `boundary_source`)."""
    if attribute not in self._boundaries:
      name = self.generator.folder.name if self.generator.folder else ""
      (found,) = load_boundaries([attribute], name, self.latent_space)
      found.require_generator(self.generator.fingerprint)
      self._boundaries[attribute] = found
    return self._boundaries[attribute]

  def labels(self, attribute: str) -> np.ndarray:
    """bool [n]: on which side of its boundary each code lies."""
    return sides_of(self.boundary(attribute), self.codes)

  def pictures(self, rows: np.ndarray) -> np.ndarray:
    """The pictures of which codes were made, float32 [len(rows), R, R, 3] in [-1, 1]."""
    if not self.given:
      return public_pictures(self.generator, rows, _SEED)
    images = self.generator.synthesize(self.codes[rows], latent_space=self.latent_space)
    return np.clip(np.asarray(images, np.float32), -1, 1)


def load_faces(
  checkpoint: str, count: int, latent_space: str | None = None, given: bool = False
) -> Faces:
  """Loads the checkpoint and its public codes; makes those that are missing, which are kept.

  Args:
    checkpoint: a name or a folder.
    count: faces to attack.
    latent_space: None: W where the checkpoint has it, else Z.
    given: whether to release the generator's own codes.

  Raises:
    CheckpointError, ConfigurationError, OutputError: see `public_codes`.
  """
  import privai_tf

  generator = privai_tf.load_generator(checkpoint)
  asked = InversionSpec(latent_space=latent_space, steps=0)
  path = asked.for_spaces(generator.latent_spaces)
  if given:
    space = path.latent_space
    seeds = (_GIVEN_CALIBRATION, PrivacySpec().calibration_seed), (count, _SEED)
    calibration, fresh = (sampled_codes(generator, space, *one) for one in seeds)
    return Faces(generator, path, calibration, fresh.codes, given=True)
  with progress_bar("public codes", unit="code") as progress:
    calibration = public_codes(generator, path, progress=progress)
  with progress_bar("faces to attack", unit="face") as progress:
    fresh = public_codes(generator, path, count=count, seed=_SEED, progress=progress)
  return Faces(generator, path, calibration, fresh.codes[:count])


def balanced(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
  """Rows, half of each label, in random order: a blind guess is right half of the time.

  Args:
    labels: bool [n].
    count: rows at most; fewer where the rarer label has not enough.
    seed: of the choice.

  Returns:
    int [m], m even.

  Raises:
    InputError: if a label has fewer than 20 faces.
  """
  random = np.random.default_rng(seed)
  sides = [np.flatnonzero(labels == value) for value in (True, False)]
  half = min(count // 2, *map(len, sides))
  if half < 20:
    raise InputError(
      f"{min(map(len, sides))} of {len(labels)} faces have one of the two labels, too few to attack; "
      "take more faces, or another attribute."
    )
  return random.permutation(np.concatenate([random.permutation(side)[:half] for side in sides]))


def folds(
  labels: Sequence[bool], seed: int = 0, count: int = _FOLDS
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Splits balanced rows: every face is tested once, by attackers trained on the other folds.

  Args:
    labels: bool [m], balanced.
    seed: of the splits.
    count: of folds; each trains its attackers with a seed of its own.

  Yields:
    Positions (trained, tested), each half of each label to within one.
  """
  labels = np.asarray(labels, bool)
  random = np.random.default_rng(seed)
  parts = [
    np.array_split(random.permutation(np.flatnonzero(labels == value)), count)
    for value in (True, False)
  ]
  for index in range(count):
    tested = np.concatenate([part[index] for part in parts])
    yield np.setdiff1d(np.arange(len(labels)), tested), tested


def attributes_of(checkpoint: str) -> tuple[str, ...]:
  """The attributes whose boundaries are shipped for a checkpoint, by name.

  Raises:
    InputError: if there are none.
  """
  found = shipped_boundaries(Path(checkpoint).name, "W") or shipped_boundaries(
    Path(checkpoint).name, "Z"
  )
  if not found:
    raise InputError(f"No boundaries are shipped for {checkpoint}: name them with --attribute.")
  return tuple(attribute_in_name(path.stem) for path in found)
