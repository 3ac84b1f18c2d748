"""StyleGAN and PGGAN networks: latent code -> image, image -> score. Names are imported lazily."""

import importlib
from typing import Any

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
