"""All figures of a set of releases at once."""

import os
from typing import Any

import numpy as np

from privai_tf.evaluation.utility import faces_found, likeness


def utility_figures(
  originals: np.ndarray,
  released: np.ndarray,
  *,
  scorer: Any = None,
  lpips_weights: str | os.PathLike | None = None,
  detector: faces_found.Detector | None = None,
) -> dict[str, np.ndarray]:
  """Figures face by face.

  Args:
    originals, released: [n, R, R, 3] in [-1, 1], the same faces in the same order.
    scorer: a `Scorer`: whether each attribute is read as before.
    lpips_weights: see `likeness.lpips`.
    detector: see `faces_found.load_detector`.

  Returns:
    Float arrays [n] by name: "psnr_db", "ms_ssim", "sharpness_ratio" (1: as sharp as the original), and
    where there is what they need "lpips", "agreement_ATTRIBUTE" (0 or 1), "one_face" (0 or 1),
    "landmark_distance" (in distances between the eyes; NaN where a face was not found).
  """
  figures = {
    "psnr_db": likeness.psnr_db(released, originals),
    "ms_ssim": likeness.ms_ssim(released, originals),
    "sharpness_ratio": likeness.sharpness(released) / likeness.sharpness(originals),
  }
  distances = likeness.lpips(released, originals, lpips_weights)
  if distances is not None:
    figures["lpips"] = distances
  if scorer is not None:
    same = (scorer.scores(released) > 0) == (scorer.scores(originals) > 0)
    figures |= {f"agreement_{name}": same[:, i] for i, name in enumerate(scorer.attributes)}
  if detector is not None:
    here, there = (faces_found.detections(images, detector) for images in (released, originals))
    figures["one_face"] = faces_found.exactly_one(here)
    figures["landmark_distance"] = faces_found.landmark_distance(here, there)
  return {name: np.asarray(values, np.float64) for name, values in figures.items()}
