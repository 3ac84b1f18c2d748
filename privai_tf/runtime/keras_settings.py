"""The user's own Keras settings (`~/.keras/keras.json`, `KERAS_BACKEND`) and ours.

Our networks are float32, channels last, on TensorFlow. A command's process is ours, so it is set
there; in somebody's Python session other settings are theirs, and are refused in one line.
"""

import os

from privai_tf.errors import ConfigurationError

_BACKEND = "KERAS_BACKEND"
_FLOATX, _DATA_FORMAT, _EPSILON = "float32", "channels_last", 1e-7


def choose_backend() -> None:
  """Chooses TensorFlow, whatever keras.json says, before Keras is imported."""
  os.environ.setdefault(_BACKEND, "tensorflow")


def check_backend() -> None:
  """Refuses another backend that was asked for, before Keras is imported.

  Raises:
    ConfigurationError: if there is one.
  """
  backend = os.environ.get(_BACKEND, "tensorflow")
  if backend != "tensorflow":
    raise ConfigurationError(
      f"{_BACKEND} is '{backend}' in the environment: privai_tf needs TensorFlow; unset {_BACKEND}, "
      "or set it to tensorflow"
    )


def settle_keras() -> None:
  """Makes Keras's settings ours, in a process of our own."""
  import keras

  require_backend()
  keras.config.set_floatx(_FLOATX)
  keras.config.set_image_data_format(_DATA_FORMAT)
  keras.config.set_epsilon(_EPSILON)
  keras.config.set_dtype_policy(_FLOATX)


def require_backend() -> None:
  """Refuses a Keras that runs on something else.

  Raises:
    ConfigurationError: then.
  """
  import keras

  backend = keras.config.backend()
  if backend != "tensorflow":
    raise ConfigurationError(
      f"Keras runs on '{backend}' in this process: privai_tf needs TensorFlow; set {_BACKEND}="
      "tensorflow before Keras is imported"
    )


def require_keras() -> None:
  """Refuses settings with which our networks would not be what they are.

  Raises:
    ConfigurationError: if Keras has another backend or another type of numbers.
  """
  import keras

  require_backend()
  if keras.config.floatx() != _FLOATX:
    raise ConfigurationError(
      f"Keras's floatx is {keras.config.floatx()} in this process (~/.keras/keras.json?): privai_tf "
      "needs keras.config.set_floatx('float32')"
    )
