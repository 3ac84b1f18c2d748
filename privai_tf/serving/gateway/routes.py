"""The endpoints."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from privai_tf.privacy.ledger import Remaining
from privai_tf.serving.gateway import documents, schemas
from privai_tf.serving.gateway.answers import budget_values
from privai_tf.serving.gateway.offer import offered_mechanisms
from privai_tf.serving.gateway.refusals import Refusal, Unavailable
from privai_tf.serving.gateway.release_routes import add_release_routes
from privai_tf.serving.gateway.service import Service
from privai_tf.serving.gateway.subjects import Subject
from privai_tf.serving.gateway.tokens import Caller

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_bearer = HTTPBearer(auto_error=False, description="A token of the tokens file.")


def probes(service: Service) -> APIRouter:
  """Routes without a token: is the process there, could it release now."""
  router = APIRouter(tags=["probes"])

  retry_after = service.settings.retry_after

  @router.get("/healthz", response_model=schemas.StatusBody, responses=documents.errors(503))
  async def healthz() -> dict[str, str]:
    """The process answers, and need not be started anew."""
    if service.workers.exhausted:
      raise Unavailable("Too many workers hang; start the gateway anew.", retry_after)
    return {"status": "ok"}

  @router.get("/readyz", response_model=schemas.StatusBody, responses=documents.errors(503))
  async def readyz() -> dict[str, str]:
    """Ledger and model could be used a second ago."""
    if service.workers.exhausted or not service.readiness.ready:
      raise Unavailable("No release could be made now; the log says why.", retry_after)
    return {"status": "ok"}

  return router


def endpoints(service: Service) -> APIRouter:
  """Routes for callers with a token."""
  router = APIRouter()
  calling = Annotated[Caller, Depends(_caller_of(service))]
  generator = service.releaser.generator
  checkpoint = {
    "family": generator.family,
    "resolution": generator.resolution,
    "sha256": generator.fingerprint,
  }
  _add_offers(router, service, calling, checkpoint)
  add_release_routes(router, service, calling, checkpoint)
  _add_metrics(router, service, calling)
  return router


def _caller_of(service: Service):
  """The dependency that finds whose token a request carries, or refuses it."""

  async def caller_of(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
  ) -> Caller:
    caller = service.tokens.caller_of(credentials.credentials) if credentials else None
    if caller is None:
      raise Refusal(
        401,
        "A token is needed: Authorization: Bearer TOKEN.",
        {"WWW-Authenticate": "Bearer"},
      )
    request.state.caller = caller.name  # For the log.
    return caller

  return caller_of


def _add_offers(router: APIRouter, service: Service, calling: Any, checkpoint: dict) -> None:
  settings, releaser = service.settings, service.releaser
  offer = schemas.OfferBody(
    attributes=list(settings.attributes),
    scopes=list(settings.scopes),
    mechanisms=offered_mechanisms(releaser, settings),
    default_mechanisms={
      scope: name for scope in settings.scopes if (name := settings.default_mechanism(scope))
    },
    codebook_sizes=list(settings.codebook_sizes),
    resemblances=list(settings.weights),
    on_failure=settings.on_failure,
    max_epsilon=settings.max_epsilon,
    max_upload_bytes=settings.max_upload_bytes,
    max_pixels=settings.max_pixels,
    latent_space=releaser.latent_space,
    code_shape=list(releaser.code_shape),
    checkpoint=checkpoint,
  )

  @router.get(
    "/v1/attributes", response_model=schemas.OfferBody, responses=documents.errors(401, 503)
  )
  async def attributes(caller: calling) -> schemas.OfferBody:
    """What is on offer, and the limits."""
    return offer

  @router.get(
    "/v1/budget", response_model=schemas.BudgetBody, responses=documents.errors(401, 422, 503)
  )
  async def budget(caller: calling, subject: Subject = None) -> dict[str, Any]:
    """What the caller's account, or that of one of its subjects, has left."""
    left: Remaining = await service.ask(releaser.budgets.remaining, caller, subject)
    return budget_values(left)


def _add_metrics(router: APIRouter, service: Service, calling: Any) -> None:
  @router.get(
    "/metrics",
    response_class=PlainTextResponse,
    tags=["operation"],
    responses=documents.errors(401, 403),
  )
  async def metrics(caller: calling) -> Response:
    """Counts and times for Prometheus; for callers whose entry allows it."""
    if not caller.metrics:
      raise Refusal(403, f"{caller.name} may not read the metrics.")
    return Response(service.metrics.text(), headers={"Content-Type": _METRICS_TYPE})
