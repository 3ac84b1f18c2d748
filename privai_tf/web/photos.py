"""From an upload to the faces in it, and the picture that shows where they are."""

import contextlib
import dataclasses
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from privai_tf.artifacts import AlignedFace
from privai_tf.errors import InputError
from privai_tf.faces import FaceSpec, find_faces
from privai_tf.faces.alignment import corners
from privai_tf.serving.gateway.pictures import LABEL, decode_upload

_LONGEST = 720  # Pixels of the shown photo.
_LINE = (255, 196, 0)


@dataclasses.dataclass(frozen=True, eq=False)
class Photo:
  """A photo and its faces; private.

  Attributes:
    pixels: uint8 [H, W, 3].
    faces: left to right, at least one.
  """

  pixels: np.ndarray
  faces: tuple[AlignedFace, ...]

  @property
  def is_face(self) -> bool:
    """Whether the picture was taken as a face as it is: nobody looked for one."""
    (height, width), (first, *_) = self.pixels.shape[:2], self.faces
    return first.placement is not None and first.placement.side == height == width

  @property
  def largest(self) -> int:
    """The number of the face that is most likely meant."""
    sides = [face.placement.side if face.placement else 0.0 for face in self.faces]
    return int(np.argmax(sides))


def take_upload(path: str | Path, most_bytes: int, most_pixels: int) -> np.ndarray:
  """Decodes an upload and removes its file, whatever comes of it.

  Args:
    path: where the browser's file was put.
    most_bytes, most_pixels: what is read at most.

  Returns:
    uint8 [H, W, 3].

  Raises:
    PrivaiError: one line that says what is wrong with the picture.
  """
  path = Path(path)
  try:
    data = path.read_bytes()
  except OSError as error:
    raise InputError(f"{LABEL} did not arrive; choose it again.") from error
  finally:
    with contextlib.suppress(OSError):
      path.unlink(missing_ok=True)
      path.parent.rmdir()
  if len(data) > most_bytes:
    raise InputError(f"{LABEL} is larger than {most_bytes / 1e6:g} MB; make it smaller.")
  return decode_upload(data, most_pixels)


def find(pixels: np.ndarray, resolution: int) -> Photo:
  """Looks for all faces.

  Args:
    pixels: uint8 [H, W, 3].
    resolution: side of the cut-out faces.

  Raises:
    InputError: if there is none.
  """
  try:
    spec = FaceSpec(faces="all")
    return Photo(pixels, tuple(find_faces(pixels, resolution, spec, name="face", source=LABEL)))
  except InputError as error:
    if "no face found" not in str(error):
      raise
    raise InputError(
      f"No face was found in {LABEL.lower()}. Use one in which a face is larger, looks towards the "
      "camera and is well lit."
    ) from error


def boxed(photo: Photo, chosen: int) -> np.ndarray:
  """The photo with a numbered box around each face, the chosen one's thicker.

  Args:
    photo: the photo.
    chosen: number of a face.

  Returns:
    uint8 [H, W, 3], scaled down for the page.
  """
  image = Image.fromarray(photo.pixels)
  image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
  if min(image.size) < 160:
    scale = -(-160 // min(image.size))
    image = image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)
  ratio = image.width / photo.pixels.shape[1]
  draw = ImageDraw.Draw(image)
  for number, face in enumerate(photo.faces):
    if face.placement is None or photo.is_face:
      continue
    points = [tuple(point) for point in corners(face.placement) * ratio]
    width = 5 if number == chosen else 2
    draw.line([*points, points[0]], fill=(0, 0, 0), width=width + 3, joint="curve")
    draw.line([*points, points[0]], fill=_LINE, width=width, joint="curve")
    if len(photo.faces) > 1:
      _label(draw, points, str(number + 1), image.size)
  return np.asarray(image)


def _label(draw: ImageDraw.ImageDraw, points: list, text: str, size: tuple[int, int]) -> None:
  """A face's number in its box's upper corner, inside the picture."""
  left = min(max(0, min(x for x, _ in points)), size[0] - 26)
  top = min(max(0, min(y for _, y in points)), size[1] - 28)
  draw.rectangle((left, top, left + 25, top + 27), fill=_LINE, outline=(0, 0, 0))
  font = ImageFont.load_default(20)
  draw.text((left + 13, top + 13), text, fill=(0, 0, 0), font=font, anchor="mm")
