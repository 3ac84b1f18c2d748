"""What a gateway offers and what it refuses; checked before anything is loaded."""

import dataclasses
import math

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import ALIGN
from privai_tf.jobs.failures import ON_FAILURE, SKIP, STAND_IN
from privai_tf.jobs.presets import PRESETS
from privai_tf.privacy.limits import check_range
from privai_tf.privacy.mechanisms import default_decode, default_mechanism, mechanism_class
from privai_tf.privacy.resemblance import Weights, checked_weights, named_attributes, parse_weights
from privai_tf.privacy.spec import LARGEST_CODEBOOK

SCOPES = ("attribute", "image")
# What is offered unless the operator says otherwise, and the scopes that bring it.
_USUAL = {
  "extremal": {"attribute"},
  "subset_selection": {"image"},
  "laplace": {"attribute", "image"},
  "gaussian": {"attribute", "image"},
  "randomized_response": {"attribute"},
  "exponential": {"attribute"},
}


@dataclasses.dataclass(frozen=True)
class GatewaySettings:
  """The operator's choices.

  Attributes:
    attributes: names of the attributes that may be hidden, at least one.
    mechanisms: names of the mechanisms that callers may choose; None: the usual ones of the scopes.
    scopes: scopes that callers may choose, of "attribute" and "image"; the first is the default.
    codebook_sizes: how many made-up faces `subset_selection` may choose among; the first is the
      default.
    resemblances: weights by which it may compare faces, such as "age:3,gender:3,rest:1", besides the
      default, "" (all directions alike). Callers choose among these and no others, because each of
      them, with each size, has a table in memory that takes a while to make.
    align: ways of cutting out the face that callers may choose, see `FaceSpec`; the first is the
      default. Only "none" needs no detector.
    on_failure: what becomes, in scope "image", of a picture in which no face is found or that cannot
      be read: "skip" refuses it, "stand-in" releases the public mean code in its place.
    preset: advised settings (see `privai_tf.jobs.presets`) whose delta and decoding a request gets that
      leaves them out, for the preset's mechanism; None: none.
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
  mechanisms: tuple[str, ...] | None = None
  scopes: tuple[str, ...] = SCOPES
  codebook_sizes: tuple[int, ...] = (1 << 17,)
  resemblances: tuple[str, ...] = ()
  align: tuple[str, ...] = ALIGN
  on_failure: str = SKIP
  preset: str | None = None
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
      raise ConfigurationError("--attribute is empty; name at least one, for example smile")
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
    if self.preset and self.scopes != (PRESETS[self.preset].scope,):
      raise ConfigurationError(
        f"--preset={self.preset} is for scope {PRESETS[self.preset].scope}, and "
        f"--scopes={','.join(self.scopes)} is given; leave one of them out"
      )
    self._check_mechanisms()
    self._check_stand_ins()
    check_range(self.max_epsilon, 0.0)
    for name in ("max_upload_bytes", "max_pixels", "max_concurrent", "max_per_caller"):
      if getattr(self, name) < 1:
        raise ConfigurationError(f"--{name}={getattr(self, name)}: it must be at least 1")
    for name in ("body_timeout", "request_timeout", "retry_after"):
      value = getattr(self, name)
      if not (math.isfinite(value) and value > 0):
        raise ConfigurationError(f"--{name}={value}: it must be positive seconds")

  def default_mechanism(self, scope: str) -> str | None:
    """What a request of a scope gets without choosing: the best that is on offer, else the first."""
    best = default_mechanism(scope)
    if best in self.mechanisms:
      return best
    possible = [name for name in self.mechanisms if scope in mechanism_class(name).scopes]
    return possible[0] if possible else None

  def usual_delta(self, mechanism: str) -> float:
    """What a request gets without choosing."""
    preset = PRESETS[self.preset] if self.preset else None
    return preset.delta if preset and mechanism == preset.mechanism else 0.0

  def usual_decode(self, mechanism: str) -> str:
    """What a request gets without choosing."""
    advised = PRESETS[self.preset].decode if self.preset else None
    return advised if advised in mechanism_class(mechanism).decodings else default_decode(mechanism)

  @property
  def weights(self) -> dict[str, Weights]:
    """The ways of comparing faces on offer, by what they are called."""
    return {text: weights_of(text) for text in ("", *self.resemblances)}

  def _check_stand_ins(self) -> None:
    for name in ("codebook_sizes", "resemblances"):
      values = getattr(self, name)
      if len(set(values)) < len(values):
        raise ConfigurationError(f"--{name} names one of {', '.join(map(str, values))} twice")
    if not self.codebook_sizes or not all(
      2 <= size <= LARGEST_CODEBOOK for size in self.codebook_sizes
    ):
      raise ConfigurationError(
        f"--codebook_sizes={','.join(map(str, self.codebook_sizes))}: give whole numbers from 2 to "
        f"{LARGEST_CODEBOOK:,}, at least one"
      )
    for weights in self.weights.values():
      unknown = [name for name in named_attributes(weights) if name not in self.attributes]
      if unknown:
        raise ConfigurationError(
          f"--resemblances names '{unknown[0]}', which is not among --attribute="
          f"{','.join(self.attributes)}; add it there"
        )

  def _check_mechanisms(self) -> None:
    if self.mechanisms is None:
      usual = tuple(name for name, scopes in _USUAL.items() if scopes & set(self.scopes))
      object.__setattr__(self, "mechanisms", usual)
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


def weights_of(text: str) -> Weights:
  """ "age:3,rest:1" -> (("age", 3.0), ("rest", 1.0)).

  Raises:
    ConfigurationError: naming the weight that cannot be used.
  """
  return checked_weights(parse_weights(text.split(",") if text.strip() else ()))
