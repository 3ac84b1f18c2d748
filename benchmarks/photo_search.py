r"""A photograph's code: from the encoder in 50 steps, against the old way, 200 steps from the mean.

  python -m benchmarks.photo_search --checkpoint=checkpoints/mobilestylegan-ffhq --input=aligned.png

Photographs are aligned as FFHQ's are and as large as the generator's pictures. Every way searches W+ by
pixels alone, on one thread, a photograph at a time, all ways in turns; processor time includes the
tracing, which only the first photograph pays. Told are MS-SSIM against the photograph, whole pictures
whatever was compared during the search, and times as shares of the old way's.
"""

import time
from pathlib import Path

import numpy as np
from absl import app, flags

_CHECKPOINT = flags.DEFINE_string("checkpoint", "checkpoints/mobilestylegan-ffhq", "Its folder.")
_INPUT = flags.DEFINE_list("input", None, "Aligned photographs.", required=True)
_WAYS = {
  "mean, 200 steps": {"init": "mean", "steps": 200, "draft_side": 0},
  "encoder, 50 steps": {"init": "encoder", "steps": 50, "draft_side": 0},
  "encoder, 50 steps, drafts of 256": {"init": "encoder", "steps": 50, "draft_side": 256},
  "encoder, 50 steps, drafts of 128": {"init": "encoder", "steps": 50, "draft_side": 128},
}
_RATES = flags.DEFINE_list("learning_rate", ["0.1"], "Of the ways from the encoder.")


def main(_: list[str]) -> None:
  import tensorflow as tf
  from PIL import Image

  import privai_tf
  from privai_tf.evaluation.utility.likeness import ms_ssim
  from privai_tf.inversion.spec import InversionSpec

  tf.config.threading.set_intra_op_parallelism_threads(1)
  tf.config.threading.set_inter_op_parallelism_threads(1)
  generator = privai_tf.load_generator(_CHECKPOINT.value)
  ways = [(name, 0.1, way) for name, way in _WAYS.items() if way["init"] == "mean"]
  ways += [
    (f"{name}, rate {rate}", float(rate), way)
    for name, way in _WAYS.items()
    if way["init"] == "encoder"
    for rate in _RATES.value
  ]
  for path in _INPUT.value:
    photo = np.asarray(Image.open(path).convert("RGB"), np.float32)[np.newaxis] / 127.5 - 1
    whole = None
    for name, rate, way in ways:
      spec = InversionSpec(
        latent_space="W+",
        learning_rate=rate,
        perceptual="none",
        identity_weight=0.0,
        face_weight=1.0,
        **way,
      )
      start = time.process_time()
      codes = privai_tf.invert(photo, generator, spec).codes
      spent = time.process_time() - start
      whole = whole or spent
      likeness = float(np.mean(ms_ssim(np.asarray(generator.synthesize(codes)), photo)))
      print(
        f"{Path(path).name} | {name} | MS-SSIM {likeness:.3f} | {spent:.0f} s | "
        f"1/{whole / spent:.1f} of the time",
        flush=True,
      )


if __name__ == "__main__":
  app.run(main)
