"""Which type "auto" stands for, by what devices say of themselves: injected, as no machine has them all."""

import pytest
import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import precision
from privai_tf.runtime.precision import gpu_multiplies, processor_multiplies, resolved

_CORE = "processor\t: {}\nmodel name\t: Some CPU @ 2.00GHz\nflags\t\t: fpu avx2 {} fma\nbugs\t\t: spectre\n\n"


def _info(*flags):
  return "".join(_CORE.format(number, flag) for number, flag in enumerate(flags))


@pytest.mark.parametrize(
  ("text", "fast"),
  [
    (_info("avx512f avx512_bf16", "avx512f avx512_bf16"), True),
    (_info("amx_bf16 amx_tile"), True),
    (_info("avx512f", "avx512f"), False),
    (_info("avx512_bf16", "avx512f"), False),  # Of two kinds of core.
    (_info("not_avx512_bf16 avx512_bf16x"), False),
    ("processor\t: 0\nFeatures\t: fp asimd bf16\n", False),  # ARM has no such line.
    ("model name\t: avx512_bf16\n", False),
    ("flags\n", False),
    ("flags :\n", False),
    ("", False),
    ("\ufffd\x00flags: avx512_bf16", False),
  ],
)
def test_processors(text, fast):
  assert processor_multiplies(text) is fast


@pytest.mark.parametrize(
  ("details", "fast"),
  [
    ({"compute_capability": (8, 0), "device_name": "A100"}, True),
    ({"compute_capability": (9, 0)}, True),
    ({"compute_capability": (7, 5)}, False),
    ({"device_name": "of another maker"}, False),
    ({}, False),
  ],
)
def test_gpus(details, fast):
  assert gpu_multiplies(details) is fast


class _Machine:
  """What TensorFlow sees, and what the processor says."""

  def __init__(self, monkeypatch, tmp_path):
    self._patch, self._file = monkeypatch, tmp_path / "cpuinfo"
    monkeypatch.setattr(precision, "_CPU_INFO", str(self._file))
    for name in ("TF_ENABLE_ONEDNN_OPTS", "PRIVAI_PRECISION"):
      monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(precision.sys, "platform", "linux")
    self.has()

  def has(self, gpus=(), tpu=False, flags=None):
    config = tf.config
    self._patch.setattr(config, "get_visible_devices", lambda kind: list(range(len(gpus))))
    self._patch.setattr(config.experimental, "get_device_details", lambda number: gpus[number])
    self._patch.setattr(config, "list_logical_devices", lambda kind: ["TPU:0"] * tpu)
    self._file.unlink(missing_ok=True)
    if flags is not None:
      self._file.write_bytes(_info(flags).encode() + b"\xff\xfe")
    precision._processor_multiplies.cache_clear()


@pytest.fixture
def machine(monkeypatch, tmp_path):
  yield _Machine(monkeypatch, tmp_path)
  precision._processor_multiplies.cache_clear()


def test_auto_follows_the_device_that_draws(machine):
  assert resolved() == "float32"  # A processor that says nothing.
  machine.has(flags="avx512_bf16")
  assert resolved("auto") == "bfloat16"
  new, old = {"compute_capability": (8, 6)}, {"compute_capability": (7, 0)}
  machine.has([old], flags="avx512_bf16")
  assert resolved() == "float32"
  machine.has([new, new])
  assert resolved() == "bfloat16"
  machine.has([new, old])
  assert resolved() == "float32"
  machine.has(tpu=True)
  assert resolved() == "bfloat16"


def test_only_linux_with_onednn_is_asked(machine, monkeypatch):
  machine.has(flags="avx512_bf16")
  monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
  assert resolved() == "float32"
  monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
  precision._processor_multiplies.cache_clear()
  monkeypatch.setattr(precision.sys, "platform", "darwin")
  assert resolved() == "float32"


def test_what_is_asked_for_is_honoured_and_nonsense_refused(machine):
  assert resolved("bfloat16") == "bfloat16"
  machine.has(tpu=True, flags="avx512_bf16")
  assert resolved("float32") == "float32"
  with pytest.raises(ConfigurationError, match="use one of auto, float32, bfloat16"):
    resolved("float16")


def test_the_environment_decides_for_a_fleet(machine, monkeypatch):
  machine.has(flags="avx512_bf16")
  monkeypatch.setenv("PRIVAI_PRECISION", "float32")
  assert resolved() == "float32"
  assert resolved("bfloat16") == "bfloat16"  # A flag wins.
  monkeypatch.setenv("PRIVAI_PRECISION", "auto")
  assert resolved() == "bfloat16"
  monkeypatch.setenv("PRIVAI_PRECISION", "half")
  with pytest.raises(ConfigurationError, match="PRIVAI_PRECISION is 'half'; use one of"):
    resolved()
