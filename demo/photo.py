r"""Hides the smile of photorealistic faces that a generator made up: `make demo-photo`.

    python -m demo.photo

Fetches the generator if it is not there (see `python -m converters --download=mobilestylegan-ffhq`, which
tells its terms), draws fresh faces as photos, and privatizes these as anybody's photos, in two ways:

- all of them by the shipped encoder, which reads a code off each picture at a glance: natural faces, and
  other people's to the eye;
- the first two by `--preset=likeness`, a search that keeps who it is (about 80 s of a core a face). It
  asks a network that tells people apart, which is fetched, too (29 MB).

Two pages are written of each.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from absl import app, flags

from privai_tf.demo.photo_faces import draw_photos, fetch_generator
from privai_tf.errors import PrivaiError

_NUM = flags.DEFINE_integer("num", 8, "Faces.", lower_bound=1)
_LIKENESS = flags.DEFINE_integer(
  "likeness", 2, "How many of them are also searched, so that the person stays.", lower_bound=0
)
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
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", "demo_photo_output", "What may be published; of searched faces with -likeness."
)
_PRIVATE_DIR = flags.DEFINE_string(
  "private_dir", "demo_photo_private", "The owner's page; likewise."
)


def main(argv: list[str]) -> int:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf

  folder = fetch_generator()
  photos = Path(_INPUT_DIR.value)
  paths = draw_photos(privai_tf.load_generator(folder), photos, _NUM.value, _SEED.value)
  print(f"Drew {_NUM.value} faces into {photos}; nobody looks like them.", flush=True)
  quick = {
    "latent_space": "W",
    "init": "encoder",
    "steps": _STEPS.value,
    "public_codes": _PUBLIC_CODES.value,
  }
  code = _privatized(folder, str(photos), "", quick)
  kept = paths[: _LIKENESS.value]
  if code or not kept or not _recognizer_fetched():
    return code
  print(
    f"\nNow so that the person stays: {len(kept)} of them, about 80 s of a core each.", flush=True
  )
  listed = photos / "likeness.txt"
  listed.write_text("".join(f"{path}\n" for path in kept), encoding="utf-8")
  return _privatized(folder, f"@{listed}", "-likeness", {"preset": "likeness"})


def _privatized(folder: Path, photos: str, suffix: str, options: Mapping[str, Any]) -> int:
  """Runs the main job; returns its exit code.

  Args:
    folder: the checkpoint.
    photos: `--input`.
    suffix: of the folders that are written.
    options: how codes are found.
  """
  common = {
    "input": photos,
    "checkpoint": folder,
    "attribute": _ATTRIBUTE.value,
    "epsilon": _EPSILON.value,
    "align": "none",
    "output_dir": _OUTPUT_DIR.value + suffix,
    "private_dir": _PRIVATE_DIR.value + suffix,
  }
  command = [sys.executable, "-m", "privai_tf", "privatize"]
  command += [f"--{name}={value}" for name, value in {**common, **options}.items()]
  environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
  return subprocess.run(command, env=environment, check=False).returncode


def _recognizer_fetched() -> bool:
  """Fetches what tells people apart; where that cannot be had, says so: the demo goes without it."""
  from privai_tf.converters.recognizer_package import TERMS, download_faceres

  try:
    download_faceres()
  except PrivaiError as error:
    print(f"Nobody is kept recognizable: {error}", flush=True)
    return False
  print(f"faceres tells people apart. {TERMS}", flush=True)
  return True


if __name__ == "__main__":
  app.run(main)
