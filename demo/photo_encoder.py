r"""Trains the encoder of the photorealistic generator on two cores: photo -> W in one pass.

    python -m demo.photo_encoder --checkpoint=mobilestylegan-ffhq --output_dir=rough_encoder
    python -m demo.photo_draw --checkpoint=mobilestylegan-ffhq
    python -m demo.photo_encoder --checkpoint=mobilestylegan-ffhq --start=rough_encoder --steps=120

The first call fits a cheap way to draw rough faces (`photo_sketches`), draws some ten thousand of them,
and trains `privai_tf.train_encoder`'s network on them; the previews that sketches were fitted on are held
out. The last one goes on from there, with a small rate, on previews, which have their true colours, and
on sketches, of which there are more: half of what it sees are of either kind. Its last 100 previews are
held out as well. Broken off, each goes on where it was.
"""

from pathlib import Path

from absl import app, flags

from privai_tf.demo.photo_samples import FIRST_SEED, FITTED, draw_samples, with_previews

_CHECKPOINT = flags.DEFINE_string("checkpoint", "mobilestylegan-ffhq", "The generator.")
_WORK_DIR = flags.DEFINE_string("work_dir", "photo_samples", "Where faces are kept meanwhile.")
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", "boundaries/mobilestylegan-ffhq/encoder", "Where the encoder goes."
)
_PREVIEWS = flags.DEFINE_integer("previews", FITTED, "Faces that sketches are fitted on.")
_NUM = flags.DEFINE_integer("num", 14_000, "Sketches.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 3200, "Of the training.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Of the encoder's weights.", lower_bound=0)
_START = flags.DEFINE_string(
  "start", None, "The folder of an encoder that the training begins with, now on previews as well."
)
_CHUNKS = flags.DEFINE_integer(
  "chunks", None, "With --start: files of 100 previews that are read; None: all.", lower_bound=3
)
_RATE, _TUNING_RATE = 2e-3, 5e-4


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.inversion.encoder import load_encoder
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
  samples, start = DrawnSamples(codes, pictures, record), None
  if _START.value:
    start = load_encoder(_START.value, generator)
    samples = with_previews(samples, generator, folder, _PREVIEWS.value, _CHUNKS.value)
  training = EncoderTraining(
    latent_space="W",
    steps=_STEPS.value,
    batch_size=32,
    learning_rate=_TUNING_RATE if start else _RATE,
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
    samples=samples,
    start=start,
  )


if __name__ == "__main__":
  app.run(main)
