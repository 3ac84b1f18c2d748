"""What FastAPI cannot see for itself: bodies that are read by hand, and the forms of the answers."""

from typing import Any

from pydantic import BaseModel

from privai_tf.serving.gateway import answers, schemas
from privai_tf.serving.gateway.pictures import MEDIA_TYPES
from privai_tf.serving.gateway.uploads import FORM, IMAGE_FIELD

_MEANINGS = {
  400: "The request, or the connection, was broken.",
  401: "No token, or an unknown one.",
  402: "The budget does not allow it; nothing was charged or released.",
  409: "It could publish what an earlier release hid; nothing was charged or released.",
  403: "Not allowed for this caller.",
  406: "The answer has another type.",
  408: "The body did not arrive in time.",
  413: "The body, or the picture in it, is too large.",
  415: "The body has another type.",
  422: "A parameter or the body cannot be used; nothing was charged or released.",
  429: "The caller has too many requests under way.",
  503: "The gateway cannot serve now; come again.",
}
RELEASE_ERRORS = (400, 401, 402, 406, 408, 409, 413, 415, 422, 429, 503)
_BINARY = {"type": "string", "format": "binary"}
_TEXT = {"schema": {"type": "string"}}

RELEASED: dict[int | str, dict[str, Any]] = {
  200: {
    "description": "The release; the type by Accept, JSON if both are as welcome.",
    "content": {
      answers.JSON: {"schema": {"$ref": "#/components/schemas/ReleaseBody"}},
      answers.PNG: {"schema": _BINARY},
    },
    "headers": {
      answers.GUARANTEE_HEADER: {**_TEXT, "description": "with image/png: GuaranteeBody as JSON"},
      answers.BOUND_HEADER: {
        **_TEXT,
        "description": "with image/png: attacker_bound, in scope attribute through the coordinate",
      },
      answers.REMAINING_HEADER: {**_TEXT, "description": "with image/png"},
      answers.WARNING_HEADER: {
        **_TEXT,
        "description": "with image/png: photo_warning, where there is one",
      },
    },
  }
}
PHOTO_BODY = {
  "requestBody": {
    "required": True,
    "content": {
      FORM: {
        "schema": {
          "type": "object",
          "properties": {IMAGE_FIELD: _BINARY},
          "required": [IMAGE_FIELD],
          "additionalProperties": False,
        }
      },
      **{kind: {"schema": _BINARY} for kind in MEDIA_TYPES},
    },
  }
}


def latent_body(model: type[BaseModel]) -> dict[str, Any]:
  """The body of /v1/privatize_latents."""
  content = {answers.JSON: {"schema": model.model_json_schema()}}
  return {"requestBody": {"required": True, "content": content}}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
  """The refusals that a route can answer with."""
  # Not by `model`: FastAPI would give it the type that the route's own answer has.
  content = {answers.JSON: {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
  return {status: {"description": _MEANINGS[status], "content": content} for status in statuses}


def add_schemas(document: dict[str, Any]) -> None:
  """Adds the models that only hand-written parts refer to."""
  components = document.setdefault("components", {}).setdefault("schemas", {})
  for model in (schemas.ErrorBody, schemas.ReleaseBody):
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(schema.pop("$defs", {}))
    components[model.__name__] = schema
