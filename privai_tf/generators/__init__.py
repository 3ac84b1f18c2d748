"""StyleGAN, StyleGAN2 and PGGAN networks: latent code -> image, image -> score. Names are imported lazily."""

from privai_tf.lazy import lazy_names

_PUBLIC = {
  "Generator": "privai_tf.generators.generator",
  "Discriminator": "privai_tf.generators.discriminator",
  "load_generator": "privai_tf.generators.load",
  "load_discriminator": "privai_tf.generators.load",
  "to_uint8": "privai_tf.generators.pixels",
}

__all__ = sorted(_PUBLIC)

__getattr__, __dir__ = lazy_names(__name__, _PUBLIC)
