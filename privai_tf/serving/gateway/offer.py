"""Which mechanisms can be given in which scopes: found out at the start, not by a caller."""

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.serving.gateway.releases import Order, Releaser
from privai_tf.serving.gateway.schemas import MechanismBody
from privai_tf.serving.gateway.settings import GatewaySettings
from privai_tf.serving.gateway.tokens import Caller, token_hash

_NOBODY = Caller("nobody", token_hash(""), epsilon=1)


def offered_mechanisms(releaser: Releaser, settings: GatewaySettings) -> list[MechanismBody]:
  """The mechanisms on offer as callers see them; also computes their public figures, once.

  Raises:
    ConfigurationError: if a mechanism can be given in none of the scopes on offer.
  """
  return [_offered(name, releaser, settings) for name in settings.mechanisms]


def _offered(name: str, releaser: Releaser, settings: GatewaySettings) -> MechanismBody:
  mechanism = mechanism_class(name)
  scopes, problem = [], None
  for scope in settings.scopes:
    try:
      for attribute in settings.attributes if scope == "attribute" else (None,):
        releaser.prepare(_typical(name, scope, attribute, settings))
    except ConfigurationError as error:  # Such as exponential, for one number, in scope image.
      problem = error
    else:
      scopes.append(scope)
  if not scopes:
    raise ConfigurationError(f"--mechanisms: {name} cannot be offered: {problem}")
  return MechanismBody(
    name=name, scopes=scopes, needs_delta=not mechanism.pure, summary=mechanism.summary
  )


def _typical(mechanism: str, scope: str, attribute: str | None, settings: GatewaySettings) -> Order:
  return Order(
    caller=_NOBODY,
    subject=None,
    attribute=attribute,
    epsilon=min(1.0, settings.max_epsilon),
    delta=0.0 if mechanism_class(mechanism).pure else 1e-5,
    mechanism=mechanism,
    scope=scope,
    faces=FaceSpec(),
  )
