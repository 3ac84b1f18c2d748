"""Pickles that look like StyleGAN2-ADA's: each refused in one line, nothing executed."""

import tracemalloc

import numpy as np
import pytest

from privai_tf.converters.persistence import read_persistent_file
from tests.converters.broken_torch.persistent import PARTS
from tests.converters.torch_writer import TorchWriter


@pytest.mark.parametrize("name", PARTS)
def test_broken_file_is_refused(name, write, nothing_executed):
  error, reason, make = PARTS[name]
  path = write(make(TorchWriter(protocol=3)))
  size = path.stat().st_size
  tracemalloc.start()
  try:
    with nothing_executed(), pytest.raises(error) as caught:
      read_persistent_file(path)
    _, peak = tracemalloc.get_traced_memory()
  finally:
    tracemalloc.stop()
  message = str(caught.value)
  assert type(caught.value) is error
  assert message.startswith(f"{path}: ")
  assert reason in message, message
  assert "\n" not in message
  assert len(message) < 500 + len(str(path))
  assert peak < 4_000_000 + 10 * size


def test_tensors_stay_in_the_file(write):
  """Sixteen megabytes of weights, of which reading the file touches none."""
  writer = TorchWriter(protocol=3)
  weights = {f"w{i}": writer.nested(np.zeros(1 << 20, np.float32)) for i in range(4)}
  path = write(writer.snapshot(writer.persistent(_parameters=writer.dict(weights))))
  del weights
  tracemalloc.start()
  try:
    file = read_persistent_file(path)
    _, peak = tracemalloc.get_traced_memory()
  finally:
    tracemalloc.stop()
  assert peak < 1_000_000
  assert len(file.network("G_ema").tensors) == 4
