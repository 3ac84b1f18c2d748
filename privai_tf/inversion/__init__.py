"""Image to latent code. The public names are imported late: TensorFlow only when inverting."""

import importlib
from typing import Any

_PUBLIC = {
  "InversionSpec": "privai_tf.inversion.spec",
  "invert": "privai_tf.inversion.optimizer",
  "load_latents": "privai_tf.inversion.latents",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
  if name not in _PUBLIC:
    raise AttributeError(f"module 'privai_tf.inversion' has no attribute '{name}'")
  value = getattr(importlib.import_module(_PUBLIC[name]), name)
  globals()[name] = value
  return value
