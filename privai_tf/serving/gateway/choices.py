"""From a request's parameters to an order: what is left out, and what does not go together."""

from typing import Any

from privai_tf.faces.spec import FaceSpec
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.privacy.resemblance import Weights
from privai_tf.serving.gateway.refusals import Refusal
from privai_tf.serving.gateway.releases import Order
from privai_tf.serving.gateway.settings import GatewaySettings, weights_of
from privai_tf.serving.gateway.tokens import Caller

_SEE = "see /v1/attributes"


def ordered(
  settings: GatewaySettings, caller: Caller, subject: str | None, parameters: Any, faces: FaceSpec
) -> Order:
  """The order of a request.

  Args:
    settings: the operator's choices.
    caller, subject: who pays.
    parameters: a `schemas.parameters_model`.
    faces: how the face is found.

  Raises:
    Refusal: 422, for what is missing, not on offer, or given where it has no meaning.
    ConfigurationError: for weights that are none.
  """
  values = parameters.model_dump()
  scope, attribute = values["scope"], values.get("attribute")
  if scope == "attribute" and attribute is None:
    raise Refusal(422, f"attribute is missing: name the attribute to hide; {_SEE}.")
  mechanism = values["mechanism"] or settings.default_mechanism(scope)
  if mechanism is None:
    raise Refusal(422, f"No mechanism on offer is for scope {scope}; {_SEE}.")
  if values.get("check_photo") and scope != "attribute":
    raise Refusal(
      422,
      f"check_photo is for scope attribute: in scope {scope} nothing but the image may depend on the "
      "photo; leave it out.",
    )
  return Order(
    caller=caller,
    subject=subject,
    attribute=attribute,
    epsilon=values["epsilon"],
    delta=values["delta"] or settings.usual_delta(mechanism),
    mechanism=mechanism,
    scope=scope,
    faces=faces,
    check_photo=values.get("check_photo", False),
    decode=values["decode"] or settings.usual_decode(mechanism),
    loss=_loss(mechanism, values["loss"]),
    codebook_size=_codebook_size(settings, mechanism, values.get("codebook_size")),
    resemble=_resemble(settings, mechanism, values.get("resemble")),
  )


def _loss(mechanism: str, loss: str | None) -> str:
  kind = mechanism_class(mechanism)
  if loss is not None and kind.norm is None and not kind.needs_samples:
    raise Refusal(422, f"loss is given and mechanism {mechanism} makes none least: leave it out.")
  return loss or "l2"


def _codebook_size(settings: GatewaySettings, mechanism: str, size: int | None) -> int:
  if size is None:
    return settings.codebook_sizes[0]
  _require_codebook("codebook_size", mechanism)
  if size not in settings.codebook_sizes:
    offered = ", ".join(map(str, settings.codebook_sizes))
    raise Refusal(422, f"codebook_size is {size}, and on offer are {offered}: use one of them.")
  return size


def _resemble(settings: GatewaySettings, mechanism: str, text: str | None) -> Weights:
  if text is None:
    return ()
  _require_codebook("resemble", mechanism)
  asked = dict(weights_of(text))
  for weights in settings.weights.values():
    if dict(weights) == asked:
      return weights
  offered = ", ".join(settings.resemblances) or "none: leave it out"
  raise Refusal(422, f"resemble: {text!r} is not on offer; on offer are {offered}.")


def _require_codebook(name: str, mechanism: str) -> None:
  if not mechanism_class(mechanism).has_codebook:
    raise Refusal(
      422,
      f"{name} is given and mechanism {mechanism} chooses among no faces: leave it out, or use "
      "subset_selection with scope image.",
    )
