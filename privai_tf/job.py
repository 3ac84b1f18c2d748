"""What the main job is asked to do, and what it did."""

import dataclasses
import pathlib

from privai_tf.errors import ConfigurationError
from privai_tf.inversion.spec import InversionSpec
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime.files import require_apart


@dataclasses.dataclass(frozen=True)
class Budget:
  """Whose budget a run charges, and where.

  Attributes:
    ledger: path of the SQLite ledger.
    epsilon, delta: the budget that a subject without one is granted; None grants nothing.
    composition: how the releases of that budget add up: "basic", "adaptive" or "planned".
    subject_id: the subject of every input; None takes a keyed hash of each input's content.
  """

  ledger: pathlib.Path
  epsilon: float | None = None
  delta: float = 0.0
  composition: str = "basic"
  subject_id: str | None = None


@dataclasses.dataclass(frozen=True)
class Job:
  """Everything that a run needs to know.

  Attributes:
    checkpoint: a converted folder, an official pickle, or a name in `checkpoints/`.
    attributes: names of the boundaries of a named checkpoint, or paths of boundary files.
    privacy: the guarantee asked for.
    output_dir: the publishable folder.
    input: a picture, folder or glob; None with no `input_latents` renders avatar portraits.
    input_latents: `.npy` of codes in `inversion.latent_space`, instead of pictures.
    num_portraits, portrait_seed: the demo's faces.
    inversion: how codes are found.
    private_dir: the owner's folder, None writes none.
    save_latents: whether `private_dir` gets the codes.
    overwrite: whether finished releases are made anew.
    budget: the ledger to charge, None charges none.
    batch_size: inputs that go through the stages together.
  """

  checkpoint: str
  attributes: tuple[str, ...]
  privacy: PrivacySpec
  output_dir: pathlib.Path
  input: str | None = None
  input_latents: str | None = None
  num_portraits: int = 8
  portrait_seed: int = 0
  inversion: InversionSpec = dataclasses.field(default_factory=InversionSpec)
  private_dir: pathlib.Path | None = None
  save_latents: bool = False
  overwrite: bool = False
  budget: Budget | None = None
  batch_size: int = 8

  def __post_init__(self):
    if self.input is not None and self.input_latents is not None:
      raise ConfigurationError("--input and --input_latents exclude each other; give one")
    if self.private_dir is not None:
      require_apart(self.output_dir, self.private_dir)
    if self.budget is not None and not self.privacy.private:
      cause = "--noise_seed" if self.privacy.noise_seed is not None else self.privacy.mechanism
      raise ConfigurationError(
        f"{cause} gives no guarantee that a ledger could charge; drop {cause} or --ledger"
      )
    if self.batch_size < 1:
      raise ConfigurationError(f"batch_size is {self.batch_size}; it must be at least 1")


@dataclasses.dataclass(frozen=True)
class Summary:
  """What a run did.

  Attributes:
    released: names released now.
    kept: names finished by an earlier run.
    failures: one line an input that could not be released.
    statement: the guarantee in words, None if nothing was released now.
    report, comparison: the pages written.
  """

  released: tuple[str, ...]
  kept: tuple[str, ...]
  failures: tuple[str, ...]
  statement: str | None
  report: pathlib.Path
  comparison: pathlib.Path | None
