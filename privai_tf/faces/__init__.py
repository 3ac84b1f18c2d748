"""Photo to aligned face, and back into the photo."""

from privai_tf.faces.decoding import decode_image, load_image
from privai_tf.faces.discovery import find_inputs, output_names
from privai_tf.faces.finding import find_faces
from privai_tf.faces.pasting import paste_back
from privai_tf.faces.spec import FaceSpec

__all__ = [
  "FaceSpec",
  "decode_image",
  "find_faces",
  "find_inputs",
  "load_image",
  "output_names",
  "paste_back",
]
