"""The flags that choose and align faces. Imports nothing heavy."""

from absl import flags

from privai_tf.faces.spec import FaceSpec
from privai_tf.runtime import command_help

# Those of the command that imports this.
flags.disclaim_key_flags()

_ALIGN = flags.DEFINE_enum(
  "align",
  "auto",
  ["auto", "ffhq", "celeba", "none"],
  "How faces are found and cut out; auto: as FFHQ, but a picture of the checkpoint's own size is "
  "taken as it is; none: the square in the middle.",
)
_FACES = flags.DEFINE_string(
  "faces", "largest", "Which faces of a photo: largest, all, or a number from 0, left to right."
)
_LANDMARKS = flags.DEFINE_enum(
  "landmarks", "mtcnn", ["mtcnn", "dlib"], "What finds eyes and mouths."
)

command_help.group("Faces in photos", ("align", "faces", "landmarks", "paste_back"))


def spec_from_flags() -> FaceSpec:
  """The choice of faces that the flags ask for."""
  return FaceSpec(align=_ALIGN.value, faces=_FACES.value, landmarks=_LANDMARKS.value)
