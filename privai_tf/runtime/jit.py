"""Whether to compile with XLA: one policy for every compiled function of the package.

On accelerators XLA fuses the many small operations of a generator. On a CPU it replaces oneDNN's
convolutions by slower loops: 1.7-2.0 s instead of 0.5 s an image at 1024 x 1024.
"""

from privai_tf.errors import ConfigurationError

JIT_MODES = ("auto", "on", "off")


def use_jit(mode: str = "auto") -> bool:
  """Decides whether functions are compiled with XLA.

  Args:
    mode: "on", "off", or "auto": on if a GPU or TPU is visible to TensorFlow, off on a CPU.

  Returns:
    The value for `tf.function(jit_compile=...)`.

  Raises:
    ConfigurationError: for any other mode.
  """
  if mode not in JIT_MODES:
    raise ConfigurationError(f"jit is {mode!r}; use one of {', '.join(JIT_MODES)}.")
  if mode != "auto":
    return mode == "on"
  import tensorflow as tf  # Late: only "auto" needs to see the devices.

  return any(tf.config.list_logical_devices(kind) for kind in ("GPU", "TPU"))
