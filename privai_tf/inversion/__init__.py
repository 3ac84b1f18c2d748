"""Image to latent code. The public names are imported late: TensorFlow only when inverting."""

from privai_tf.lazy import lazy_names

_PUBLIC = {
  "InversionSpec": "privai_tf.inversion.spec",
  "find_codes": "privai_tf.inversion.optimizer",
  "invert": "privai_tf.inversion.optimizer",
  "load_latents": "privai_tf.inversion.latents",
  "quality_report": "privai_tf.inversion.quality",
}

__all__ = sorted(_PUBLIC)

__getattr__, __dir__ = lazy_names(__name__, _PUBLIC)
