r"""Moves codes along an attribute's boundary and draws every step.

  python -m privai_tf.edit --checkpoint=avatars --attribute=avatars/smile --latent_space=W \
      --num=4 --start_distance=-3 --end_distance=3 --steps=10 --output_dir=smiles

Distances are signed and measured from the boundary's plane, in latent units. Stopped, it goes on
where it was when called again.
"""

import pathlib

from absl import flags

from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag
from privai_tf.runtime.startup import start_tensorflow

_CHECKPOINT = shared_flag("checkpoint")
_BOUNDARY = shared_flag(
  "attribute",
  "An .npy file (InterFaceGAN's too), CHECKPOINT/ATTRIBUTE or just ATTRIBUTE.",
  kind="string",
)
_CONDITIONS = shared_flag(
  "conditions", "Boundaries whose distances shall stay as they are; as --attribute."
)
_LATENT_SPACE = shared_flag(
  "latent_space", "The space that the codes are from.", values=("Z", "W", "W+")
)
_LATENT_CODES = shared_flag(
  "input_latents", "A .npy of codes [n, d] or, for W+, [n, L, d]; without it, fresh samples."
)
_NUM = shared_flag("num", "How many codes; default: all of --input_latents, or one fresh sample.")
_SEED = shared_flag("seed", "Of fresh samples and random noise.")
_START_DISTANCE = flags.DEFINE_float("start_distance", -3.0, "Distance of the first step.")
_END_DISTANCE = flags.DEFINE_float("end_distance", 3.0, "Distance of the last step.")
_STEPS = shared_flag("steps", "How many steps.", default=10, lower_bound=1)
_RELATIVE = flags.DEFINE_bool(
  "relative", False, "Distances are from each code instead of from the plane."
)
_TRUNCATION_PSI = shared_flag("truncation_psi")
_TRUNCATION_CUTOFF = shared_flag("truncation_cutoff")
_LABELS = shared_flag("labels")
_NOISE = shared_flag("noise")
_BATCH_SIZE = shared_flag("batch_size")
_PRECISION = shared_flag("precision")
_GIF = flags.DEFINE_bool("gif", False, "Also an animated GIF of each code.")
_MP4 = flags.DEFINE_bool("mp4", False, "Also a film of each code (needs imageio-ffmpeg).")
_OUTPUT_DIR = shared_flag("output_dir", "Folder for pictures, strips and codes.")

flags.DEFINE_alias("latent_codes", "input_latents")
flags.DEFINE_alias("boundary", "attribute")
flags.mark_flags_as_required(["attribute", "latent_space", "output_dir"])
command_help.first("checkpoint", "attribute", "input_latents", "latent_space", "output_dir")


def _job():
  """The job that the flags ask for."""
  from privai_tf.attributes.sources import boundary_source
  from privai_tf.toolkit.drawing import Drawing
  from privai_tf.toolkit.edits import EditJob

  return EditJob(
    output_dir=pathlib.Path(_OUTPUT_DIR.value),
    boundary=boundary_source(_BOUNDARY.value, _CHECKPOINT.value),
    latent_space=_LATENT_SPACE.value,
    conditions=tuple(boundary_source(name, _CHECKPOINT.value) for name in _CONDITIONS.value),
    latent_codes=_LATENT_CODES.value,
    num=_NUM.value,
    seed=_SEED.value,
    start_distance=_START_DISTANCE.value,
    end_distance=_END_DISTANCE.value,
    steps=_STEPS.value,
    relative=_RELATIVE.value,
    labels=_LABELS.value,
    gif=_GIF.value,
    mp4=_MP4.value,
    drawing=Drawing(
      truncation_psi=_TRUNCATION_PSI.value,
      truncation_cutoff=_TRUNCATION_CUTOFF.value,
      noise=_NOISE.value,
      noise_seed=_SEED.value,
      batch_size=_BATCH_SIZE.value,
      precision=_PRECISION.value,
    ),
  )


def main(_: list[str]) -> None:
  job = _job()  # Bad settings are told at once, before TensorFlow is loaded.
  start_tensorflow()

  from privai_tf.generators import load_generator
  from privai_tf.runtime.progress import progress_bar
  from privai_tf.toolkit.edits import edit_codes

  generator = load_generator(_CHECKPOINT.value)
  with progress_bar("Editing", unit="image") as progress:
    summary = edit_codes(job, generator, progress)
  kept = f", {summary.kept} of them from an earlier run" if summary.kept else ""
  print(
    f"{summary.codes} codes moved along '{summary.boundary}': {summary.pictures} pictures{kept}."
  )
  print(f"Strips: {', '.join(map(str, summary.strips[:4]))}{' ...' if summary.codes > 4 else ''}")


if __name__ == "__main__":
  command.run(main)
