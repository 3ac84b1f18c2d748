"""The photo demo's generator and its faces."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

_CHECKPOINT = "mobilestylegan-ffhq"
# As far from the mean as faces are shown as a rule.
_PSI = 0.7


def draw_photos(generator: Any, folder: Path, count: int, seed: int) -> list[Path]:
  """Faces as PNG files; those that are there stay.

  Args:
    generator: a `StyleGenerator`.
    folder: created.
    count: how many.
    seed: of the faces.

  Returns:
    Their paths.
  """
  from PIL import Image

  from privai_tf.generators import to_uint8

  folder.mkdir(parents=True, exist_ok=True)
  codes = generator.truncate(generator.map(generator.sample_z(count, seed)), _PSI)
  paths = [folder / f"face_{seed}_{row}.png" for row in range(count)]
  for path, code in zip(paths, codes, strict=True):
    if not path.is_file():
      image = generator.synthesize(code[np.newaxis], latent_space="W+")[0]
      Image.fromarray(to_uint8(image, generator.family)).save(path)
  return paths


def fetch_generator() -> Path:
  """The checkpoint's folder; downloads and converts it if it is not there.

  What is shipped beside its boundaries is put into it: the encoder, unless it has one, and the codes
  that the encoder makes of generated pictures.
  """
  from privai_tf.converters.package import download_mobilestylegan

  folder = download_mobilestylegan("checkpoints")
  shipped = Path("boundaries") / _CHECKPOINT
  if (shipped / "encoder").is_dir() and not (folder / "encoder").exists():
    shutil.copytree(shipped / "encoder", folder / "encoder")
  if (shipped / "public_codes").is_dir():
    shutil.copytree(shipped / "public_codes", folder / "public_codes", dirs_exist_ok=True)
  return folder
