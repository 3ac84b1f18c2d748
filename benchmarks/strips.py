"""Strips of pictures: a row a face, a column a way to release it."""

import pathlib
from collections.abc import Sequence

import numpy as np

import privai_tf


def save_strip(
  generator, columns: Sequence[np.ndarray], latent_space: str, path: pathlib.Path
) -> pathlib.Path:
  """Draws codes and puts the pictures side by side.

  Args:
    generator: a `Generator`.
    columns: codes [n, ...] of the same faces for each column, the original's first.
    latent_space: theirs.
    path: of the PNG; its folder is made.

  Returns:
    `path`.
  """
  from PIL import Image

  pictures = [
    np.asarray(
      privai_tf.to_uint8(
        generator.synthesize(column, latent_space=latent_space), family=generator.family
      )
    )
    for column in columns
  ]
  rows = [np.concatenate([p[row] for p in pictures], axis=1) for row in range(len(columns[0]))]
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(np.concatenate(rows)).save(path)
  return path
