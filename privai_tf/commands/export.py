"""Exports a model for TensorFlow Serving: images from latents, latents from images, simulated noise.

  python -m privai_tf.export --checkpoint=avatars --output_dir=models/avatars --version=1

Noise drawn by a model server is simulation grade: it gives no guarantee (docs/serving.md).
"""

import pathlib

from absl import flags, logging

from privai_tf.privacy.mechanisms import default_decode, mechanism_class
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag
from privai_tf.runtime.startup import start_tensorflow

_CHECKPOINT = shared_flag("checkpoint")
_OUTPUT = shared_flag(
  "output_dir", "Folder of the model's versions; its name is the model's on the server."
)
_VERSION = flags.DEFINE_integer(
  "version", 1, "A number; servers take the highest. An existing one is refused.", lower_bound=1
)
_ATTRIBUTES = shared_flag(
  "attribute",
  "Attributes that requests may hide: names of the checkpoint's boundaries or .npy files; default: "
  "all it has; empty: none.",
)
_LATENT_SPACE = shared_flag(
  "latent_space", "The space of all latents; default: the encoder's, else W."
)
_ENCODER = flags.DEFINE_bool("encoder", True, "Export the encoder beside the checkpoint, if any.")
_BATCH_SIZE = shared_flag("batch_size", "Images that a server merges; default: by the resolution.")
_PRECISION = shared_flag("precision", default="float32")
_MECHANISM = shared_flag("mechanism", "The mechanism that is simulated.", default="laplace")
_SCOPE = shared_flag(
  "scope",
  "What the simulated release covers; default: image for subset_selection, else attribute.",
  values=("attribute", "image"),
)
_DECODE = shared_flag(
  "decode", "Of extremal: value or sample, the default.", values=("raw", "value", "sample")
)
_LOSS = shared_flag("loss")
_CODEBOOK_SIZE = shared_flag(
  "codebook_size",
  "Made-up faces that subset_selection chooses among; all of them are stored with the model.",
  default=1 << 14,
)
_DELTA = shared_flag("delta")
_CLIP_RADIUS = shared_flag(
  "clip_radius", "Clip radius in latent units; default: from generated samples."
)
_CLIP_QUANTILE = flags.DEFINE_float(
  "clip_quantile", 0.99, "Share of generated samples that the clip radius holds."
)
_WPLUS_MODE = shared_flag("wplus_mode")

flags.mark_flag_as_required("output_dir")

flags.DEFINE_alias("attributes", "attribute")
flags.DEFINE_alias("output", "output_dir")
command_help.first("checkpoint", "attribute", "output_dir", "version")


def main(_: list[str]) -> None:
  spec = PrivacySpec(
    mechanism=_MECHANISM.value,
    scope=_SCOPE.value or mechanism_class(_MECHANISM.value).scopes[0],
    decode=_DECODE.value or default_decode(_MECHANISM.value),
    loss=_LOSS.value,
    codebook_size=_CODEBOOK_SIZE.value,
    delta=_DELTA.value,
    clip_radius=_CLIP_RADIUS.value,
    clip_quantile=_CLIP_QUANTILE.value,
    wplus_mode=_WPLUS_MODE.value,
  )
  start_tensorflow()
  logging.set_verbosity(logging.WARNING)  # TensorFlow tells of every file it writes.
  from privai_tf.serving.exporting import ExportJob, export

  exported = export(
    ExportJob(
      checkpoint=_CHECKPOINT.value,
      output=pathlib.Path(_OUTPUT.value),
      version=_VERSION.value,
      attributes=None if _ATTRIBUTES.value is None else tuple(filter(None, _ATTRIBUTES.value)),
      latent_space=_LATENT_SPACE.value,
      encoder=_ENCODER.value,
      batch_size=_BATCH_SIZE.value,
      precision=_PRECISION.value,
      spec=spec,
    )
  )
  hidden = f"; simulates releases of {', '.join(exported.attributes)}" * bool(exported.attributes)
  print(f"{exported.folder}: {', '.join(exported.signatures)} in {exported.latent_space}{hidden}.")
  for path in exported.configuration:
    print(f"Beside it: {path}")


if __name__ == "__main__":
  command.run(main)
