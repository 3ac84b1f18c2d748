"""The compile policy, and that asking for it costs nothing where the answer is known."""

import subprocess
import sys

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.jit import use_jit


def test_explicit_modes_do_not_import_tensorflow(repository):
  code = (
    "import sys; from privai_tf.runtime.jit import use_jit;"
    "assert use_jit('on') is True and use_jit('off') is False;"
    "assert 'tensorflow' not in sys.modules"
  )
  subprocess.run([sys.executable, "-c", code], check=True, cwd=repository)


@pytest.mark.parametrize(
  ("devices", "expected"), [({"CPU"}, False), ({"CPU", "GPU"}, True), ({"CPU", "TPU"}, True)]
)
def test_auto_looks_at_the_devices(monkeypatch, devices, expected):
  import tensorflow as tf

  monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind] * (kind in devices))
  assert use_jit("auto") is expected


@pytest.mark.parametrize("mode", ["yes", "", None, True])
def test_unknown_mode(mode):
  with pytest.raises(ConfigurationError, match="auto, on, off"):
    use_jit(mode)
