"""The demo model "avatars": portraits with known factors, and a StyleGAN that draws them."""

from privai_tf.lazy import lazy_names

__getattr__, __dir__ = lazy_names(__name__, {"portraits": "privai_tf.demo.portrait"})
