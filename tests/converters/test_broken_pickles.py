"""Pickles outside what official files do: bombs, contradictions, foreign operations, damage."""

import time
import tracemalloc

import pytest

from privai_tf.converters.restricted_pickle import read_network_pickle
from tests.converters.broken_pickles import bombs, calls, operations, sizes, values

PARTS = {**calls.PARTS, **operations.PARTS, **sizes.PARTS, **bombs.PARTS, **values.PARTS}


@pytest.mark.parametrize("name", PARTS)
def test_broken_file_is_refused(name, assembler, write, nothing_executed):
  error, reason, make = PARTS[name]
  path = write(make(assembler()))
  size = path.stat().st_size
  tracemalloc.start()
  start = time.process_time()
  with nothing_executed(), pytest.raises(error) as caught:
    read_network_pickle(path)
  seconds = time.process_time() - start
  _, peak = tracemalloc.get_traced_memory()
  tracemalloc.stop()
  assert type(caught.value) is error
  message = str(caught.value)
  assert message.startswith(f"{path}: ")
  assert reason in message, message
  assert len(message) < 500 + len(str(path))
  assert "\n" not in message
  assert seconds < 20  # of processor time, with memory tracing
  assert peak < 2_000_000 + 80 * size  # an empty container takes one byte in the file


def test_the_collection_is_large():
  assert len(PARTS) > 100
