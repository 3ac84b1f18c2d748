"""StyleGAN and PGGAN networks: latent code -> image, image -> score. Names are imported lazily."""

import importlib
import os
from typing import Any

# TensorFlow gives the memory of large tensors back to the system after every operation; asking for
# it again costs more than the arithmetic (1.3 s instead of 2.1 s of processor time for an image at
# 1024 x 1024). It must be set before TensorFlow's first operation; a user's own choice stays.
os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")

_PUBLIC = {
  "Generator": "privai_tf.generators.generator",
  "Discriminator": "privai_tf.generators.discriminator",
  "load_generator": "privai_tf.generators.load",
  "load_discriminator": "privai_tf.generators.load",
  "to_uint8": "privai_tf.generators.pixels",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
  if name not in _PUBLIC:
    raise AttributeError(f"module 'privai_tf.generators' has no attribute '{name}'")
  value = getattr(importlib.import_module(_PUBLIC[name]), name)
  globals()[name] = value
  return value
