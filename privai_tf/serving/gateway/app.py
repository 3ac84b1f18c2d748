"""The application: routes, error forms, one log line a request."""

import contextlib
import functools
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import privai_tf
from privai_tf.errors import PrivaiError
from privai_tf.serving.gateway import documents
from privai_tf.serving.gateway.metrics import Metrics
from privai_tf.serving.gateway.refusals import Unavailable, one_line, refusal_of
from privai_tf.serving.gateway.routes import endpoints, probes
from privai_tf.serving.gateway.service import Service

_log = logging.getLogger(__name__)
_DESCRIPTION = "Hides attributes of faces with a stated differential-privacy guarantee."


def create_app(service: Service) -> FastAPI:
  """The application of a service, which it closes when it ends."""

  @contextlib.asynccontextmanager
  async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    service.close()

  app = FastAPI(
    title="privai-tf gateway",
    description=_DESCRIPTION,
    version=privai_tf.__version__,
    lifespan=lifespan,
    # The pages would load scripts from elsewhere; /openapi.json is all that is needed.
    openapi_url=None,  # See `_described`: FastAPI's own encodes the document anew for everybody.
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,
  )
  app.include_router(probes(service))
  app.include_router(endpoints(service))
  app.add_middleware(_Observed, metrics=service.metrics)
  _add_error_forms(app, service.settings.retry_after)
  app.openapi = lambda: _document(app)
  app.add_api_route("/openapi.json", _described(app), include_in_schema=False)
  return app


def _described(app: FastAPI) -> Callable[[], Awaitable[Response]]:
  """The route of the document, which strangers may ask for: encoded once."""
  encoded = functools.cache(lambda: json.dumps(app.openapi(), ensure_ascii=False).encode())

  async def openapi() -> Response:
    return Response(encoded(), media_type="application/json")

  return openapi


def _document(app: FastAPI) -> dict[str, Any]:
  if app.openapi_schema is None:
    app.openapi_schema = get_openapi(
      title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    documents.add_schemas(app.openapi_schema)
  return app.openapi_schema


def _add_error_forms(app: FastAPI, retry_after: int) -> None:
  """Every error is {"error": one line}, whoever raises it."""

  async def refused(request: Request, error: PrivaiError) -> JSONResponse:
    refusal = refusal_of(error, retry_after)
    if isinstance(refusal, Unavailable) and refusal is not error:
      # What concerns the operator: names of files and servers, nothing of the request's body.
      _log.error("%s: %s", type(error).__name__, one_line(error))
    return _error(refusal.status, str(refusal), refusal.headers)

  async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:]) or "request"
    return _error(422, one_line(f"{name}: {first['msg']}"))

  async def not_served(request: Request, error: HTTPException) -> JSONResponse:
    return _error(error.status_code, f"{error.detail}; see /openapi.json.", error.headers)

  async def defect(request: Request, error: Exception) -> JSONResponse:
    return _error(500, "The gateway has a defect; its log says where.")

  app.add_exception_handler(PrivaiError, refused)
  app.add_exception_handler(RequestValidationError, invalid)
  app.add_exception_handler(HTTPException, not_served)
  app.add_exception_handler(Exception, defect)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
  # Closed, because the rest of the body may still be on its way, for ever.
  headers = {**(headers or {}), "Connection": "close", "Cache-Control": "no-store"}
  return JSONResponse({"error": message}, status, headers)


class _Observed:
  """Counts and logs every request: route, status, time, caller; no address, header or body."""

  def __init__(self, app: ASGIApp, metrics: Metrics):
    self._app = app
    self._metrics = metrics

  async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
      await self._app(scope, receive, send)
      return
    began, status = time.perf_counter(), 500

    async def noted(message: Message) -> None:
      nonlocal status
      if message["type"] == "http.response.start":
        status = message["status"]
      await send(message)

    try:
      await self._app(scope, receive, noted)
    finally:
      route = getattr(scope.get("route"), "path", "other")
      seconds = time.perf_counter() - began
      self._metrics.count_request(route, status, seconds)
      line = {"route": route, "status": status, "seconds": round(seconds, 3)}
      _log.info(json.dumps({**line, "caller": scope.get("state", {}).get("caller")}))
