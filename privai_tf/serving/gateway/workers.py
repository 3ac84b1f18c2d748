"""The threads that do the work: one that hangs loses its place to a new one."""

import dataclasses
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

_SPARE = 2  # New threads, for each worker, in the place of some that hang.


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
  """What one worker is asked to do, and its result."""

  function: Callable[[Any], Any]
  argument: Any
  result: Future = dataclasses.field(default_factory=Future)


class Workers:
  """A fixed number of threads that serve, whatever some of them hang in.

  Python cannot stop a thread. `replace` starts another in the place of one that is late, which ends
  by itself should it ever get done. So that memory stays bounded, only so many may hang at a time:
  then `exhausted` says that the process is to be started anew. All are daemons: none of them keeps the
  process from ending.
  """

  def __init__(self, count: int):
    """Args: how many threads serve."""
    self._most_late = _SPARE * count
    self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
    self._lock = threading.Lock()
    self._running: dict[Job, threading.Thread] = {}
    self._late: set[threading.Thread] = set()
    self._serving: set[threading.Thread] = set()
    for _ in range(count):
      self._start()

  @property
  def exhausted(self) -> bool:
    """Whether as many hang as may: from now on some places are lost."""
    with self._lock:
      return len(self._late) >= self._most_late

  def submit(self, function: Callable[[Any], Any], argument: Any) -> Job:
    """Hands work to the next free thread; a job whose result is cancelled before is not begun."""
    job = Job(function, argument)
    self._jobs.put(job)
    return job

  def replace(self, job: Job) -> None:
    """Gives the place of the thread that still runs this job to a new one; else does nothing."""
    with self._lock:
      thread = self._running.get(job)
      if thread is None or thread in self._late or len(self._late) >= self._most_late:
        return
      self._late.add(thread)
      self._serving.discard(thread)
    self._start()

  def close(self, seconds: float) -> None:
    """Begins nothing more; waits so long at most for what is under way."""
    deadline = time.monotonic() + seconds
    with self._lock:
      threads = list(self._serving)
    while not self._jobs.empty():
      try:
        waiting = self._jobs.get_nowait()
      except queue.Empty:
        break
      if waiting is not None:
        waiting.result.cancel()
    for _ in threads:
      self._jobs.put(None)
    for thread in threads:
      thread.join(max(0.0, deadline - time.monotonic()))

  def _start(self) -> None:
    thread = threading.Thread(target=self._serve, name="worker", daemon=True)
    with self._lock:
      self._serving.add(thread)
    thread.start()

  def _serve(self) -> None:
    thread = threading.current_thread()
    while (job := self._jobs.get()) is not None:
      if not job.result.set_running_or_notify_cancel():
        continue
      with self._lock:
        self._running[job] = thread
      try:
        result, error = job.function(job.argument), None
      except BaseException as raised:  # Not handled here: raised where the result is waited for.
        result, error = None, raised
      with self._lock:
        del self._running[job]
        late = thread in self._late
        self._late.discard(thread)
      if error is None:
        job.result.set_result(result)
      else:
        job.result.set_exception(error)
      del job, result, error  # A picture is not kept until the next one comes.
      if late:
        return
