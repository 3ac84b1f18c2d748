"""What a gateway offers and what it refuses; checked before anything is loaded."""

import dataclasses
import math

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import ALIGN
from privai_tf.jobs.failures import ON_FAILURE, SKIP, STAND_IN
from privai_tf.privacy.limits import check_range
from privai_tf.privacy.mechanisms import mechanism_class

SCOPES = ("attribute", "image")


@dataclasses.dataclass(frozen=True)
class GatewaySettings:
  """The operator's choices.

  Attributes:
    attributes: names of the attributes that may be hidden, at least one.
    mechanisms: names of the mechanisms that callers may choose; the first is the default.
    scopes: scopes that callers may choose, of "attribute" and "image"; the first is the default.
    align: ways of cutting out the face that callers may choose, see `FaceSpec`; the first is the
      default. Only "none" needs no detector.
    on_failure: what becomes, in scope "image", of a picture in which no face is found or that cannot
      be read: "skip" refuses it, "stand-in" releases the public mean code in its place.
    max_epsilon: the largest epsilon of one release.
    max_upload_bytes: the longest body that is read.
    max_pixels: the most pixels (width times height) of a picture.
    body_timeout: seconds in which a body must have arrived.
    request_timeout: seconds in which a request must be answered, its body read and waiting included.
    max_concurrent: requests that hold a body or wait for the model at the same time.
    max_per_caller: such requests of one caller.
    retry_after: seconds that a refused caller is told to wait.
  """

  attributes: tuple[str, ...]
  mechanisms: tuple[str, ...] = ("laplace", "gaussian", "randomized_response", "exponential")
  scopes: tuple[str, ...] = ("attribute",)
  align: tuple[str, ...] = ALIGN
  on_failure: str = SKIP
  max_epsilon: float = 8.0
  max_upload_bytes: int = 20_000_000
  max_pixels: int = 25_000_000
  body_timeout: float = 30.0
  request_timeout: float = 120.0
  max_concurrent: int = 16
  max_per_caller: int = 8
  retry_after: int = 2

  def __post_init__(self):
    if not self.attributes and "attribute" in self.scopes:
      raise ConfigurationError("--attributes is empty; name at least one, for example smile")
    if not self.scopes or not set(self.scopes) <= set(SCOPES):
      # Scope metric has no plain epsilon that a budget could count.
      raise ConfigurationError(
        f"--scopes={','.join(self.scopes)}: choose from {', '.join(SCOPES)}, at least one"
      )
    if not self.align or not set(self.align) <= set(ALIGN):
      raise ConfigurationError(
        f"--align={','.join(self.align)}: choose from {', '.join(ALIGN)}, at least one"
      )
    if self.on_failure not in ON_FAILURE:
      raise ConfigurationError(
        f"--on_failure={self.on_failure}: choose one of {', '.join(ON_FAILURE)}"
      )
    if self.on_failure == STAND_IN and "image" not in self.scopes:
      raise ConfigurationError(f"--on_failure={STAND_IN} is for scope image; add it to --scopes")
    self._check_mechanisms()
    check_range(self.max_epsilon, 0.0)
    for name in ("max_upload_bytes", "max_pixels", "max_concurrent", "max_per_caller"):
      if getattr(self, name) < 1:
        raise ConfigurationError(f"--{name}={getattr(self, name)}: it must be at least 1")
    for name in ("body_timeout", "request_timeout", "retry_after"):
      value = getattr(self, name)
      if not (math.isfinite(value) and value > 0):
        raise ConfigurationError(f"--{name}={value}: it must be positive seconds")

  def _check_mechanisms(self) -> None:
    if not self.mechanisms:
      raise ConfigurationError("--mechanisms is empty; name at least one, for example laplace")
    for name in self.mechanisms:
      mechanism = mechanism_class(name)
      if not mechanism.private:
        raise ConfigurationError(f"--mechanisms: {name} is not private; a gateway never offers it")
      if not set(mechanism.scopes) & set(self.scopes):
        raise ConfigurationError(
          f"--mechanisms: {name} is not defined for scope {' or '.join(self.scopes)}; leave it out"
        )
