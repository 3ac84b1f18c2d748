"""A batch shared by several devices gives what one device gives; devices are logical ones of the CPU."""

import json
import subprocess
import sys

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.inversion.spec import InversionSpec
from privai_tf.runtime import devices

_SCRIPT = """
import importlib.util, json, sys
import numpy as np
import tensorflow as tf

processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
spec = importlib.util.spec_from_file_location("tiny", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from privai_tf.inversion import InversionSpec, invert
from privai_tf.runtime.devices import replicas

tiny = module.TinyGenerator()
photos = tiny.synthesize(tiny.map(tiny.sample_z(3, seed=11)), "W")
result = {"replicas": [replicas(name) for name in ("auto", "one", "mirrored")], "found": []}
for space, options in [("W+", {}), ("W", {"patience": 8, "plateau": 0.02}), ("Z", {"latent_noise": 0.2})]:
  for strategy in ("one", "mirrored"):
    spec = InversionSpec(
      latent_space=space, steps=30, steps_per_call=15, strategy=strategy, **options
    )
    found = invert(photos, tiny, spec)
    result["found"].append([found.latents.tolist(), found.losses.tolist(), found.steps.tolist()])
print(json.dumps(result))
"""


@pytest.mark.slow
def test_two_devices_find_what_one_finds(repository):
  """Three images on two devices: one part is filled up."""
  import numpy as np

  tiny = repository / "tests" / "inversion" / "conftest.py"
  done = subprocess.run(
    [sys.executable, "-c", _SCRIPT, str(tiny)],
    capture_output=True,
    text=True,
    cwd=repository,
    check=False,
  )
  assert done.returncode == 0, done.stderr[-3000:]
  result = json.loads(done.stdout.splitlines()[-1])
  assert result["replicas"] == [1, 1, 2]
  found = result["found"]
  for one, two in zip(found[::2], found[1::2], strict=True):
    # Sums in another order: differences of float32 that the steps amplify a little.
    np.testing.assert_allclose(one[0], two[0], atol=2e-3)
    np.testing.assert_allclose(one[1], two[1], rtol=5e-3)
    np.testing.assert_array_equal(one[2], two[2])


def test_one_is_the_default_strategy():
  import tensorflow as tf

  assert devices.distribution("one") is tf.distribute.get_strategy()
  if not tf.config.list_logical_devices("GPU") and len(tf.config.list_logical_devices("CPU")) == 1:
    assert devices.distribution("mirrored") is devices.distribution("one")
    assert devices.replicas("auto") == 1


def test_unknown_names():
  with pytest.raises(ConfigurationError, match="strategy is 'gpu'"):
    devices.distribution("gpu")
  with pytest.raises(ConfigurationError, match="strategy"):
    InversionSpec(strategy="gpu")


def test_no_tpu(monkeypatch):
  import tensorflow as tf

  def refuse(tpu):
    raise ValueError("Could not find TPU\nmore")

  monkeypatch.setattr(tf.distribute.cluster_resolver, "TPUClusterResolver", refuse)
  monkeypatch.setenv("TPU_NAME", "absent")
  with pytest.raises(ConfigurationError, match=r"no TPU at TPU_NAME='absent'.*'auto'") as caught:
    devices.distribution("tpu")
  assert "\n" not in str(caught.value)
