"""Photo to aligned face."""

from privai_tf.faces.discovery import find_inputs, output_names
from privai_tf.faces.loading import load_image, prepare_face

__all__ = ["find_inputs", "load_image", "output_names", "prepare_face"]
