"""What every answer says and every request must say: the page fetches nothing from elsewhere."""

from typing import Any

_POLICY = (
  "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
  "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
  "connect-src 'self' data: blob:; worker-src 'self' blob:; form-action 'self'; base-uri 'self'; "
  "frame-ancestors 'none'; object-src 'none'"
)
_HEADERS = [
  (b"content-security-policy", _POLICY.encode()),
  (b"referrer-policy", b"no-referrer"),
  (b"x-content-type-options", b"nosniff"),
]
_NOT_KEPT = (b"cache-control", b"no-store")
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
# Routes by which a server would fetch something from elsewhere for its caller.
_FETCHING = ("/file=http", "/file/http", "/proxy=")


class Guard:
  """An ASGI application around the page's own.

  Args:
    app: the page's.
    only_local: whether requests must name this machine: a page of another site whose name leads here
      is refused.
  """

  def __init__(self, app: Any, only_local: bool):
    self._app, self._only_local = app, only_local

  async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
    """Serves one request."""
    if scope["type"] != "http":
      await self._app(scope, receive, send)
      return
    path = scope["path"]
    if not self._is_meant(scope) or any(part in path.lower() for part in _FETCHING):
      await _refuse(send)
      return
    private = "/file" in path or "/queue" in path

    async def told(message: dict) -> None:
      if message["type"] == "http.response.start":
        named = {name for name, _ in _HEADERS} | ({_NOT_KEPT[0]} if private else set())
        kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in named]
        message["headers"] = [*kept, *_HEADERS, *([_NOT_KEPT] if private else [])]
      await send(message)

    await self._app(scope, receive, told)

  def _is_meant(self, scope: dict) -> bool:
    if not self._only_local:
      return True
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in _LOCAL


async def _refuse(send: Any) -> None:
  await send(
    {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]}
  )
  await send({"type": "http.response.body", "body": b"Not here."})
