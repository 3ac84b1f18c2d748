"""A release as the caller wants it: JSON with everything, or the image with the rest in headers."""

import base64
import dataclasses
import json
import math
import re
from typing import Any

from fastapi.responses import JSONResponse, Response

from privai_tf.privacy.ledger import Remaining
from privai_tf.serving.gateway.refusals import Refusal
from privai_tf.serving.gateway.releases import Answer

JSON, PNG = "application/json", "image/png"
GUARANTEE_HEADER = "Privai-Guarantee"
BOUND_HEADER = "Privai-Attacker-Bound"
REMAINING_HEADER = "Privai-Remaining-Epsilon"
WARNING_HEADER = "Privai-Photo-Warning"
_NO_STORE = {"Cache-Control": "no-store"}
_WEIGHT = re.compile(r"[01](\.\d{0,3})?")


def chosen_type(accept: str | None) -> str:
  """The answer's type by an Accept header (RFC 9110): JSON if both are as welcome.

  Raises:
    Refusal: 406 if neither is welcome.
  """
  if not accept or not accept.strip():
    return JSON
  weights = {offered: _weight(accept, offered) for offered in (JSON, PNG)}
  best = max(weights, key=weights.get)
  if weights[best] == 0:
    raise Refusal(406, f"The answer is {JSON} or {PNG}; accept one of them.")
  return best


def _weight(accept: str, offered: str) -> float:
  """How welcome a type is, 0 to 1; the most specific range that holds it decides."""
  best = (-1, 0.0)
  for part in accept.split(","):
    pattern, *parameters = (text.strip().lower() for text in part.split(";"))
    ranges = ("*/*", offered.partition("/")[0] + "/*", offered)
    if pattern not in ranges:
      continue
    weight = 1.0
    for parameter in parameters:
      name, _, value = parameter.partition("=")
      if name.strip() == "q":
        weight = min(1.0, float(value)) if _WEIGHT.fullmatch(value.strip()) else 0.0
    best = max(best, (ranges.index(pattern), weight))
  return best[1]


def release_response(answer: Answer, checkpoint: dict[str, Any], media_type: str) -> Response:
  """The answer in the chosen type.

  Nothing in it depends on the photo but the image itself, and the warning that a caller asked for.
  """
  guarantee = dataclasses.asdict(answer.guarantee)
  if media_type == PNG:
    headers = {
      GUARANTEE_HEADER: json.dumps(guarantee, separators=(",", ":")),  # ASCII, on one line
      BOUND_HEADER: repr(answer.attacker_bound),
      REMAINING_HEADER: repr(answer.remaining.epsilon),
    }
    if answer.photo_warning is not None:
      headers[WARNING_HEADER] = answer.photo_warning
    return Response(answer.image, media_type=PNG, headers={**headers, **_NO_STORE})
  content = {
    "image": base64.b64encode(answer.image).decode(),
    "guarantee": guarantee,
    "attacker_bound": answer.attacker_bound,
    "checkpoint": checkpoint,
    "remaining": budget_values(answer.remaining),
    "photo_warning": answer.photo_warning,
  }
  return JSONResponse(content, headers=_NO_STORE)


def budget_values(remaining: Remaining) -> dict[str, Any]:
  """`BudgetBody` of an account."""
  values = dataclasses.asdict(remaining)
  values["account"] = values.pop("subject")
  if math.isinf(values["spent_epsilon"]):
    values["spent_epsilon"] = None  # JSON has no infinity.
  return values
