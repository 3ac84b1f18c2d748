"""The demo models: portraits with known factors, and a StyleGAN and a PGGAN that draw them."""

from privai_tf.lazy import lazy_names

__getattr__, __dir__ = lazy_names(__name__, {"portraits": "privai_tf.demo.renderer"})
