"""What a run works on: photos, stored latent codes, or the demo's freshly rendered portraits."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable

import numpy as np

from privai_tf.faces import find_inputs, load_image, output_names, prepare_face
from privai_tf.inversion import load_latents
from privai_tf.runtime.files import shown


@dataclasses.dataclass(frozen=True)
class Item:
  """One input, loaded when its turn comes.

  Attributes:
    name: what its output files are called, unique in the run.
    source: what error messages call it; for a photo its path.
    load: gives float32 [R, R, 3] in [-1, 1] for a picture, [d] or [L, d] for a code; raises
      `InputError` if it cannot be used.
    content: gives uint8 [H, W, C] that identifies the input whatever the checkpoint (decoded pixels,
      a code's bytes), by which the ledger recognizes a subject without an id.
    is_latent: whether `load` gives a code.
    path: the picture's file, which no output may replace; None if it has none.
  """

  name: str
  source: str
  load: Callable[[], np.ndarray]
  content: Callable[[], np.ndarray]
  is_latent: bool = False
  path: pathlib.Path | None = None


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
    Item(
      name=name,
      source=shown(path),
      load=functools.partial(_load_photo, path, resolution, name),
      content=functools.partial(load_image, path),
      path=path,
    )
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
      name=f"{stem}-{row:0{digits}d}",
      source=f"{shown(path)}, row {row}",
      load=functools.partial(_row, codes, row),
      content=functools.partial(_bytes_of_row, codes, row),
      is_latent=True,
    )
    for row in range(len(codes))
  ]


def _row(values: np.ndarray, row: int) -> np.ndarray:
  return values[row]


def _bytes_of_row(values: np.ndarray, row: int) -> np.ndarray:
  return np.frombuffer(values[row].tobytes(), np.uint8).reshape(1, 1, -1)


def portraits(count: int, seed: int, resolution: int) -> list[Item]:
  """Avatar portraits rendered afresh: not made by the generator, so the demo inverts real inputs.

  Args:
    count: how many, at least 1.
    seed: of the faces shown.
    resolution: side in pixels.

  Returns:
    One item a portrait.
  """
  import demo

  images = demo.portraits(count, seed=seed, resolution=resolution)
  digits = len(str(count - 1))
  return [
    Item(
      name=f"portrait-{row:0{digits}d}",
      source=f"portrait {row}",
      load=functools.partial(_row, images, row),
      content=functools.partial(_bytes_of_row, images, row),
    )
    for row in range(count)
  ]
