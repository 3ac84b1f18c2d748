"""In which type of numbers pictures are drawn: one policy for every command that has `--precision`.

A convolution of bfloat16 numbers takes half the time of one of float32 where the device multiplies
them itself, and longer where that is emulated: 8 bits of mantissa are then the price of nothing.
"""

import functools
import os
import re
import sys

from privai_tf.errors import ConfigurationError

PRECISIONS = ("auto", "float32", "bfloat16")
_VARIABLE = "PRIVAI_PRECISION"
_CPU_INFO = "/proc/cpuinfo"
_PROCESSOR_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
_CAPABILITY = (8, 0)  # Of the first NVIDIA GPUs whose tensor cores take bfloat16.


def resolved(precision: str = "auto") -> str:
  """The type that is multiplied: what was asked for, or what this machine is fast at.

  Args:
    precision: "float32", "bfloat16", or "auto": bfloat16 on TPUs, on GPUs of compute capability 8.0
      and above, and on processors with `avx512_bf16` or `amx_bf16` (as Linux tells), else float32;
      or whatever the environment's `PRIVAI_PRECISION` says, so that unlike machines draw alike.

  Returns:
    "float32" or "bfloat16".

  Raises:
    ConfigurationError: for anything else.
  """
  name = "precision"
  if precision == "auto" and _VARIABLE in os.environ:
    name, precision = _VARIABLE, os.environ[_VARIABLE]
  if precision not in PRECISIONS:
    raise ConfigurationError(f"{name} is {precision!r}; use one of {', '.join(PRECISIONS)}.")
  if precision != "auto":
    return precision
  import tensorflow as tf  # Late: only "auto" needs to see the devices.

  if tf.config.list_logical_devices("TPU"):
    return "bfloat16"
  gpus = tf.config.get_visible_devices("GPU")
  if gpus:
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return "bfloat16" if all(map(gpu_multiplies, details)) else "float32"
  return "bfloat16" if _processor_multiplies() else "float32"


def gpu_multiplies(details: dict) -> bool:
  """Whether a GPU multiplies bfloat16 numbers fast.

  Args:
    details: what `tf.config.experimental.get_device_details` says; it may say nothing.
  """
  capability = details.get("compute_capability")
  return capability is not None and tuple(capability) >= _CAPABILITY


def processor_multiplies(cpu_info: str) -> bool:
  """Whether a processor multiplies bfloat16 numbers fast.

  Args:
    cpu_info: the text of Linux's `/proc/cpuinfo`; of anything else the answer is no.
  """
  flags = [set(line.split()) for line in re.findall(r"^flags\s*:(.*)$", cpu_info, re.MULTILINE)]
  # A process may run on any core, and not all need to be of one kind.
  return bool(flags) and all(core & _PROCESSOR_FLAGS for core in flags)


@functools.cache
def _processor_multiplies() -> bool:
  # Without oneDNN, TensorFlow's own convolutions convert every number there and back.
  if not sys.platform.startswith("linux") or os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
    return False
  try:
    with open(_CPU_INFO, encoding="ascii", errors="replace") as file:
      return processor_multiplies(file.read())
  except OSError:
    return False
