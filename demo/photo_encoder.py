r"""Trains the encoder of the photorealistic generator on two cores: photo -> W in one pass.

    python -m demo.photo_encoder --checkpoint=mobilestylegan-ffhq

Fits a cheap way to draw rough faces (`photo_sketches`), draws some ten thousand of them, and trains
`privai_tf.train_encoder`'s network on them; the previews that sketches were fitted on are held out.
Broken off, it goes on where it was.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from demo.photo_sketches import Sketcher, fitted_codes, preview_pictures, sketch_codes

_CHECKPOINT = flags.DEFINE_string("checkpoint", "mobilestylegan-ffhq", "The generator.")
_WORK_DIR = flags.DEFINE_string("work_dir", "photo_samples", "Where faces are kept meanwhile.")
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", "boundaries/mobilestylegan-ffhq/encoder", "Where the encoder goes."
)
_PREVIEWS = flags.DEFINE_integer("previews", 160, "Faces that sketches are fitted on.")
_NUM = flags.DEFINE_integer("num", 14_000, "Sketches.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 3200, "Of the training.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Of the encoder's weights.", lower_bound=0)
_BLOCK = 32
_CHUNK, _FIRST_SEED = 1000, 40_000


def draw_samples(generator: Any, folder: Path, previews: int, count: int) -> tuple:
  """Codes and pictures of 64 x 64, a file for each chunk; the previews go last.

  Args:
    generator: a `MobileStyleGANGenerator`.
    folder: created.
    previews: how many.
    count: sketches.

  Returns:
    codes float32 [n, d], pictures uint8 [n, 64, 64, 3].
  """
  folder.mkdir(parents=True, exist_ok=True)
  known = fitted_codes(generator, previews)
  seen = _kept(folder / "previews.npy", lambda: preview_pictures(generator, known, 2 * _BLOCK))
  codes, pictures = [], []

  @functools.cache
  def sketcher() -> Sketcher:
    return Sketcher.fit(generator, _BLOCK, known, seen)

  for start in range(0, count, _CHUNK):
    seed = _FIRST_SEED + start // _CHUNK
    codes.append(sketch_codes(generator, min(_CHUNK, count - start), seed))
    path = folder / f"sketches_{seed}_{len(codes[-1])}.npy"
    pictures.append(_kept(path, lambda: sketcher().draw(codes[-1])))
    print(f"{start + len(codes[-1])} of {count} sketches.", flush=True)
  return np.concatenate([*codes, known]), np.concatenate([*pictures, seen])


def _kept(path: Path, make: Any) -> np.ndarray:
  if not path.is_file():
    part = path.with_suffix(".part.npy")
    np.save(part, make(), allow_pickle=False)
    part.replace(path)
  return np.load(path, allow_pickle=False)


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
    "first_seed": _FIRST_SEED,
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
