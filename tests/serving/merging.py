"""Merging of requests into batches, as TensorFlow Serving does it; for the server that tests use."""

import concurrent.futures
import contextlib
import threading

import grpc
import numpy as np
import tensorflow as tf


class Refused(Exception):
  """A request that is answered with an error."""

  def __init__(self, code, message):
    super().__init__(message)
    self.code = code


class Task:
  """One request waiting for its batch."""

  def __init__(self, inputs):
    self.inputs = inputs
    self.size = len(next(iter(inputs.values())))
    self.future = concurrent.futures.Future()


class Batcher:
  """Merges the waiting requests of one signature, pads, runs, and hands the rows back.

  As TensorFlow Serving does it: all inputs and outputs have the rows first, a batch that fails
  fails all its requests, one is padded with copies of its first row, larger requests are split.

  Attributes:
    merged: for each batch run, how many rows each of its requests had.
  """

  def __init__(self, function, largest_request, sizes):
    self._function = function
    self._largest_request, self._sizes = largest_request, sizes
    self._most = sizes[-1]
    self._waiting = []
    self._changed = threading.Condition()
    self._held = False
    self._closed = False
    self.merged = []
    self._thread = threading.Thread(target=self._run, daemon=True)
    self._thread.start()

  @property
  def waiting(self):
    """How many requests wait."""
    return len(self._waiting)

  def run(self, inputs):
    """Outputs of one request."""
    task = Task(inputs)
    if any(len(value) != task.size for value in inputs.values()):
      raise Refused("INVALID_ARGUMENT", "input tensors must have equal 0th-dimension size")
    if task.size > self._largest_request:
      limit = self._largest_request
      raise Refused(
        "INVALID_ARGUMENT", f"Task size {task.size} is larger than maximum input batch size {limit}"
      )
    parts = [
      Task({name: value[start : start + self._most] for name, value in inputs.items()})
      for start in range(0, task.size, self._most)
    ]
    with self._changed:
      self._waiting += parts
      self._changed.notify()
    results = [part.future.result() for part in parts]
    return {name: np.concatenate([result[name] for result in results]) for name in results[0]}

  @contextlib.contextmanager
  def held(self):
    """Requests only queue up inside; then they are run."""
    self._held = True
    try:
      yield
    finally:
      with self._changed:
        self._held = False
        self._changed.notify()

  def close(self):
    with self._changed:
      self._closed = True
      self._changed.notify()
    self._thread.join()

  def _run(self):
    while True:
      with self._changed:
        self._changed.wait_for(lambda: self._closed or (self._waiting and not self._held))
        if self._closed:
          return
        batch = []
        while self._waiting and sum(t.size for t in batch) + self._waiting[0].size <= self._most:
          batch.append(self._waiting.pop(0))
      self._serve(batch)

  def _serve(self, batch):
    self.merged.append([task.size for task in batch])
    count = sum(task.size for task in batch)
    padding = next(size for size in self._sizes if size >= count) - count
    try:
      inputs = {}
      for name in batch[0].inputs:
        rows = [task.inputs[name] for task in batch]
        inputs[name] = tf.constant(np.concatenate([*rows, *[rows[0][:1]] * padding]))
      outputs = {name: value.numpy() for name, value in self._function(**inputs).items()}
      if any(value.shape[:1] != (count + padding,) for value in outputs.values()):
        raise Refused("FAILED_PRECONDITION", "an output lacks the batch as its first dimension")
    except tf.errors.OpError as error:
      code = grpc.StatusCode(_status(error.error_code)).name
      self._fail(batch, Refused(code, error.message))
    except Refused as error:
      self._fail(batch, error)
    else:
      start = 0
      for task in batch:
        rows = slice(start, start + task.size)
        task.future.set_result({name: value[rows] for name, value in outputs.items()})
        start += task.size

  def _fail(self, batch, error):
    for task in batch:
      task.future.set_exception(error)


def _status(number):
  return next(code.value for code in grpc.StatusCode if code.value[0] == number)
