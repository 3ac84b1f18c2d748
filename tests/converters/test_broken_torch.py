"""Files of `torch.save` outside what it writes: each refused in one line, nothing executed."""

import tracemalloc

import numpy as np
import pytest

from privai_tf.converters.pytorch import LazyTensor, read_torch_file
from tests.converters.broken_torch.archives import ARCHIVES
from tests.converters.broken_torch.containers import BOTH, STREAMS
from tests.converters.torch_writer import TorchWriter

CASES = [("stream", name) for name in STREAMS | BOTH]
CASES += [("zip", name) for name in ARCHIVES | BOTH]
PARTS = STREAMS | ARCHIVES | BOTH


def read_everything(path):
  def walk(value):
    if isinstance(value, LazyTensor):
      np.asarray(value)
    for inner in value.values() if isinstance(value, dict) else ():
      walk(inner)

  walk(read_torch_file(path).content)


@pytest.mark.parametrize(("container", "name"), CASES)
def test_broken_file_is_refused(container, name, write, nothing_executed):
  error, reason, make = PARTS[name]
  path = write(make(TorchWriter(container)), "network.pth")
  size = path.stat().st_size
  tracemalloc.start()
  try:
    with nothing_executed(), pytest.raises(error) as caught:
      read_everything(path)
    _, peak = tracemalloc.get_traced_memory()
  finally:
    tracemalloc.stop()
  message = str(caught.value)
  assert type(caught.value) is error
  assert message.startswith(f"{path}: ")
  assert reason in message, message
  assert "\n" not in message
  assert len(message) < 500 + len(str(path))
  assert peak < 8_000_000 + 20 * size


def test_the_collection_is_large():
  assert len(CASES) > 80


@pytest.mark.parametrize("container", ["stream", "zip"])
def test_every_cut_is_refused(container, write, nothing_executed):
  """A file that breaks off anywhere is an error, whatever was read until there."""
  writer = TorchWriter(container)
  body = writer.state_dict({"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(3)})
  data = writer.save(body)
  for length in range(0, len(data), 7):
    path = write(data[:length], "network.pth")
    with nothing_executed(), pytest.raises(ValueError, match=r"network\.pth"):
      read_everything(path)
