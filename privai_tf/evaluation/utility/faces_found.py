"""What a detector makes of releases: is there exactly one face, and where are its eyes and mouth?"""

from collections.abc import Callable, Sequence

import numpy as np

from privai_tf.faces.detection import CrowdError, Detection

Detector = Callable[[np.ndarray], list[Detection]]


def load_detector(name: str = "mtcnn") -> Detector:
  """A detector of upright faces in uint8 [H, W, 3]: "mtcnn" or "dlib".

  Raises:
    ConfigurationError: if its package is missing.
  """
  if name == "dlib":
    from privai_tf.faces.dlib_detector import detector
  else:
    from privai_tf.faces.mtcnn_detector import detector
  return detector()


def detections(images: np.ndarray, detector: Detector) -> list[list[Detection]]:
  """The faces in each of images [n, R, R, 3] in [-1, 1]; a crowd counts as none.

  Args:
    images: float; what lies beyond [-1, 1] is clipped.
    detector: finds the upright faces of uint8 [R, R, 3]; `CrowdError` where there are too many.

  Returns:
    A list for each image.
  """
  levels = np.clip(np.rint(np.asarray(images) * 127.5 + 127.5), 0, 255).astype(np.uint8)
  found = []
  for pixels in levels:
    try:
      found.append(detector(pixels))
    except CrowdError:
      found.append([])
  return found


def exactly_one(found: Sequence[Sequence[Detection]]) -> np.ndarray:
  """bool [n]: whether a picture shows one face, not none and not several."""
  return np.array([len(faces) == 1 for faces in found], bool)


def landmark_distance(
  found: Sequence[Sequence[Detection]], originals: Sequence[Sequence[Detection]]
) -> np.ndarray:
  """How far eyes and mouth corners have moved, in distances between the original's eyes.

  Args:
    found, originals: detections of releases and of their originals.

  Returns:
    float64 [n], mean over the four points; NaN where not both show exactly one face.
  """
  distances = np.full(len(found), np.nan)
  for row, (here, there) in enumerate(zip(found, originals, strict=True)):
    if len(here) == len(there) == 1:
      points, goal = here[0].points, there[0].points
      apart = np.linalg.norm(points - goal, axis=1).mean()
      distances[row] = apart / max(float(np.linalg.norm(goal[1] - goal[0])), 1e-9)
  return distances
