"""A model behind a server: export for TensorFlow Serving, its client, the gateway before it.

The public names are imported on first use; importing this package imports no TensorFlow.
"""

from privai_tf.lazy import lazy_names

_PUBLIC = {
  "ServedImage": "privai_tf.serving.client",
  "ServedLatents": "privai_tf.serving.client",
  "ServingClient": "privai_tf.serving.client",
  "ServingError": "privai_tf.serving.errors",
}

__all__ = sorted(_PUBLIC)

__getattr__, __dir__ = lazy_names(__name__, _PUBLIC)
