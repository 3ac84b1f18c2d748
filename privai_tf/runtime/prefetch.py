"""Work done ahead of the one who needs it, in a few threads, in order and within bounded memory."""

import collections
import concurrent.futures
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def prefetched(
  function: Callable[[Given], Made], values: Iterable[Given], *, threads: int, ahead: int
) -> Iterator[Made]:
  """Maps a function over values in threads, ahead of the consumer.

  Threads and no `tf.data`: what passes here are Python objects (a photo gives any number of faces,
  or an error), which `tf.data` would only take through `py_function`, that is, through Python's own
  threads and a serialization. Decoding and resizing leave the interpreter's lock to the others.

  Args:
    function: called in a thread; what it raises is raised at its value's turn.
    values: taken one by one, in the consumer's thread.
    threads: how many work at once, at least 1.
    ahead: results that exist at most without having been asked for, at least 1.

  Yields:
    The results, in the order of the values.
  """
  pool = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="prefetch")
  waiting: collections.deque[concurrent.futures.Future[Made]] = collections.deque()
  try:
    for value in values:
      waiting.append(pool.submit(function, value))
      if len(waiting) >= ahead:
        yield waiting.popleft().result()
    while waiting:
      yield waiting.popleft().result()
  finally:
    # On an interruption: nothing more is begun, and nobody waits for what is under way.
    pool.shutdown(wait=False, cancel_futures=True)
