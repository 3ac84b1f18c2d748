"""Which devices of this host share the work: one policy for every batch that may be split.

Images of a batch never influence one another, so a batch is cut into one part a device; see
`inversion.search` for how.
"""

import functools
import os

from privai_tf.errors import ConfigurationError

STRATEGIES = ("auto", "one", "mirrored", "tpu")


@functools.cache
def distribution(name: str = "auto"):
  """The strategy of a name.

  Args:
    name: "one": TensorFlow's default device; "mirrored": all GPUs, or, where there is none, all
      logical CPU devices (of one there is nothing to mirror: "one"); "tpu": the cores of the TPU that the environment variable `TPU_NAME` (empty:
      the local one) stands for; "auto": "mirrored" from two GPUs on, "tpu" where TensorFlow sees
      one, else "one".

  Returns:
    A `tf.distribute.Strategy`; for "one" the default one, which does nothing.

  Raises:
    ConfigurationError: for any other name, and for "tpu" where none can be reached.
  """
  if name not in STRATEGIES:
    raise ConfigurationError(f"strategy is {name!r}; use one of {', '.join(STRATEGIES)}.")
  import tensorflow as tf  # Late: specifications are checked without it.

  gpus = tf.config.list_logical_devices("GPU")
  if name == "auto":
    name = "mirrored" if len(gpus) > 1 else "one"
    if tf.config.list_logical_devices("TPU"):
      name = "tpu"
  if name == "mirrored":
    devices = gpus or tf.config.list_logical_devices("CPU")
    if len(devices) > 1:
      return tf.distribute.MirroredStrategy([device.name for device in devices])
  if name == "tpu":
    return _tpu_strategy(tf)
  return tf.distribute.get_strategy()


def replicas(name: str = "auto") -> int:
  """Into how many parts a batch is cut; see `distribution`."""
  return distribution(name).num_replicas_in_sync


def _tpu_strategy(tf):
  """Connects to the TPU once; TensorFlow forgets everything on it when that is done again."""
  if not tf.config.list_logical_devices("TPU"):
    address = os.environ.get("TPU_NAME", "")
    try:
      resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=address)
      tf.config.experimental_connect_to_cluster(resolver)
      tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, OSError, tf.errors.OpError) as error:
      reason = (str(error).splitlines() or ["no reason given"])[0][:120]
      raise ConfigurationError(
        f"strategy='tpu' finds no TPU at TPU_NAME={address!r} ({reason}); use 'auto'."
      ) from error
    return tf.distribute.TPUStrategy(resolver)
  return tf.distribute.TPUStrategy()
