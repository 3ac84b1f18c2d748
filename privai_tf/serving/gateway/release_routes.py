"""The endpoints that release: a picture or a code in, a privatized face out."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from privai_tf.faces.spec import FaceSpec
from privai_tf.serving.gateway import documents, schemas
from privai_tf.serving.gateway.answers import chosen_type, release_response
from privai_tf.serving.gateway.choices import ordered
from privai_tf.serving.gateway.pictures import MEDIA_TYPES
from privai_tf.serving.gateway.refusals import Refusal, one_line
from privai_tf.serving.gateway.releases import Answer, Order
from privai_tf.serving.gateway.service import Service
from privai_tf.serving.gateway.subjects import Subject
from privai_tf.serving.gateway.uploads import FORM, image_of_form, media_type

_LONGEST_LATENT = 2_000_000  # Bytes; 18 layers of 512 numbers with all their digits take 200,000.
_RESPONSES = {**documents.RELEASED, **documents.errors(*documents.RELEASE_ERRORS)}


def add_release_routes(
  router: APIRouter, service: Service, calling: Any, checkpoint: dict[str, Any]
) -> None:
  """Adds them.

  Args:
    router: that they are added to.
    service: what they are served by.
    calling: the annotated type of a parameter that is the caller.
    checkpoint: what an answer says of the networks; JSON values.
  """
  _add_photos(router, service, calling, checkpoint)
  _add_latents(router, service, calling, checkpoint)


def _add_photos(router: APIRouter, service: Service, calling: Any, checkpoint: dict) -> None:
  settings, releaser = service.settings, service.releaser
  Parameters = schemas.parameters_model(settings, photo=True)

  @router.post(
    "/v1/privatize",
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=documents.PHOTO_BODY,
  )
  async def privatize(
    request: Request,
    caller: calling,
    parameters: Annotated[Parameters, Query()],
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

      return _answer(service, await visit.work(work), order, checkpoint, wanted)


def _add_latents(router: APIRouter, service: Service, calling: Any, checkpoint: dict) -> None:
  settings, releaser = service.settings, service.releaser
  Body = schemas.latent_model(releaser.code_shape)
  Parameters = schemas.parameters_model(settings, photo=False)

  @router.post(
    "/v1/privatize_latents",
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=documents.latent_body(Body),
  )
  async def privatize_latents(
    request: Request,
    caller: calling,
    parameters: Annotated[Parameters, Query()],
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
        return releaser.latent(_latent(body, Body), order, ticket)

      return _answer(service, await visit.work(work), order, checkpoint, wanted)


def _answer(
  service: Service, answer: Answer, order: Order, checkpoint: dict, wanted: str
) -> Response:
  guarantee = answer.guarantee
  service.metrics.count_release(
    order.caller.name, guarantee.scope, guarantee.mechanism, guarantee.epsilon
  )
  return release_response(answer, checkpoint, wanted)


def _latent(body: bytes, model: type[BaseModel]) -> np.ndarray:
  try:
    return np.asarray(model.model_validate_json(body).latent, np.float64)
  except ValidationError as error:
    reason = error.errors(include_input=False)[0]["msg"]
    raise Refusal(422, f'The body must be {{"latent": [...]}}: {one_line(reason)}.') from None
