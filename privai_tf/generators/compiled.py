"""Compilation of a function of tensors, the one place that knows the Keras backend."""

from collections.abc import Callable
from typing import Any

import keras

from privai_tf.runtime.jit import use_jit


def compiled(function: Callable[..., Any], jit: str = "auto") -> Callable[..., Any]:
  """Compiles a function: `tf.function` on TensorFlow, `jax.jit` on JAX.

  Args:
    function: of tensors; it is traced once for each combination of shapes.
    jit: "auto", "on" or "off": whether TensorFlow compiles with XLA, see `runtime.jit`.
  """
  if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    # No AutoGraph: there is nothing for it to convert (JAX takes the same functions), and it parses
    # source while other threads may do so too, which Python 3.11 takes badly (cpython#106905).
    return tf.function(function, jit_compile=use_jit(jit), autograph=False, reduce_retracing=False)
  if keras.backend.backend() == "jax":
    import jax

    return jax.jit(function)
  return function


def on_processor(jit: str = "auto") -> bool:
  """Whether functions run on TensorFlow's own kernels for processors (oneDNN)."""
  return keras.backend.backend() == "tensorflow" and not use_jit("auto") and not use_jit(jit)
