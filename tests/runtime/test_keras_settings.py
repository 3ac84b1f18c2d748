"""The user's own Keras settings have no influence on commands, or one clear line."""

import json
import subprocess
import sys

import keras
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.generators import load_discriminator, load_generator
from privai_tf.runtime import keras_settings, startup

# The user's whole file at its worst; a job's process prints what its networks meet.
_FILE = {
  "floatx": "float64",
  "epsilon": 0.5,
  "backend": "theano",
  "image_data_format": "channels_first",
}
_PROGRAM = """
from privai_tf.runtime.startup import start_tensorflow
start_tensorflow()
import keras
config = keras.config
print(config.backend(), config.floatx(), config.image_data_format(), config.epsilon())
print(keras.layers.Dense(1).dtype_policy.name)
"""


def test_a_users_file_has_no_influence_on_a_command(repository, tmp_path, clean_environment):
  (tmp_path / "keras.json").write_text(json.dumps(_FILE))
  result = subprocess.run(
    [sys.executable, "-c", _PROGRAM],
    cwd=repository,
    env=clean_environment | {"KERAS_HOME": str(tmp_path)},
    capture_output=True,
    text=True,
    check=False,
  )
  assert result.stderr == ""
  assert result.stdout.split() == ["tensorflow", "float32", "channels_last", "1e-07", "float32"]


@pytest.fixture
def clean_environment(monkeypatch):
  import os

  for name in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL"):
    monkeypatch.delenv(name, raising=False)
  return dict(os.environ)


def test_another_backend_in_the_environment_is_told_before_anything_is_loaded(monkeypatch):
  monkeypatch.setenv("KERAS_BACKEND", "jax")
  monkeypatch.setattr(startup, "_start", lambda: pytest.fail("loaded"))
  with pytest.raises(ConfigurationError, match="unset KERAS_BACKEND"):
    startup.start_tensorflow()


@pytest.mark.parametrize("load", [load_generator, load_discriminator])
def test_other_numbers_in_a_python_session_are_refused(load):
  keras.config.set_floatx("float64")
  try:
    with pytest.raises(ConfigurationError, match="set_floatx"):
      load("avatars")
  finally:
    keras.config.set_floatx("float32")


def test_another_backend_in_a_python_session_is_refused(monkeypatch):
  monkeypatch.setattr(keras.config, "backend", lambda: "jax")
  with pytest.raises(ConfigurationError, match="runs on 'jax'"):
    keras_settings.require_keras()
