"""One face found several times is one face."""

from collections.abc import Sequence

import numpy as np

from privai_tf.artifacts import Placement
from privai_tf.faces.alignment import face_square
from privai_tf.faces.detection import Detection

_SAME = 0.5  # Squares whose middles are closer, in half the larger one's side, show one face.


def distinct(faces: Sequence[Detection], frame: tuple[int, int]) -> list[Detection]:
  """Each face once: of several finds, the one of which the detector is surest.

  Args:
    faces: what was found, perhaps from several sides.
    frame: height and width of the photo.
  """
  kept: list[tuple[Detection, Placement]] = []
  for face in sorted(faces, key=lambda face: -face.confidence):
    square = face_square(face, frame)
    if all(_apart(square, other) for _, other in kept):
      kept.append((face, square))
  return [face for face, _ in kept]


def _apart(one: Placement, other: Placement) -> bool:
  distance = np.hypot(*np.subtract(one.center, other.center))
  return bool(distance >= _SAME * max(one.side, other.side) / 2)
