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
# The library gives its page a title by a script, and its page for signing in none.
_HEAD, _TITLED = b"<head>", b"<head>\n<title>PrivAI</title>"
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
    ours = [*_HEADERS, *([_NOT_KEPT] if "/file" in path or "/queue" in path else [])]

    async def told(message: dict) -> None:
      if message["type"] == "http.response.start":
        message["headers"] = _with(message.get("headers", []), ours)
      await send(message)

    await self._app(scope, receive, _titled(told) if path == "/" else told)

  def _is_meant(self, scope: dict) -> bool:
    if not self._only_local:
      return True
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in _LOCAL


def _with(headers: list, ours: list) -> list:
  """Headers of an answer with ours in the place of those of the same name."""
  named = {name for name, _ in ours}
  return [*(pair for pair in headers if pair[0].lower() not in named), *ours]


def _titled(send: Any) -> Any:
  """Gives the page a title, whatever of it is shown; it comes whole, in one message."""
  start: dict = {}

  async def told(message: dict) -> None:
    if message["type"] == "http.response.start":
      start.update(message)
      return
    if start:
      if _HEAD in message.get("body", b"") and not message.get("more_body"):
        message["body"] = message["body"].replace(_HEAD, _TITLED, 1)
        length = str(len(message["body"])).encode()
        start["headers"] = _with(start["headers"], [(b"content-length", length)])
      await send(dict(start))
      start.clear()
    await send(message)

  return told


async def _refuse(send: Any) -> None:
  await send(
    {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]}
  )
  await send({"type": "http.response.body", "body": b"Not here."})
