r"""Trains an attribute's boundary from latent codes and scores.

  python -m privai_tf.train_boundary --input_latents=samples/w.npy --scores=smile.npy \
      --latent_space=W --attribute=smile --checkpoint=avatars --output_dir=boundaries/mine

With --checkpoint the boundary also gets the public figures that the privacy mechanisms need.
"""

import dataclasses
import pathlib
import re
import sys
from typing import Any

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

_LATENT_CODES = shared_flag("input_latents", "A .npy of codes [n, d].")
_SCORES = flags.DEFINE_string(
  "scores", None, "A .npy of scores [n, 1] or [n]; higher: more of the attribute."
)
_LATENT_SPACE = shared_flag(
  "latent_space", "The space that the codes are from (W's boundaries serve W+).", values=("Z", "W")
)
_OUTPUT_DIR = shared_flag("output_dir", "Folder for the boundary.")
_ATTRIBUTE = shared_flag("attribute", "What it is called.", kind="string", default="attribute")
_CHOSEN = flags.DEFINE_float(
  "chosen_num_or_ratio",
  None,
  "Samples of each class: a share up to 1 of the valid ones, or a number; default: 10,000 or 2%, at "
  "most 40%.",
)
_SPLIT_RATIO = flags.DEFINE_float(
  "split_ratio", 0.7, "Share of the chosen samples that train; the rest validates."
)
_INVALID_VALUE = flags.DEFINE_float(
  "invalid_value", None, "Samples with this score are left out; may be nan."
)
_REGULARIZATION = flags.DEFINE_float(
  "svm_c", None, "C of the support vector machine; default: by cross-validation."
)
_SEED = shared_flag("seed", "Of the splits.")
_CONDITIONS = shared_flag(
  "conditions", "Boundaries (.npy or CHECKPOINT/NAME): also the boundary that leaves these alone."
)
_SUBSPACE = flags.DEFINE_enum(
  "subspace",
  "none",
  ["none", "inlp", "leace"],
  "Also all directions that hold the attribute: one after another, or in closed form.",
)
_MAX_DIRECTIONS = flags.DEFINE_integer(
  "max_directions", None, "Of --subspace=inlp; default: half the width.", lower_bound=1
)
_CHECKPOINT = shared_flag(
  "checkpoint",
  "The generator of the codes, for calibration and to check the codes against.",
  default=None,
)

flags.DEFINE_alias("latent_codes", "input_latents")
flags.mark_flags_as_required(["input_latents", "scores", "latent_space", "output_dir"])
command_help.first(
  "input_latents", "scores", "latent_space", "attribute", "checkpoint", "output_dir"
)


def _inputs():
  """The generator (None without a checkpoint), the codes, the scores and the conditions."""
  from privai_tf.attributes.arrays import read_codes, read_scores
  from privai_tf.attributes.boundary import Boundary
  from privai_tf.inversion.code_record import require_stated_space

  space = _LATENT_SPACE.value
  if not re.fullmatch(r"[\w.-]+", _ATTRIBUTE.value):
    raise ConfigurationError(
      f"--attribute={_ATTRIBUTE.value} names files; use letters, digits, '_', '-' and '.'."
    )
  generator = None
  if _CHECKPOINT.value is not None:
    from privai_tf.runtime.startup import start_tensorflow

    start_tensorflow()

    from privai_tf.generators import load_generator
    from privai_tf.inversion.latents import load_latents

    generator = load_generator(_CHECKPOINT.value)
    codes = load_latents(_LATENT_CODES.value, generator, space)
  else:
    codes = read_codes(_LATENT_CODES.value, space)
    require_stated_space(_LATENT_CODES.value, space)
  conditions = [Boundary.load(source, latent_space=space) for source in _CONDITIONS.value]
  for condition in conditions if generator is not None else ():
    condition.require_generator(generator.fingerprint)
  return generator, codes, read_scores(_SCORES.value), conditions


def _saved(boundary, generator) -> pathlib.Path:
  """Writes a boundary, calibrated if the generator is known."""
  if generator is not None:
    from privai_tf.privacy.calibration import calibrate

    provenance = {**boundary.provenance, **_origin(generator)}
    boundary = calibrate(dataclasses.replace(boundary, provenance=provenance), generator)
  space = boundary.latent_space.lower()
  return boundary.save(pathlib.Path(_OUTPUT_DIR.value) / f"{boundary.name}_{space}_boundary.npy")


def _origin(generator) -> dict[str, Any]:
  """What a companion states of the checkpoint: by it, use with another one is refused."""
  name = pathlib.Path(_CHECKPOINT.value).name
  return {"checkpoint": {"name": name, "sha256": generator.fingerprint}}


def _told(boundary, path: pathlib.Path) -> None:
  from privai_tf.attributes.weakness import weakness

  shares = [
    f"{part} {share:.1%} of {boundary.provenance['counts'][part]}"
    for part, share in boundary.provenance["accuracy"].items()
    if share is not None
  ]
  print(f"{path}: on the right side {', '.join(shares)}.")
  if (warning := weakness([boundary])) is not None:
    print(warning, file=sys.stderr)


def _find_subspace(training, codes, generator) -> None:
  from privai_tf.attributes.nullspace import find_subspace

  rows = training.selection.valid
  subspace = find_subspace(
    codes[rows],
    training.selection.labels[rows],
    latent_space=_LATENT_SPACE.value,
    name=_ATTRIBUTE.value,
    method=_SUBSPACE.value,
    first=training.boundary,
    most=_MAX_DIRECTIONS.value,
    seed=_SEED.value,
  )
  if generator is not None:
    provenance = {**subspace.provenance, **_origin(generator)}
    subspace = dataclasses.replace(subspace, provenance=provenance)
  name = f"{_ATTRIBUTE.value}_{_LATENT_SPACE.value.lower()}_subspace.npz"
  path = subspace.save(pathlib.Path(_OUTPUT_DIR.value) / name)
  fresh = subspace.provenance["fresh_probes"]["after"]
  reached = "" if subspace.provenance["at_chance"] else " (chance was not reached)"
  print(
    f"{path}: k = {subspace.k}; held-out probe {subspace.accuracies[0]:.1%} before, "
    f"{subspace.accuracies[-1]:.1%} after{reached}; fresh probes after: linear "
    f"{fresh['linear']:.1%}, nonlinear {fresh['nonlinear']:.1%} (50% is chance)."
  )


def main(_: list[str]) -> None:
  from privai_tf.attributes.training import train_boundary, train_conditional
  from privai_tf.runtime.files import make_folder

  generator, codes, scores, conditions = _inputs()
  make_folder(_OUTPUT_DIR.value)
  training = train_boundary(
    codes,
    scores,
    latent_space=_LATENT_SPACE.value,
    name=_ATTRIBUTE.value,
    chosen_num_or_ratio=_CHOSEN.value,
    split_ratio=_SPLIT_RATIO.value,
    invalid_value=_INVALID_VALUE.value,
    regularization=_REGULARIZATION.value,
    seed=_SEED.value,
  )
  boundaries = [training.boundary]
  if conditions:
    boundaries.append(train_conditional(training, codes, conditions))
  for boundary in boundaries:
    _told(boundary, _saved(boundary, generator))
  if _SUBSPACE.value != "none":
    _find_subspace(training, codes, generator)


if __name__ == "__main__":
  command.run(main)
