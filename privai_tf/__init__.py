"""Differentially private face images in the latent space of StyleGAN and ProgressiveGAN.

The public names are imported on first use, so that `import privai_tf` does not import TensorFlow.
"""

import os

from privai_tf.lazy import lazy_names
from privai_tf.runtime.foreign_files import name_readers
from privai_tf.runtime.keras_settings import choose_backend

__version__ = "0.1.0"

# TensorFlow gives the memory of large tensors back to the system after every operation; asking for
# it again costs more than the arithmetic (1.3 s instead of 2.1 s of processor time for an image at
# 1024 x 1024). It must be set before TensorFlow's first operation; a user's own choice stays.
os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")

choose_backend()

# `python -m privai_tf.audit` is `python -m privai_tf.commands.audit`: short names for the shell. Import
# the long ones: a command under two names would define its flags twice, which absl refuses.
__path__.append(os.path.join(__path__[0], "commands"))

# The one place that knows both: networks ask for what a file holds, converters know the originals.
name_readers(
  "privai_tf.converters.loading", "foreign_network", "foreign_classifier", "foreign_encoder"
)

_PUBLIC = {
  "load_generator": "privai_tf.generators",
  "load_discriminator": "privai_tf.generators",
  "Generator": "privai_tf.generators",
  "to_uint8": "privai_tf.generators",
  "Boundary": "privai_tf.attributes.boundary",
  "InversionSpec": "privai_tf.inversion",
  "invert": "privai_tf.inversion",
  "load_images": "privai_tf.faces.images",
  "PrivacySpec": "privai_tf.privacy",
  "privatize": "privai_tf.privacy",
  "PrivaiError": "privai_tf.errors",
  "plot_sweep": "privai_tf.evaluation.sweep",
  "sheet": "privai_tf.evaluation.sheets",
}

__all__ = sorted([*_PUBLIC, "__version__"])

__getattr__, __dir__ = lazy_names(__name__, _PUBLIC)
