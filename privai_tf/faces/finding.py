"""From a photo's pixels to the aligned faces that are meant."""

import numpy as np

from privai_tf.artifacts import AlignedFace, Placement
from privai_tf.errors import InputError
from privai_tf.faces.alignment import aligned, face_square
from privai_tf.faces.detection import MOST_FACES, CrowdError, Detection
from privai_tf.faces.loading import center_square, require_size, resized, to_signed
from privai_tf.faces.search import detect
from privai_tf.faces.spec import FaceSpec


def find_faces(
  pixels: np.ndarray, resolution: int, spec: FaceSpec, *, name: str, source: str
) -> list[AlignedFace]:
  """Finds the faces that are meant and cuts them out.

  Args:
    pixels: uint8 [H, W, 3], the photo as `load_image` gives it.
    resolution: side of the results, the generator's.
    spec: which faces, and how they are cut.
    name: what the photo's outputs are called; with `faces="all"`, face i is called NAME-face<i>,
      also where it is the only one.
    source: what messages call the photo.

  Returns:
    At least one face, left to right. Each carries its number, how many faces there are and its
    placement.

  Raises:
    InputError: if there is no face, not the one asked for, or, when the frame is to be published
      too, a face that would be published by oversight.
    ConfigurationError: if the detector's package is not installed.
  """
  height, width = pixels.shape[:2]
  require_size(width, height, source)
  aligned_already = spec.align == "auto" and width == height == resolution
  if spec.align == "none" or aligned_already:
    return [_middle(pixels, resolution, spec, _name(name, 0, spec), source)]
  try:
    # Where the frame is published, a face that is missed would be published as it was.
    found = detect(pixels, spec.landmarks, every_direction=spec.paste_back)
  except CrowdError:
    raise InputError(
      f"{source}: it shows more than {MOST_FACES} faces, the most that are looked at; cut it into "
      "parts."
    ) from None
  faces = []
  for index in _chosen(found, spec, source):
    placement = face_square(found[index], (height, width))
    cut = aligned(pixels, placement, resolution, enlarge_smoothly=spec.align == "celeba")
    faces.append(
      AlignedFace(
        name=_name(name, index, spec),
        source=source,
        image=to_signed(cut),
        index=index,
        count=len(found),
        placement=placement,
      )
    )
  return faces


def _chosen(found: list[Detection], spec: FaceSpec, source: str) -> list[int]:
  """The numbers of the faces that are meant."""
  if not found:
    raise InputError(
      f"{source}: no face found; use a picture with a larger or less turned face, or --align=none "
      "to take the square in its middle as it is."
    )
  if spec.faces == "all":
    return list(range(len(found)))
  if spec.index is not None:
    if spec.index >= len(found):
      raise InputError(
        f"{source}: {_faces(len(found))} found, so --faces={spec.index} is none of them; "
        f"use {'0' if len(found) == 1 else f'0 to {len(found) - 1}'}, left to right."
      )
    return [spec.index]
  if spec.paste_back and len(found) > 1:
    raise InputError(
      f"{source}: {_faces(len(found))} found; pasted back, the largest alone would leave the others "
      "in the published photo: use --faces=all, or a number if only that face is to be protected."
    )
  return [max(range(len(found)), key=lambda index: found[index].area)]


def _name(name: str, index: int, spec: FaceSpec) -> str:
  """Numbered whenever all faces are meant, so that it does not depend on how many there are."""
  return f"{name}-face{index}" if spec.faces == "all" else name


def _faces(count: int) -> str:
  return "1 face" if count == 1 else f"{count} faces"


def _middle(
  pixels: np.ndarray, resolution: int, spec: FaceSpec, name: str, source: str
) -> AlignedFace:
  """The square in the middle, whatever it shows."""
  if spec.index:
    raise InputError(
      f"{source}: taken as one face as it is (--align={spec.align}), so --faces={spec.faces} is none "
      "of its faces; use --align=ffhq to look for faces."
    )
  height, width = pixels.shape[:2]
  side = min(height, width)
  left, top = (width - side) // 2, (height - side) // 2
  return AlignedFace(
    name=name,
    source=source,
    image=to_signed(resized(center_square(pixels), resolution)),
    placement=Placement(
      center=(left + side / 2, top + side / 2), half_axis=(side / 2, 0.0), frame=(height, width)
    ),
  )
