r"""Hides the smile of photorealistic faces that a generator made up: `make demo-photo`.

    python -m demo.photo

Fetches the generator if it is not there (see `python -m converters --download=mobilestylegan-ffhq`, which
tells its terms), draws fresh faces as photos, and privatizes these as anybody's photos: the shipped
encoder reads a code off each picture, its smile is released with noise, and two pages are written.
"""

import os
import subprocess
import sys
from pathlib import Path

from absl import app, flags

from privai_tf.demo.photo_faces import draw_photos, fetch_generator

_NUM = flags.DEFINE_integer("num", 8, "Faces.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 8, "Of the faces.", lower_bound=0)
_EPSILON = flags.DEFINE_float("epsilon", 1.0, "Of each release.", lower_bound=0.0)
_ATTRIBUTE = flags.DEFINE_string("attribute", "smile", "What to hide: smile, gender or age.")
_STEPS = flags.DEFINE_integer(
  "steps",
  0,
  "Of a search from the encoder's code on. Codes of generated pictures are shipped for 0 only; for "
  "others they are made first, each of which takes as long as a photo.",
  lower_bound=0,
)
_PUBLIC_CODES = flags.DEFINE_integer(
  "public_codes", 8, "Codes of generated pictures that are made where none are.", lower_bound=1
)
_INPUT_DIR = flags.DEFINE_string("input_dir", "demo_photo_input", "Where the photos go.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", "demo_photo_output", "What may be published.")
_PRIVATE_DIR = flags.DEFINE_string("private_dir", "demo_photo_private", "The owner's page.")


def main(argv: list[str]) -> int:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf

  folder = fetch_generator()
  photos = Path(_INPUT_DIR.value)
  draw_photos(privai_tf.load_generator(folder), photos, _NUM.value, _SEED.value)
  print(f"Drew {_NUM.value} faces into {photos}; nobody looks like them.", flush=True)
  command = [sys.executable, "-m", "privai_tf", "privatize"]
  options = {
    "input": photos,
    "checkpoint": folder,
    "attribute": _ATTRIBUTE.value,
    "epsilon": _EPSILON.value,
    "latent_space": "W",
    "align": "none",
    "init": "encoder",
    "steps": _STEPS.value,
    "public_codes": _PUBLIC_CODES.value,
    "output_dir": _OUTPUT_DIR.value,
    "private_dir": _PRIVATE_DIR.value,
  }
  command += [f"--{name}={value}" for name, value in options.items()]
  environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
  return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
  app.run(main)
