"""How faces are looked for in photos."""

import dataclasses
import re

from privai_tf.errors import ConfigurationError

ALIGN = ("auto", "ffhq", "celeba", "none")
LANDMARKS = ("mtcnn", "dlib")
_NUMBER = re.compile("[0-9]{1,9}")


@dataclasses.dataclass(frozen=True)
class FaceSpec:
  """Which faces of a photo are meant, and how they are cut out.

  Attributes:
    align: "ffhq" and "celeba" find faces and cut them out as in the data set of that name; "auto"
      is "ffhq", but takes a square picture that has exactly the generator's resolution as it is;
      "none" takes the square in the middle of every picture, without looking for faces.
    faces: "largest", "all", or the number of one face, from 0, left to right ("0", "1", ...).
    landmarks: "mtcnn" (eyes' middles and mouth corners as in CelebA; TensorFlow) or "dlib" (as
      FFHQ's own recipe takes them).
    paste_back: whether the photo around the faces will be published too. Then "largest" is refused
      where there are other faces: they would be published by oversight.
  """

  align: str = "auto"
  faces: str = "largest"
  landmarks: str = "mtcnn"
  paste_back: bool = False

  def __post_init__(self):
    for flag, value, allowed in (
      ("align", self.align, ALIGN),
      ("landmarks", self.landmarks, LANDMARKS),
    ):
      if value not in allowed:
        raise ConfigurationError(f"--{flag}={value}: choose one of {', '.join(allowed)}")
    if self.faces not in ("largest", "all") and not _NUMBER.fullmatch(str(self.faces)):
      raise ConfigurationError(
        f"--faces={self.faces}: choose largest, all, or one face's number from 0, left to right"
      )

    object.__setattr__(self, "faces", str(self.faces))  # A number is a number, quoted or not.

  @property
  def index(self) -> int | None:
    """The number of the one face that is meant; None for "largest" and "all"."""
    return int(self.faces) if self.faces.isdecimal() else None
