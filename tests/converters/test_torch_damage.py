"""Random damage to PyTorch's files: read, or refused by an error of ours; nothing runs."""

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privai_tf.converters.errors import NetworkFileError
from privai_tf.converters.persistence import read_persistent_file
from privai_tf.converters.pytorch import read_torch_file
from tests.converters.torch_writer import TorchWriter

_FUZZ = settings(
  max_examples=200,
  deadline=None,
  suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_CHANGES = st.lists(
  st.tuples(st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 2)), min_size=1, max_size=4
)
WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3).T


def changed(data, changes):
  """Bytes replaced, left out or put in at some places."""
  data = bytearray(data)
  for position, value, kind in changes:
    place = position % len(data)
    data[place : place + (kind < 2)] = b"" if kind == 1 else bytes([value])
  return bytes(data)


def torch_file(container):
  writer = TorchWriter(container)
  settings = writer.plain({"a": [1, 2.5, None], "b": (True, "text")})
  return writer.save(writer.dict({"w": writer.state_dict({"x": WEIGHT}), "opts": settings}))


def persistent_file():
  writer = TorchWriter(protocol=3)
  parameters = writer.dict({"w": writer.nested(WEIGHT)})
  attributes = {"gain": writer.scalar(np.float64(2)), "size": writer.array(np.arange(2))}
  return writer.snapshot(writer.persistent(_parameters=parameters, **attributes))


@pytest.mark.parametrize("container", ["stream", "zip"])
@_FUZZ
@given(changes=_CHANGES)
def test_changed_containers(changes, container, tmp_path, nothing_executed):
  path = tmp_path / "network.pth"
  path.write_bytes(changed(torch_file(container), changes))
  with nothing_executed(), contextlib.suppress(NetworkFileError):
    content = read_torch_file(path).content
    if isinstance(content, dict) and isinstance(content.get("w"), dict):
      np.asarray(content["w"].get("x", 0))


@_FUZZ
@given(changes=_CHANGES)
def test_changed_pickles(changes, tmp_path, nothing_executed):
  path = tmp_path / "network.pkl"
  path.write_bytes(changed(persistent_file(), changes))
  with nothing_executed(), contextlib.suppress(NetworkFileError):
    for network in read_persistent_file(path).networks.values():
      for tensor in network.tensors.values():
        np.asarray(tensor)
