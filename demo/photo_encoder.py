r"""Trains the encoder of the photorealistic generator on two cores: photo -> W in one pass.

    python -m demo.photo_encoder --checkpoint=mobilestylegan-ffhq

Fits a cheap way to draw rough faces (`photo_sketches`), draws some ten thousand of them, and trains
`privai_tf.train_encoder`'s network on them; the previews that sketches were fitted on are held out.
Broken off, it goes on where it was.
"""

from pathlib import Path

from absl import app, flags

from demo.photo_samples import FIRST_SEED, draw_samples

_CHECKPOINT = flags.DEFINE_string("checkpoint", "mobilestylegan-ffhq", "The generator.")
_WORK_DIR = flags.DEFINE_string("work_dir", "photo_samples", "Where faces are kept meanwhile.")
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", "boundaries/mobilestylegan-ffhq/encoder", "Where the encoder goes."
)
_PREVIEWS = flags.DEFINE_integer("previews", 160, "Faces that sketches are fitted on.")
_NUM = flags.DEFINE_integer("num", 14_000, "Sketches.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 3200, "Of the training.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Of the encoder's weights.", lower_bound=0)


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.inversion.encoder_drawn import DrawnSamples
  from privai_tf.inversion.encoder_settings import EncoderTraining
  from privai_tf.inversion.encoder_training import train_encoder

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  folder = Path(_WORK_DIR.value)
  codes, pictures = draw_samples(generator, folder, _PREVIEWS.value, _NUM.value)
  record = {
    "made_by": "python -m demo.photo_encoder",
    "sketches": _NUM.value,
    "held_out_previews": _PREVIEWS.value,
    "first_seed": FIRST_SEED,
    "licence": "Apache-2.0; learnt from pictures of a network for research use, see docs/networks.md",
  }
  training = EncoderTraining(
    latent_space="W",
    steps=_STEPS.value,
    batch_size=32,
    seed=_SEED.value,
    augmentation="photo",
    width=32,
    most=192,
    hidden=384,
    half=True,
  )
  train_encoder(
    generator,
    training,
    Path(_OUTPUT_DIR.value),
    tell=lambda line: print(line, flush=True),
    samples=DrawnSamples(codes, pictures, record),
  )


if __name__ == "__main__":
  app.run(main)
