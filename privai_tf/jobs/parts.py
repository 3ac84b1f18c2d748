"""The parts of a job: what each stage is given of it, so that it can be read and tested alone.

Small and picklable. `Job` makes them, and sees to it that they fit together.
"""

import dataclasses
import hashlib
import pathlib

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.failures import SKIP, STAND_IN
from privai_tf.privacy.ledger.database_url import Location
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime.stores import StorePath

SHARD_SUFFIX = r"(?:-(\d{5})-of-(\d{5}))?"  # What `Shard.suffix` gives, as a pattern.


@dataclasses.dataclass(frozen=True)
class Budget:
  """Whose budget a run charges, and where.

  Attributes:
    ledger: the SQLite file, or the URL of a PostgreSQL database.
    create: whether it is made if it is missing; else it must exist.
    epsilon, delta: the budget that a subject without one is granted; None grants nothing.
    composition: how the releases of that budget add up: "basic", "adaptive" or "planned".
    subject_id: the subject of every input; None takes a keyed hash of each input's content.
  """

  ledger: Location
  epsilon: float | None = None
  delta: float = 0.0
  composition: str = "basic"
  subject_id: str | None = None
  create: bool = False


@dataclasses.dataclass(frozen=True)
class Shard:
  """One of several equal parts of the inputs, for processes that share the work.

  An input's part follows from a hash of its name, so that two inputs of one name (from TFRecords)
  meet in one part, and an input stays in its part when others come or go.

  Attributes:
    index: 0 to count - 1.
    count: number of parts, at least 1.
  """

  index: int = 0
  count: int = 1

  def __post_init__(self):
    if self.count < 1 or not 0 <= self.index < self.count:
      raise ConfigurationError(
        f"shard_index is {self.index} with num_shards {self.count}; indices go from 0 to "
        "num_shards - 1"
      )

  def holds(self, name: str) -> bool:
    """Whether an input of this name is in this part."""
    if self.count == 1:
      return True
    # Names that differ in nothing but case meet on some file systems: one manifest must know both.
    digest = hashlib.sha256(name.casefold().encode()).digest()
    return int.from_bytes(digest[:8], "big") % self.count == self.index

  @property
  def suffix(self) -> str:
    """What tells this part's files from the others'; empty for a whole."""
    return "" if self.count == 1 else f"-{self.index:05d}-of-{self.count:05d}"


@dataclasses.dataclass(frozen=True)
class Sources:
  """Where the inputs come from; the attributes are those of `Job`."""

  input: str | None = None
  input_latents: str | None = None
  num_portraits: int = 8
  portrait_seed: int = 0


@dataclasses.dataclass(frozen=True)
class Recipe:
  """What decides what is drawn of an input.

  Attributes:
    checkpoint, attributes, privacy, faces, inversion, public_codes, batch_size: those of `Job`.
    codes_given: whether the inputs are codes, which nobody has to find.
    recorded: whether the owner's folder gets a record of every face.
    measured: whether the owner is told how well every code was found.
    output_format, preset: decide no pixel; releases of others do not go into one folder.
  """

  checkpoint: str
  attributes: tuple[str, ...]
  privacy: PrivacySpec
  faces: FaceSpec = dataclasses.field(default_factory=FaceSpec)
  inversion: InversionSpec = dataclasses.field(default_factory=InversionSpec)
  public_codes: int | None = None
  batch_size: int = 8
  codes_given: bool = False
  recorded: bool = False
  measured: bool = False
  output_format: str = "png"
  preset: str | None = None

  @property
  def pasted_back(self) -> bool:
    """Whether privatized faces return to their frames; the guarantee's statement says so."""
    return self.privacy.pasted_back

  @property
  def on_failure(self) -> str:
    """What becomes of an input that cannot be used: "stand-in" or "skip".

    It follows from the promise: one about any two inputs needs an output of each. One about an
    attribute leaves open what else an output shows.
    """
    about_any = self.privacy.scope != "attribute" and self.privacy.inputs == "any"
    return STAND_IN if about_any else SKIP


@dataclasses.dataclass(frozen=True)
class Publication:
  """Where results go, and what is remembered of them; the attributes are those of `Job`."""

  output_dir: pathlib.Path | StorePath
  output_format: str = "png"
  records_per_file: int = 500
  overwrite: bool = False
  shard: Shard = dataclasses.field(default_factory=Shard)
  private_dir: pathlib.Path | None = None
  save_latents: bool = False
  state_dir: pathlib.Path | StorePath | None = None

  @property
  def manifest_dir(self) -> pathlib.Path | StorePath:
    """The place of the manifest, which follows from the output folder alone."""
    output_dir = self.output_dir.resolve()
    return output_dir.parent / f"{output_dir.name}.state"
