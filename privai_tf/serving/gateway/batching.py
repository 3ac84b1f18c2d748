"""One thread for the model: requests that wait at the same time go through it together."""

import collections
import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np

from privai_tf.errors import PrivaiError

Function = Callable[[np.ndarray], Sequence[Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class _Item:
  name: str
  value: np.ndarray
  result: Future


class Batcher:
  """Runs functions of whole batches for callers that have one row each.

  All calls happen in one thread, so that TensorFlow keeps one set of buffers however many requests
  there are. Nobody waits for a batch to fill up: what is there when the thread is free is the batch.
  """

  def __init__(self, functions: Mapping[str, Function], largest: int):
    """Starts the thread.

    Args:
      functions: by name, map [n, ...] to n results, row by row.
      largest: rows at a time.
    """
    self._functions = dict(functions)
    self._largest = largest
    self._waiting: collections.deque[_Item] = collections.deque()
    self._changed = threading.Condition()
    self._closed = False
    self._thread = threading.Thread(target=self._work, name="model", daemon=True)
    self._thread.start()

  def run(self, name: str, value: np.ndarray) -> Any:
    """The result of one row; waits for it, and raises what the function raised."""
    item = _Item(name, value, Future())
    with self._changed:
      if self._closed:
        raise RuntimeError("the batcher is closed")
      self._waiting.append(item)
      self._changed.notify()
    return item.result.result()

  def close(self) -> None:
    """Finishes what waits, and ends the thread."""
    with self._changed:
      self._closed = True
      self._changed.notify()
    self._thread.join()

  def _work(self) -> None:
    while batch := self._take():
      self._finish(batch)

  def _take(self) -> list[_Item]:
    """The longest waiting item and others of its function; empty once closed and done."""
    with self._changed:
      self._changed.wait_for(lambda: self._waiting or self._closed)
      if not self._waiting:
        return []
      name = self._waiting[0].name
      batch = [item for item in self._waiting if item.name == name][: self._largest]
      for item in batch:
        self._waiting.remove(item)
      return batch

  def _finish(self, batch: list[_Item]) -> None:
    try:
      results = self._functions[batch[0].name](np.stack([item.value for item in batch]))
      for item, result in zip(batch, results, strict=True):
        item.result.set_result(result)
    except PrivaiError as error:
      if len(batch) == 1:
        batch[0].result.set_exception(error)
      else:  # One row's fault must not be the others'.
        for item in batch:
          self._finish([item])
    except BaseException as error:  # Not handled here: raised where `run` waits.
      for item in batch:
        if not item.result.done():
          item.result.set_exception(error)
