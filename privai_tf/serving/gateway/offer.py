"""Which mechanisms can be given in which scopes: found out at the start, not by a caller."""

import dataclasses
import itertools
from collections.abc import Iterator

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.privacy.stand_in_plan import MOST_BYTES, kept_codebooks
from privai_tf.serving.gateway.releases import Order, Releaser
from privai_tf.serving.gateway.schemas import MechanismBody, decodings_of
from privai_tf.serving.gateway.settings import GatewaySettings
from privai_tf.serving.gateway.tokens import Caller, token_hash

_NOBODY = Caller("nobody", token_hash(""), epsilon=1)


def offered_mechanisms(releaser: Releaser, settings: GatewaySettings) -> list[MechanismBody]:
  """The mechanisms on offer as callers see them; also computes their public figures, once.

  Raises:
    ConfigurationError: if a mechanism can be given in none of the scopes on offer.
  """
  offered = [_offered(name, releaser, settings) for name in settings.mechanisms]
  wanted = len(settings.codebook_sizes) * len(settings.weights)
  if any(mechanism_class(name).has_codebook for name in settings.mechanisms) and (
    kept_codebooks(releaser.generator) < wanted
  ):
    raise ConfigurationError(
      f"--codebook_sizes, --resemblances: the {wanted} tables of faces on offer take more than the "
      f"{MOST_BYTES >> 20} MB that are kept in memory, and would be made again for every request; "
      "offer fewer, or smaller ones"
    )
  return offered


def _offered(name: str, releaser: Releaser, settings: GatewaySettings) -> MechanismBody:
  mechanism = mechanism_class(name)
  scopes, problem = [], None
  for scope in settings.scopes:
    try:
      for order in _typical(name, scope, settings):
        releaser.prepare(order)
    except ConfigurationError as error:  # Such as exponential, for one number, in scope image.
      problem = error
    else:
      scopes.append(scope)
  if not scopes:
    raise ConfigurationError(f"--mechanisms: {name} cannot be offered: {problem}")
  return MechanismBody(
    name=name,
    scopes=scopes,
    needs_delta=not mechanism.pure,
    decodings=list(decodings_of(name)),
    summary=mechanism.summary,
  )


def _typical(mechanism: str, scope: str, settings: GatewaySettings) -> Iterator[Order]:
  """Orders after which every table that takes long to make is at hand."""
  usual = Order(
    caller=_NOBODY,
    subject=None,
    attribute=None,
    epsilon=min(1.0, settings.max_epsilon),
    delta=0.0 if mechanism_class(mechanism).pure else settings.usual_delta(mechanism) or 1e-5,
    mechanism=mechanism,
    scope=scope,
    faces=FaceSpec(),
    decode=settings.usual_decode(mechanism),
    codebook_size=settings.codebook_sizes[0],
  )
  if scope == "attribute":
    for attribute in settings.attributes:
      yield dataclasses.replace(usual, attribute=attribute)
  elif not mechanism_class(mechanism).has_codebook:
    yield usual
  else:
    # With much epsilon directions may be split, each group with figures of its own.
    epsilons = (usual.epsilon, settings.max_epsilon)
    for size, weights, epsilon in itertools.product(
      settings.codebook_sizes, settings.weights.values(), epsilons
    ):
      yield dataclasses.replace(usual, codebook_size=size, resemble=weights, epsilon=epsilon)
