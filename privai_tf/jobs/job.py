"""What the main job is asked to do, and what it did. Small and picklable: workers get it whole."""

import dataclasses
import hashlib
import pathlib

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.failures import SKIP, STAND_IN
from privai_tf.privacy.ledger.database_url import Location
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime.places import require_apart
from privai_tf.runtime.stores import StorePath

OUTPUT_FORMATS = ("png", "tfrecord")
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
class Job:
  """Everything that a run needs to know.

  Attributes:
    checkpoint: a converted folder, an official pickle, or a name in `checkpoints/`.
    attributes: names of the boundaries of a named checkpoint, or paths of boundary files.
    privacy: the guarantee asked for; its `pasted_back` says whether faces return to their frames, and
      its `inputs` what becomes of inputs that fail (see `on_failure`).
    output_dir: the publishable folder, or its URL in a store.
    input: pictures or TFRecords, see `inputs.find_items`; None with no `input_latents` renders
      avatar portraits.
    input_latents: `.npy` of codes in `inversion.latent_space`, instead of pictures.
    num_portraits, portrait_seed: the demo's faces.
    faces: which faces of a photo are taken, and how they are aligned.
    inversion: how codes are found.
    public_codes: how many codes of generated pictures the split is fitted on, at least; None: what
      there is, see `privai_tf.inversion.public_codes`.
    private_dir: the owner's folder, None writes none.
    save_latents: whether `private_dir` gets the codes.
    state_dir: where what the job remembers is kept; a link at `manifest_dir` leads there. None: there
      itself, or where an earlier run's link leads.
    output_format: "png" or "tfrecord".
    records_per_file: results in each TFRecord file.
    overwrite: whether finished releases are made anew.
    budget: the ledger to charge, None charges none.
    batch_size: faces that go through the stages together.
    shard: the part of the inputs that is this process's.
    retry_failures: whether only what `failures.csv` of an earlier run names is tried.
    max_errors: inputs without any output after which a run gives up; None never does.
    readers: threads that decode and align ahead of the accelerator, and as many that encode and
      write behind it.
    tensorboard: folder of TensorBoard scalars (private), None writes none.
    preset: the name of the advised settings that `privacy` comes from, None for none.
  """

  checkpoint: str
  attributes: tuple[str, ...]
  privacy: PrivacySpec
  output_dir: pathlib.Path | StorePath
  input: str | None = None
  input_latents: str | None = None
  num_portraits: int = 8
  portrait_seed: int = 0
  faces: FaceSpec = dataclasses.field(default_factory=FaceSpec)
  inversion: InversionSpec = dataclasses.field(default_factory=InversionSpec)
  public_codes: int | None = None
  private_dir: pathlib.Path | None = None
  save_latents: bool = False
  state_dir: pathlib.Path | StorePath | None = None
  output_format: str = "png"
  records_per_file: int = 500
  overwrite: bool = False
  budget: Budget | None = None
  batch_size: int = 8
  shard: Shard = dataclasses.field(default_factory=Shard)
  retry_failures: bool = False
  max_errors: int | None = None
  readers: int = 2
  tensorboard: pathlib.Path | None = None
  preset: str | None = None

  def __post_init__(self):
    # One decision, which the guarantee's statement and the choice of faces both depend on.
    faces = dataclasses.replace(self.faces, paste_back=self.paste_back)
    object.__setattr__(self, "faces", faces)
    if self.input is not None and self.input_latents is not None:
      raise ConfigurationError("--input and --input_latents exclude each other; give one")
    self._check_urls()
    for private in (self.private_dir, self.state_dir, self.tensorboard):
      if private is not None:
        require_apart(self.output_dir, private)
    if self.budget is not None and not self.privacy.private:
      cause = "--noise_seed" if self.privacy.noise_seed is not None else self.privacy.mechanism
      raise ConfigurationError(
        f"{cause} gives no guarantee that a ledger could charge; drop {cause} or --ledger"
      )
    if self.paste_back and self.input_latents is not None:
      raise ConfigurationError("--input_latents has no frames to paste into; drop --paste_back")
    self._check_choice_of_faces()
    if self.retry_failures and (self.private_dir is None or self.overwrite):
      raise ConfigurationError(
        "--retry_failures needs the --private_dir of the run whose failures it tries again, and no "
        "--overwrite, which would release everything else anew"
      )
    if self.output_format not in OUTPUT_FORMATS:
      raise ConfigurationError(
        f"output_format is {self.output_format!r}; use one of {', '.join(OUTPUT_FORMATS)}"
      )
    for name in ("batch_size", "readers", "records_per_file"):
      if getattr(self, name) < 1:
        raise ConfigurationError(f"{name} is {getattr(self, name)}; it must be at least 1")

  def _check_urls(self) -> None:
    """What is written to a store is written once, and what is the owner's is on no store."""
    for flag in ("private_dir", "tensorboard"):
      if isinstance(getattr(self, flag), StorePath):
        raise ConfigurationError(
          f"--{flag}={getattr(self, flag)} holds what is nobody else's; name a local folder"
        )
    store = isinstance(self.output_dir, StorePath)
    if self.state_dir is not None and isinstance(self.state_dir, StorePath) != store:
      raise ConfigurationError(
        f"--state_dir={self.state_dir} with --output_dir={self.output_dir}: both are on this machine, or both "
        "are URLs"
      )
    if store and self.overwrite:
      raise ConfigurationError(
        f"--overwrite with --output_dir={self.output_dir}: what is put there is put there once; choose another "
        "--output_dir"
      )
    if store and self.output_format != "png":
      raise ConfigurationError(
        f"--output_format={self.output_format} with --output_dir={self.output_dir}: a store gets pictures; drop "
        "--output_format, or name a local folder"
      )

  def _check_choice_of_faces(self) -> None:
    """Where the whole photo is protected, no output's existence may tell how many faces it has."""
    if self.privacy.scope == "attribute":
      return
    if self.faces.faces == "all":
      raise ConfigurationError(
        f"--faces=all with --scope={self.privacy.scope} would publish how many faces a photo has; "
        "leave it out, or use --scope=attribute"
      )
    if self.faces.index and self.on_failure == SKIP:
      raise ConfigurationError(
        f"--faces={self.faces.index} with --scope={self.privacy.scope} and --on_failure={SKIP} would "
        f"publish which photos have so many faces; use --on_failure={STAND_IN}, or leave --faces out"
      )

  @property
  def paste_back(self) -> bool:
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

  @property
  def manifest_dir(self) -> pathlib.Path | StorePath:
    """The place of the manifest, which follows from the output folder alone."""
    output_dir = self.output_dir.resolve()
    return output_dir.parent / f"{output_dir.name}.state"


@dataclasses.dataclass(frozen=True)
class Summary:
  """What a run did.

  Attributes:
    released: names released now.
    kept: how many inputs were finished by an earlier run.
    failures: one line an input that could not be released as it is.
    stand_ins: for how many of these a stand-in is published.
    statement: the guarantee in words, None if nothing was released now.
    report, comparison: the pages written.
    gave_up: whether `max_errors` ended the run.
    looked_at, unlike: see `Tally`.
    searched: whether codes were searched for, or taken as the encoder gives them.
  """

  released: tuple[str, ...]
  kept: tuple[str, ...]
  failures: tuple[str, ...]
  statement: str | None
  report: pathlib.Path
  comparison: pathlib.Path | None
  gave_up: bool = False
  stand_ins: int = 0
  looked_at: int = 0
  unlike: int = 0
  searched: bool = True

  @property
  def text(self) -> str:
    """What was done, in a few lines, and where it is."""
    kept = f", {len(self.kept)} kept from an earlier run" if self.kept else ""
    failed = f", {len(self.failures)} failed" if self.failures else ""
    failed += f" ({self.stand_ins} of them published as stand-ins)" if self.stand_ins else ""
    lines = [self.statement] if self.statement else []
    lines.append(f"{len(self.released)} released{kept}{failed}.")
    if self.unlike and self.searched:
      lines.append(
        f"{self.unlike} of {self.looked_at} faces look unlike anything this generator draws: what is "
        "published there is another face than the photo's. Use a checkpoint that was trained on such "
        "photos (README, Checkpoints), and look at --private_dir's page before publishing."
      )
    elif self.unlike:
      lines.append(
        f"{self.unlike} of {self.looked_at} faces are read badly by the encoder alone: what is published "
        "there may be another face than the photo's. Search for their codes (--steps=50), or use a "
        "checkpoint that was trained on such photos (README, Checkpoints); look at --private_dir's "
        "page before publishing."
      )
    lines.append(f"To publish:      {self.report}")
    if self.comparison:
      lines.append(f"For your eyes:   {self.comparison}")
    return "\n".join(lines)
