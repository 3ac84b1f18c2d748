"""The endpoints."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ValidationError

from privai_tf.faces.spec import FaceSpec
from privai_tf.privacy.ledger import Remaining
from privai_tf.serving.gateway import documents, schemas
from privai_tf.serving.gateway.answers import budget_values, chosen_type, release_response
from privai_tf.serving.gateway.budgets import SUBJECT_PATTERN
from privai_tf.serving.gateway.choices import ordered
from privai_tf.serving.gateway.offer import offered_mechanisms
from privai_tf.serving.gateway.pictures import MEDIA_TYPES
from privai_tf.serving.gateway.refusals import Refusal, Unavailable, one_line
from privai_tf.serving.gateway.releases import Answer, Order
from privai_tf.serving.gateway.service import Service
from privai_tf.serving.gateway.tokens import Caller
from privai_tf.serving.gateway.uploads import FORM, image_of_form, media_type

_LONGEST_LATENT = 2_000_000  # Bytes; 18 layers of 512 numbers with all their digits take 200,000.
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_bearer = HTTPBearer(auto_error=False, description="A token of the tokens file.")
Subject = Annotated[
  str | None,
  # A header, because addresses end up in logs, of proxies too.
  Header(
    alias="Privai-Subject",
    pattern=SUBJECT_PATTERN,
    description="Who is in the picture: an id of your own. Needed where each subject has a budget.",
  ),
]


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
  settings, releaser = service.settings, service.releaser
  PhotoParameters = schemas.parameters_model(settings, photo=True)
  LatentBody = schemas.latent_model(releaser.code_shape)
  LatentParameters = schemas.parameters_model(settings, photo=False)
  checkpoint = {
    "family": releaser.generator.family,
    "resolution": releaser.generator.resolution,
    "sha256": releaser.generator.fingerprint,
  }

  async def calling(
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

  Calling = Annotated[Caller, Depends(calling)]

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
  async def attributes(caller: Calling) -> schemas.OfferBody:
    """What is on offer, and the limits."""
    return offer

  @router.get(
    "/v1/budget", response_model=schemas.BudgetBody, responses=documents.errors(401, 422, 503)
  )
  async def budget(caller: Calling, subject: Subject = None) -> dict[str, Any]:
    """What the caller's account, or that of one of its subjects, has left."""
    left: Remaining = await service.ask(releaser.budgets.remaining, caller, subject)
    return budget_values(left)

  @router.post(
    "/v1/privatize",
    response_class=Response,
    responses={**documents.RELEASED, **documents.errors(*documents.RELEASE_ERRORS)},
    openapi_extra=documents.PHOTO_BODY,
  )
  async def privatize(
    request: Request,
    caller: Calling,
    parameters: Annotated[PhotoParameters, Query()],
    subject: Subject = None,
  ) -> Response:
    """A picture with a face in, the privatized face and its guarantee out.

    Charged before the noise is drawn: a request that fails afterwards, or whose answer is lost on
    the way, is paid; one that is refused is not.
    """
    wanted = chosen_type(request.headers.get("accept"))
    kind = media_type(request.headers.get("content-type"))
    if kind not in (FORM, *MEDIA_TYPES):
      raise Refusal(415, f"Content-Type must be {FORM} or one of {', '.join(MEDIA_TYPES)}.")
    face = "largest" if parameters.face is None else str(parameters.face)
    order = ordered(
      settings, caller, subject, parameters, FaceSpec(align=parameters.align, faces=face)
    )
    async with service.admitted(request, caller) as visit:
      body = await visit.body(settings.max_upload_bytes)

      def work(ticket) -> Answer:
        content_type = request.headers["content-type"]
        picture = image_of_form(body, content_type) if kind == FORM else body
        return releaser.photo(picture, order, ticket)

      return _answer(await visit.work(work), order, wanted)

  @router.post(
    "/v1/privatize_latents",
    response_class=Response,
    responses={**documents.RELEASED, **documents.errors(*documents.RELEASE_ERRORS)},
    openapi_extra=documents.latent_body(LatentBody),
  )
  async def privatize_latents(
    request: Request,
    caller: Calling,
    parameters: Annotated[LatentParameters, Query()],
    subject: Subject = None,
  ) -> Response:
    """A latent code in, the privatized face and its guarantee out; see privatize."""
    wanted = chosen_type(request.headers.get("accept"))
    if media_type(request.headers.get("content-type")) != "application/json":
      raise Refusal(415, "Content-Type must be application/json.")
    order = ordered(settings, caller, subject, parameters, FaceSpec(align="none"))
    async with service.admitted(request, caller) as visit:
      body = await visit.body(min(_LONGEST_LATENT, settings.max_upload_bytes))

      def work(ticket) -> Answer:
        return releaser.latent(_latent(body, LatentBody), order, ticket)

      return _answer(await visit.work(work), order, wanted)

  def _answer(answer: Answer, order: Order, wanted: str) -> Response:
    guarantee = answer.guarantee
    service.metrics.count_release(
      order.caller.name, guarantee.scope, guarantee.mechanism, guarantee.epsilon
    )
    return release_response(answer, checkpoint, wanted)

  @router.get(
    "/metrics",
    response_class=PlainTextResponse,
    tags=["operation"],
    responses=documents.errors(401, 403),
  )
  async def metrics(caller: Calling) -> Response:
    """Counts and times for Prometheus; for callers whose entry allows it."""
    if not caller.metrics:
      raise Refusal(403, f"{caller.name} may not read the metrics.")
    return Response(service.metrics.text(), headers={"Content-Type": _METRICS_TYPE})

  return router


def _latent(body: bytes, model: type[BaseModel]) -> np.ndarray:
  try:
    return np.asarray(model.model_validate_json(body).latent, np.float64)
  except ValidationError as error:
    reason = error.errors(include_input=False)[0]["msg"]
    raise Refusal(422, f'The body must be {{"latent": [...]}}: {one_line(reason)}.') from None
