"""What a run works on: photos, stored latent codes, or the demo's freshly rendered portraits."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.faces import find_inputs, output_names, prepare_face
from privai_tf.inversion import load_latents


@dataclasses.dataclass(frozen=True)
class Item:
  """One input, loaded when its turn comes.

  Attributes:
    name: what its output files are called, unique in the run.
    source: what error messages call it; for a photo its path.
    load: gives float32 [R, R, 3] in [-1, 1] for a picture, [d] or [L, d] for a code; raises
      `InputError` if it cannot be used.
    is_latent: whether `load` gives a code.
  """

  name: str
  source: str
  load: Callable[[], np.ndarray]
  is_latent: bool = False


def photos(pattern: str, resolution: int) -> list[Item]:
  """The pictures of a file, folder or glob.

  Args:
    pattern: the value of `--input`.
    resolution: side in pixels that the generator needs.

  Returns:
    One item a picture.

  Raises:
    InputError: if nothing is found.
  """
  paths = find_inputs(pattern)
  return [
    Item(name, str(path), functools.partial(_load_photo, path, resolution, name))
    for path, name in zip(paths, output_names(paths), strict=True)
  ]


def _load_photo(path: pathlib.Path, resolution: int, name: str) -> np.ndarray:
  return prepare_face(path, resolution, name=name).image


def latents(path: str, generator, latent_space: str) -> list[Item]:
  """The codes of a `.npy` file, named by the file and their row.

  Args:
    path: `.npy` of `[n, d]`, or `[n, L, d]` for W+.
    generator: the `Generator` that the codes belong to.
    latent_space: the space that they are from; never guessed.

  Returns:
    One item a code.

  Raises:
    InputError: if the file is not such an array.
  """
  codes = load_latents(path, generator, latent_space)
  (stem,) = output_names([path])
  digits = len(str(len(codes) - 1))
  return [
    Item(
      f"{stem}-{row:0{digits}d}", f"{path}, row {row}", functools.partial(_row, codes, row), True
    )
    for row in range(len(codes))
  ]


def _row(codes: np.ndarray, row: int) -> np.ndarray:
  return codes[row]


def portraits(count: int, seed: int, resolution: int) -> list[Item]:
  """Avatar portraits rendered afresh: not made by the generator, so the demo inverts real inputs.

  Args:
    count: how many.
    seed: of the faces shown.
    resolution: side in pixels.

  Returns:
    One item a portrait.

  Raises:
    ConfigurationError: if `count` is not positive.
  """
  if count < 1:
    raise ConfigurationError(f"--num_portraits={count}: give at least 1")
  import demo

  images = demo.portraits(count, seed=seed, resolution=resolution)
  digits = len(str(count - 1))
  return [
    Item(f"portrait-{i:0{digits}d}", f"portrait {i}", functools.partial(_row, images, i))
    for i in range(count)
  ]
