"""What the main job is asked to do: all of it, as its flags say it.

Whoever runs a job has it whole; each stage gets the part that it needs, see `parts`.
"""

import dataclasses
import pathlib

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.failures import SKIP, STAND_IN
from privai_tf.jobs.parts import Budget, Publication, Recipe, Shard, Sources
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime.places import require_apart
from privai_tf.runtime.stores import StorePath

OUTPUT_FORMATS = ("png", "tfrecord")


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
      there is, see `privai_tf.inversion.public_codes`; 0: the generator's own samples stand in.
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
    """What becomes of an input that cannot be used; see `Recipe.on_failure`."""
    return self.recipe.on_failure

  @property
  def manifest_dir(self) -> pathlib.Path | StorePath:
    """The place of the manifest; see `Publication.manifest_dir`."""
    return self.publication.manifest_dir

  @property
  def sources(self) -> Sources:
    """The part that finds the inputs."""
    return Sources(self.input, self.input_latents, self.num_portraits, self.portrait_seed)

  @property
  def recipe(self) -> Recipe:
    """The part that decides what is drawn."""
    return Recipe(
      checkpoint=self.checkpoint,
      attributes=self.attributes,
      privacy=self.privacy,
      faces=self.faces,
      inversion=self.inversion,
      public_codes=self.public_codes,
      batch_size=self.batch_size,
      codes_given=self.input_latents is not None,
      recorded=self.private_dir is not None,
      measured=self.private_dir is not None or self.tensorboard is not None,
      output_format=self.output_format,
      preset=self.preset,
    )

  @property
  def publication(self) -> Publication:
    """The part that says where results go, and what is remembered of them."""
    return Publication(
      output_dir=self.output_dir,
      output_format=self.output_format,
      records_per_file=self.records_per_file,
      overwrite=self.overwrite,
      shard=self.shard,
      private_dir=self.private_dir,
      save_latents=self.save_latents,
      state_dir=self.state_dir,
    )
