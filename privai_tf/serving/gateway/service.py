"""What the routes share: who calls, what is let in, and the way into the threads that do the work."""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import Request

from privai_tf.serving.gateway.admission import Admission
from privai_tf.serving.gateway.metrics import Metrics
from privai_tf.serving.gateway.readiness import Readiness
from privai_tf.serving.gateway.refusals import Refusal, Unavailable
from privai_tf.serving.gateway.releases import Releaser, Ticket
from privai_tf.serving.gateway.settings import GatewaySettings
from privai_tf.serving.gateway.tokens import Caller, TokenFile
from privai_tf.serving.gateway.uploads import read_body
from privai_tf.serving.gateway.workers import Workers

Result = TypeVar("Result")
_CLOSING_SECONDS = 5.0


class Service:
  """One gateway: its settings, callers, stages and threads."""

  def __init__(
    self, settings: GatewaySettings, tokens: TokenFile, releaser: Releaser, workers: int = 2
  ):
    """Puts them together.

    Args:
      settings: the operator's choices.
      tokens: the callers.
      releaser: the stages; closed with the service, its backend and ledger too.
      workers: threads that decode, draw noise and wait for the model.
    """
    self.settings = settings
    self.tokens = tokens
    self.releaser = releaser
    self.metrics = Metrics()
    self.admission = Admission(
      settings.max_concurrent, settings.max_per_caller, settings.retry_after
    )
    self.workers = Workers(workers)
    self.readiness = Readiness(releaser.check)
    # Apart from the workers, so that budgets do not wait behind pictures.
    self._clerk = ThreadPoolExecutor(1, "clerk")

  def close(self) -> None:
    """Finishes what is under way, unless it takes too long, and gives everything back."""
    self.readiness.close()
    self.workers.close(_CLOSING_SECONDS)
    self._clerk.shutdown(cancel_futures=True)
    self.releaser.close()

  @contextlib.asynccontextmanager
  async def admitted(self, request: Request, caller: Caller) -> AsyncIterator["Visit"]:
    """A place among the concurrent requests, for the block."""
    deadline = time.monotonic() + self.settings.request_timeout
    with self.admission.place(caller.name):
      self.metrics.set_under_way(self.admission.taken)
      try:
        yield Visit(self, request, deadline)
      finally:
        self.metrics.set_under_way(self.admission.taken - 1)

  async def ask(self, function: Callable[..., Result], *arguments: Any) -> Result:
    """Runs something short that waits for a disk or a server."""
    return await asyncio.get_running_loop().run_in_executor(self._clerk, function, *arguments)


class Visit:
  """One admitted request."""

  def __init__(self, service: Service, request: Request, deadline: float):
    self._service = service
    self._request = request
    self._deadline = deadline

  async def body(self, limit: int) -> bytes:
    """Reads the body, at most `limit` bytes of it."""
    return await read_body(self._request, limit, self._service.settings.body_timeout)

  async def work(self, work: Callable[[Ticket], Result]) -> Result:
    """Runs the stages in a worker; gives up, uncharged if it still can, when nobody waits any more.

    Args:
      work: takes the `Ticket` that it has to ask before it charges.
    """
    service = self._service
    ticket = Ticket(self._deadline, service.settings.retry_after)
    job = service.workers.submit(work, ticket)
    result = asyncio.wrap_future(job.result)
    left = max(0.0, self._deadline - time.monotonic())
    # Also if the caller leaves before: whatever a worker hangs in, others are served.
    late = asyncio.get_running_loop().call_later(left, service.workers.replace, job)
    result.add_done_callback(functools.partial(_looked_at, late))
    gone = asyncio.ensure_future(_connection_lost(self._request))
    try:
      await asyncio.wait(
        {result, gone},
        timeout=left,
        return_when=asyncio.FIRST_COMPLETED,
      )
      if result.done():
        return result.result()
      ticket.abandon()
      job.result.cancel()
      if gone.done():
        raise Refusal(400, "The connection ended before the answer.")
      raise Unavailable("The request took too long; see the budget.", service.settings.retry_after)
    except asyncio.CancelledError:  # By the server, which was told to end.
      ticket.abandon()
      job.result.cancel()
      raise Unavailable(
        "The gateway is ending; see the budget.", service.settings.retry_after
      ) from None
    finally:
      gone.cancel()


async def _connection_lost(request: Request) -> None:
  while (await request.receive())["type"] != "http.disconnect":
    pass


def _looked_at(late: asyncio.TimerHandle, result: asyncio.Future) -> None:
  """Keeps asyncio from logging the error, message and all, of a result that nobody waits for."""
  late.cancel()
  if not result.cancelled():
    result.exception()
