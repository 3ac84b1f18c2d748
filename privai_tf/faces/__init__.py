"""Photo to aligned face, and back into the photo. The public names are imported late."""

from privai_tf.lazy import lazy_names

_PUBLIC = {
  "FaceSpec": "privai_tf.faces.spec",
  "decode_image": "privai_tf.faces.decoding",
  "find_faces": "privai_tf.faces.finding",
  "find_inputs": "privai_tf.faces.discovery",
  "load_image": "privai_tf.faces.decoding",
  "paste_back": "privai_tf.faces.pasting",
}

__all__ = sorted(_PUBLIC)

__getattr__, __dir__ = lazy_names(__name__, _PUBLIC)
