"""How much each pixel of an aligned photo counts: the face more than hair, clothes and background.

The alignment puts eyes, nose and mouth at one place of every picture (`privai_tf.faces`), so that one map
serves all. People are recognized by what is inside of it; a background that is off is forgiven.
"""

import numpy as np

# An ellipse from brows to chin; of the sides of the picture, measured from the top left.
_MIDDLE, _RADII = (0.59, 0.5), (0.32, 0.27)
_SOFT = 0.08  # Of a radius: how wide the edge is.


def face_map(height: int, width: int, weight: float) -> np.ndarray:
  """The weight of every pixel, 1 on average.

  Args:
    height: of the picture, pixels.
    width: likewise.
    weight: how many times more a pixel of the face counts than one far from it, above 0.

  Returns:
    float32 [1, height, width, 1].
  """
  rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
  down = (rows / height - _MIDDLE[0]) / _RADII[0]
  right = (columns / width - _MIDDLE[1]) / _RADII[1]
  distance = np.hypot(down[:, None], right[None, :])
  inside = 1 / (1 + np.exp((distance - 1) / _SOFT))
  values = 1 + (weight - 1) * inside
  return (values / values.mean()).astype(np.float32)[None, :, :, None]
