"""Hides an attribute of faces, with a stated differential-privacy guarantee.

  python run_privatize.py --input=photo.png --attribute=smile --epsilon=1 --output_dir=out

Without --input, avatar portraits are rendered afresh and privatized: the demo.
"""

import pathlib
import sys

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import command
from privai_tf.runtime.startup import start_tensorflow

_INPUT = flags.DEFINE_string(
  "input", None, "A picture, a folder of pictures or a glob; without it, avatar portraits."
)
_INPUT_LATENTS = flags.DEFINE_string(
  "input_latents", None, "A .npy of codes [n, d] or [n, L, d] in --latent_space; skips inversion."
)
_NUM_PORTRAITS = flags.DEFINE_integer(
  "num_portraits", 8, "How many avatar portraits the demo renders.", lower_bound=1
)
_CHECKPOINT = flags.DEFINE_string(
  "checkpoint", "avatars", "A name in checkpoints/, a converted folder or an official .pkl file."
)
_ATTRIBUTE = flags.DEFINE_list(
  "attribute", ["smile"], "Attributes to hide: names of the checkpoint's boundaries or .npy files."
)
_LATENT_SPACE = flags.DEFINE_enum(
  "latent_space", "W", ["W", "W+", "Z"], "The space that codes live in."
)
_WPLUS_MODE = flags.DEFINE_enum(
  "wplus_mode",
  "tied",
  ["tied", "per_layer"],
  "Whether W+ releases one coordinate for all layers or one a layer.",
)
_MECHANISM = flags.DEFINE_string(
  "mechanism", "laplace", "The privacy mechanism; see docs/privacy.md."
)
_SCOPE = flags.DEFINE_enum(
  "scope", "attribute", ["attribute", "image", "metric"], "What the guarantee covers."
)
_EPSILON = flags.DEFINE_list(
  "epsilon", ["1"], "Epsilon, above 0: one number, or one for each attribute."
)
_DELTA = flags.DEFINE_float("delta", 0.0, "Delta, at least 0 and below 1; 0 for pure mechanisms.")
_CLIP_RADIUS = flags.DEFINE_float(
  "clip_radius", None, "Clip radius in latent units; default: from generated samples."
)
_CLIP_QUANTILE = flags.DEFINE_float(
  "clip_quantile", 0.99, "Share of generated samples that the clip radius holds."
)
_COMPONENTS = flags.DEFINE_integer(
  "components",
  None,
  "Directions that scopes image and metric release; default: 99% of the variance.",
  lower_bound=1,
)
_NOISE_SEED = flags.DEFINE_integer(
  "noise_seed", None, "Makes the run a reproducible simulation WITHOUT any guarantee."
)
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "The folder that may be published.")
_PRIVATE_DIR = flags.DEFINE_string(
  "private_dir", None, "A folder for the owner's eyes only: comparison page, quality, timings."
)
_SAVE_LATENTS = flags.DEFINE_bool("save_latents", False, "Keep the codes in --private_dir.")
_OVERWRITE = flags.DEFINE_bool(
  "overwrite", False, "Release finished inputs again (each release costs privacy again)."
)
_BATCH_SIZE = flags.DEFINE_integer(
  "batch_size", 8, "Inputs that go through the stages together.", lower_bound=1
)
_STEPS = flags.DEFINE_integer("steps", None, "Optimization steps of the inversion.", lower_bound=1)
_LEARNING_RATE = flags.DEFINE_float("learning_rate", None, "Peak learning rate of the inversion.")
_OPTIMIZER = flags.DEFINE_string("optimizer", "adam", "A Keras optimizer, for the inversion.")
_PERCEPTUAL = flags.DEFINE_enum(
  "perceptual", "auto", ["auto", "vgg16", "none"], "Perceptual loss of the inversion."
)
_VGG16_WEIGHTS = flags.DEFINE_string("vgg16_weights", None, "VGG16 weights as Keras stores them.")
_JIT = flags.DEFINE_enum(
  "jit", "auto", ["auto", "on", "off"], "XLA; auto: on for GPU and TPU, off for CPU."
)
_SEED = flags.DEFINE_integer(
  "seed", 0, "Of the demo's portraits and the inversion's start, never of the noise.", lower_bound=0
)
_LEDGER = flags.DEFINE_string("ledger", None, "SQLite file that records what every subject spent.")
_BUDGET_EPSILON = flags.DEFINE_float(
  "budget_epsilon", None, "Budget granted to subjects that the ledger does not know."
)
_BUDGET_DELTA = flags.DEFINE_float("budget_delta", 0.0, "Delta of that budget.")
_COMPOSITION = flags.DEFINE_enum(
  "composition",
  "basic",
  ["basic", "adaptive", "planned"],
  "How the releases of that budget add up; see docs/privacy.md.",
)
_SUBJECT_ID = flags.DEFINE_string(
  "subject_id", None, "Whose budget is charged; default: a keyed hash of each input's pixels."
)

flags.mark_flag_as_required("output_dir")


def _needs(flag: str, others: list[str]) -> None:
  """`others` mean nothing without `flag`."""

  @flags.multi_flags_validator(
    [flag, *others], message=f"{', '.join('--' + other for other in others)} need --{flag}"
  )
  def _check(values):
    return values[flag] is not None or not any(values[other] for other in others)


_needs("private_dir", ["save_latents"])
_needs("ledger", ["budget_epsilon", "budget_delta", "subject_id"])


def _epsilons() -> float | tuple[float, ...]:
  try:
    values = tuple(float(text) for text in _EPSILON.value)
  except ValueError:
    raise ConfigurationError(
      f"--epsilon={','.join(_EPSILON.value)}: give one number, or one for each attribute"
    ) from None
  if not values:
    raise ConfigurationError("--epsilon is empty; give one number, or one for each attribute")
  return values[0] if len(values) == 1 else values


def _job():
  """The job that the flags ask for."""
  from privai_tf.inversion.spec import InversionSpec
  from privai_tf.job import Budget, Job
  from privai_tf.privacy.spec import PrivacySpec

  chosen = {"steps": _STEPS.value, "learning_rate": _LEARNING_RATE.value}
  inversion = InversionSpec(
    latent_space=_LATENT_SPACE.value,
    optimizer=_OPTIMIZER.value,
    batch_size=_BATCH_SIZE.value,
    perceptual=_PERCEPTUAL.value,
    vgg16_weights=_VGG16_WEIGHTS.value,
    jit=_JIT.value,
    seed=_SEED.value,
    **{name: value for name, value in chosen.items() if value is not None},
  )
  privacy = PrivacySpec(
    mechanism=_MECHANISM.value,
    scope=_SCOPE.value,
    epsilon=_epsilons(),
    delta=_DELTA.value,
    wplus_mode=_WPLUS_MODE.value,
    clip_radius=_CLIP_RADIUS.value,
    clip_quantile=_CLIP_QUANTILE.value,
    components=_COMPONENTS.value,
    noise_seed=_NOISE_SEED.value,
  )
  budget = None
  if _LEDGER.value is not None:
    budget = Budget(
      ledger=pathlib.Path(_LEDGER.value),
      epsilon=_BUDGET_EPSILON.value,
      delta=_BUDGET_DELTA.value,
      composition=_COMPOSITION.value,
      subject_id=_SUBJECT_ID.value,
    )
  return Job(
    checkpoint=_CHECKPOINT.value,
    attributes=tuple(_ATTRIBUTE.value),
    privacy=privacy,
    output_dir=pathlib.Path(_OUTPUT_DIR.value),
    input=_INPUT.value,
    input_latents=_INPUT_LATENTS.value,
    num_portraits=_NUM_PORTRAITS.value,
    portrait_seed=_SEED.value,
    inversion=inversion,
    private_dir=pathlib.Path(_PRIVATE_DIR.value) if _PRIVATE_DIR.value else None,
    save_latents=_SAVE_LATENTS.value,
    overwrite=_OVERWRITE.value,
    budget=budget,
    batch_size=_BATCH_SIZE.value,
  )


def _tell(summary) -> None:
  """What was done, in a few lines, and where it is."""
  for failure in summary.failures:
    print(failure, file=sys.stderr)
  if summary.statement:
    print(summary.statement)
  kept = f", {len(summary.kept)} kept from an earlier run" if summary.kept else ""
  failed = f", {len(summary.failures)} failed" if summary.failures else ""
  print(f"{len(summary.released)} released{kept}{failed}.")
  print(f"To publish:      {summary.report}")
  if summary.comparison:
    print(f"For your eyes:   {summary.comparison}")


def main(_: list[str]) -> int:
  job = _job()  # Bad settings are told at once, before TensorFlow is loaded.
  start_tensorflow()

  from privai_tf import pipeline
  from privai_tf.runtime.progress import progress_bar

  with progress_bar("Privatizing") as progress:
    summary = pipeline.run(job, progress)
  _tell(summary)
  return 1 if summary.failures else 0


if __name__ == "__main__":
  command.run(main)
