"""The flags of the main job, and the `Job` that they ask for. Imports nothing heavy."""

import pathlib

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.faces import flags as face_flags
from privai_tf.inversion import flags as inversion_flags
from privai_tf.jobs import privacy_flags
from privai_tf.runtime import command_help
from privai_tf.runtime.shared_flags import shared_flag
from privai_tf.runtime.stores import StorePath, is_url, place

flags.adopt_module_key_flags(privacy_flags)
flags.adopt_module_key_flags(face_flags)
# Noise maps take on details of the photo; the batch and the seed are the whole job's.
inversion_flags.define(without=("batch_size", "noise_maps", "seed"))


class _OnceFlag(flags.Flag):
  """A flag that keeps no last value in silence where it is given twice."""

  def parse(self, argument):
    if self.present:
      raise flags.IllegalFlagValueError(
        f"--{self.name} is given twice; name a folder, a glob or @FILE with a path a line"
      )
    super().parse(argument)


_INPUT = flags.DEFINE_flag(
  _OnceFlag(
    flags.ArgumentParser(),
    flags.ArgumentSerializer(),
    "input",
    None,
    "A picture, a folder or a glob of pictures, TFRecords likewise, or @FILE with a path a line, or the "
    "URL of such (s3://...); without it, avatar portraits.",
  )
)
_INPUT_LATENTS = shared_flag(
  "input_latents", "A .npy of codes [n, d] or [n, L, d] in --latent_space; skips inversion."
)
_NUM_PORTRAITS = shared_flag("num", "How many avatar portraits the demo renders.", default=8)
_PASTE_BACK = flags.DEFINE_bool(
  "paste_back", False, "Publish the whole photo with the privatized faces pasted into it."
)
_CHECKPOINT = shared_flag(
  "checkpoint",
  "A name in checkpoints/, a converted folder, an official .pkl file, or the URL of one (s3://...).",
)
_ATTRIBUTE = shared_flag(
  "attribute",
  "Attributes to hide: names of the checkpoint's boundaries or .npy files.",
  default=["smile"],
)
_OUTPUT_DIR = shared_flag("output_dir", "The folder that may be published, or its URL (s3://...).")
_PRIVATE_DIR = flags.DEFINE_string(
  "private_dir", None, "A folder for the owner's eyes only: comparison page, quality, timings."
)
_STATE_DIR = flags.DEFINE_string(
  "state_dir",
  None,
  "The private folder from which a killed job goes on, where it is not to be --output_dir with .state "
  "appended; a symbolic link there leads to it.",
)
_OUTPUT_FORMAT = flags.DEFINE_enum(
  "output_format", "png", ["png", "tfrecord"], "A file for each result, or TFRecords of many."
)
_RECORDS_PER_FILE = flags.DEFINE_integer(
  "records_per_file", 500, "Results in each TFRecord file.", lower_bound=1
)
_SAVE_LATENTS = flags.DEFINE_bool("save_latents", False, "Keep the codes in --private_dir.")
_OVERWRITE = flags.DEFINE_bool(
  "overwrite",
  False,
  "Release finished inputs again. Each release costs privacy again, and choosing among several while "
  "looking at the original is covered by no guarantee.",
)
_RETRY_FAILURES = flags.DEFINE_bool(
  "retry_failures",
  False,
  "Try only those inputs that failures.csv in --private_dir names, of which nothing is published.",
)
_BATCH_SIZE = shared_flag("batch_size", "Inputs that go through the stages together.", default=8)
_NUM_SHARDS = flags.DEFINE_integer(
  "num_shards", 1, "Processes that share the inputs.", lower_bound=1
)
_SHARD_INDEX = flags.DEFINE_integer(
  "shard_index", 0, "Which of them this is, from 0.", lower_bound=0
)
_MAX_ERRORS = flags.DEFINE_integer(
  "max_errors",
  None,
  "Give up after more failed inputs than this; stand-ins do not count.",
  lower_bound=0,
)
_NUM_READERS = flags.DEFINE_integer(
  "num_readers",
  2,
  "Threads that decode pictures ahead, and as many that write them.",
  lower_bound=1,
)
_TENSORBOARD = flags.DEFINE_string(
  "tensorboard", None, "A private folder for TensorBoard: losses, PSNR, throughput."
)
_PUBLIC_CODES = shared_flag(
  "public_codes",
  "Codes of generated pictures that the split of codes is fitted on, at least; made once and kept. "
  "Default: what is there, else 4096 of an encoder, 1024 of a search.",
)
_SEED = shared_flag(
  "seed", "Of the demo's portraits and the inversion's start, never of the noise."
)
_LEDGER = shared_flag(
  "ledger",
  "What records what every subject spent: a SQLite file, or postgresql://USER@HOST/DATABASE.",
)
_CREATE_LEDGER = shared_flag("create_ledger")
_BUDGET_EPSILON = shared_flag(
  "budget_epsilon", "Budget granted to subjects that the ledger does not know."
)
_BUDGET_DELTA = shared_flag("budget_delta", "Delta of that budget.")
_COMPOSITION = shared_flag(
  "composition", "How the releases of that budget add up; see docs/privacy.md."
)
_SUBJECT_ID = shared_flag(
  "subject_id", "Whose budget is charged; default: a keyed hash of each input's pixels."
)

flags.mark_flag_as_required("output_dir")

flags.DEFINE_alias("num_portraits", "num")

command_help.first(
  "input",
  "output_dir",
  "attribute",
  "scope",
  "epsilon",
  "checkpoint",
  "private_dir",
  "ledger",
  "create_ledger",
  "budget_epsilon",
  "subject_id",
)
command_help.group("Budgets", ("budget_delta", "composition"))
command_help.group(
  "Large jobs",
  ("num_shards", "shard_index", "batch_size", "num_readers", "max_errors", "state_dir"),
)
command_help.group(
  "What is done again, and what is written",
  ("overwrite", "retry_failures", "output_format", "records_per_file", "save_latents"),
)


def _needs(flag: str, others: list[str]) -> None:
  """`others` mean nothing without `flag`."""

  @flags.multi_flags_validator(
    [flag, *others], message=f"{', '.join('--' + other for other in others)} need --{flag}"
  )
  def _check(values):
    return values[flag] is not None or not any(values[other] for other in others)


def _without_effect(flag: str, others: str, reason: str) -> None:
  """Refuses a flag that was given and would be ignored."""
  if flags.FLAGS[flag].present:
    raise ConfigurationError(f"--{flag} with {others}: {reason}; leave it out")


_needs("private_dir", ["save_latents", "retry_failures"])
_needs("ledger", ["create_ledger", "budget_epsilon", "budget_delta", "subject_id"])


def _path(value: str | None) -> pathlib.Path | StorePath | None:
  return place(value) if value else None


def job_from_flags():
  """The job that the flags ask for.

  Raises:
    ConfigurationError: if flags contradict one another, or codes are asked for by URL.
  """
  from privai_tf.jobs.job import Budget, Job, Shard
  from privai_tf.privacy.ledger.database_url import location

  inversion = inversion_flags.spec_from_flags(seed=_SEED.value)
  if _INPUT.value is not None or _INPUT_LATENTS.value is not None:
    _without_effect("num", "--input or --input_latents", "the demo's faces are not drawn")
  if is_url(_INPUT_LATENTS.value):
    raise ConfigurationError(
      f"--input_latents={_INPUT_LATENTS.value}: codes are read from a file of this machine; copy it there"
    )
  privacy = privacy_flags.privacy_spec(inversion.latent_space, pasted_back=_PASTE_BACK.value)
  if _INPUT_LATENTS.value is not None:
    _without_effect("encoder", "--input_latents", "codes are given")
  if privacy.scope != "attribute":
    _without_effect("attribute", f"--scope={privacy.scope}", "the whole face is protected")
  budget = None
  if _LEDGER.value is not None:
    budget = Budget(
      ledger=location(_LEDGER.value),
      epsilon=_BUDGET_EPSILON.value,
      delta=_BUDGET_DELTA.value,
      composition=_COMPOSITION.value,
      subject_id=_SUBJECT_ID.value,
      create=_CREATE_LEDGER.value,
    )
  return Job(
    checkpoint=_CHECKPOINT.value,
    attributes=tuple(_ATTRIBUTE.value),
    privacy=privacy,
    output_dir=place(_OUTPUT_DIR.value),
    input=_INPUT.value,
    input_latents=_INPUT_LATENTS.value,
    num_portraits=_NUM_PORTRAITS.value,
    portrait_seed=_SEED.value,
    faces=face_flags.spec_from_flags(),
    inversion=inversion,
    public_codes=_PUBLIC_CODES.value,
    private_dir=_path(_PRIVATE_DIR.value),
    save_latents=_SAVE_LATENTS.value,
    state_dir=_path(_STATE_DIR.value),
    output_format=_OUTPUT_FORMAT.value,
    records_per_file=_RECORDS_PER_FILE.value,
    overwrite=_OVERWRITE.value,
    budget=budget,
    batch_size=_BATCH_SIZE.value,
    shard=Shard(_SHARD_INDEX.value, _NUM_SHARDS.value),
    retry_failures=_RETRY_FAILURES.value,
    max_errors=_MAX_ERRORS.value,
    readers=_NUM_READERS.value,
    tensorboard=_path(_TENSORBOARD.value),
    preset=privacy_flags.preset_name(),
  )
