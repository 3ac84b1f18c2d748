"""Photos as the arrays that `invert` takes: the short way for notebooks and scripts."""

import os
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.faces.decoding import load_image
from privai_tf.faces.discovery import find_inputs
from privai_tf.faces.finding import find_faces
from privai_tf.faces.spec import FaceSpec
from privai_tf.generators.channels import from_rgb
from privai_tf.runtime.files import shown


def load_images(
  source: str | os.PathLike, generator: Any, spec: FaceSpec | None = None
) -> np.ndarray:
  """Finds the faces in photos and cuts them out as a generator draws faces.

  Args:
    source: a photo, a folder or a pattern, in the order of names.
    generator: the `Generator`, whose resolution and channels the images get.
    spec: which faces, and how they are cut; None is `FaceSpec()`.

  Returns:
    float32 [N, R, R, C] in [-1, 1], one a face.

  Raises:
    InputError: if there is no photo, one cannot be read, or shows no face.
    ConfigurationError: if the detector is not installed, or the frame is to be published.

  #### Examples

  ```python
  images = privai_tf.load_images("photos/*.jpg", privai_tf.load_generator("avatars"))
  ```
  """
  spec = spec or FaceSpec()
  if spec.paste_back:
    raise ConfigurationError("load_images returns faces alone; use privai_tf.faces to paste back.")
  faces = []
  for path in find_inputs(source):
    name = shown(path)
    faces += find_faces(load_image(path), generator.resolution, spec, name=name, source=name)
  return from_rgb(np.stack([face.image for face in faces]), generator.num_channels)
