"""What guarantee is asked for, checked before anything is computed. Imports no TensorFlow."""

import dataclasses
import math
import numbers
from fractions import Fraction
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.privacy.resemblance import checked_weights

SCOPES = ("attribute", "image", "metric")
WPLUS_MODES = ("tied", "per_layer")
INPUTS = ("any", "faces")
LOSSES = ("l1", "l2")
LARGEST_CODEBOOK = 1 << 22


@dataclasses.dataclass(frozen=True)
class PrivacySpec:
  """The guarantee asked for, and the public choices that go with it.

  Attributes:
    mechanism: see `privai_tf.privacy.mechanisms`.
    scope: what is protected: "attribute" (the coordinate along the boundary), "image" (everything)
      or "metric" (in proportion to latent distance).
    epsilon: > 0; a tuple gives each attribute its own (scope "attribute"); for scope "metric" per
      unit of latent distance.
    delta: of the whole release, in [0, 1); several attributes share it equally.
    wplus_mode: W+ codes: "tied" (one coordinate for all layers) or "per_layer".
    decode: what is made of a noisy coordinate with public knowledge only: "raw" (nothing; "value" is
      extremal's name for it), "mean" (its posterior mean) or "sample" (a draw from its posterior).
    loss: the error that extremal and the search for a radius make least: "l1" or "l2".
    clip_quantile: R is this quantile of the clipped quantity over generated samples, in (0, 1]; None:
      the radius with the least expected error at this epsilon.
    clip_radius: R in latent units, instead of either. It must not come from an input.
    components: directions k that scopes "image" and "metric" release; None: as many as hold 99% of
      the variance.
    noise_seed: makes a seeded simulation instead of a private release.
    calibration_count, calibration_seed: the generated samples that calibrate.
    noise_maps_optimized: noise maps found by inversion are part of what is published.
    pasted_back: the face is pasted into its original frame.
    inputs: scopes "image" and "metric": the promise is for any two inputs ("any"), where those that
      cannot be used are released as well, or for any two photos in which a face is found ("faces").
    lipschitz: L of `reference_postclip`, score units per latent unit.
    codebook_size: M, the public faces that `subset_selection` chooses among.
    subset_size: K, how many of them are likelier; None: what resembles best on public samples.
    resemble: (name, weight) pairs: how much attributes and the "rest" count in what
      `subset_selection` calls resemblance; (): all directions alike.
  """

  mechanism: str = "laplace"
  scope: str = "attribute"
  epsilon: float | tuple[float, ...] = 1.0
  delta: float = 0.0
  wplus_mode: str = "tied"
  clip_quantile: float | None = None
  clip_radius: float | None = None
  components: int | None = None
  noise_seed: int | None = None
  calibration_count: int = 10_000
  calibration_seed: int = 0
  noise_maps_optimized: bool = False
  pasted_back: bool = False
  inputs: str = "any"
  lipschitz: float = 1.0
  decode: str = "raw"
  loss: str = "l2"
  codebook_size: int = 1 << 17
  subset_size: int | None = None
  resemble: tuple[tuple[str, float], ...] = ()

  def __post_init__(self):
    mechanism = mechanism_class(self.mechanism)
    _one_of("scope", self.scope, SCOPES)
    _one_of("W+ mode", self.wplus_mode, WPLUS_MODES)
    _one_of("inputs", self.inputs, INPUTS)
    _one_of("loss", self.loss, LOSSES)
    self._check_decode(mechanism)
    self._check_budget(mechanism)
    self._check_scope(mechanism)
    self._check_numbers()
    self._check_stand_ins(mechanism)

  @property
  def private(self) -> bool:
    """Whether releases under this spec carry a guarantee at all."""
    return self.noise_seed is None and mechanism_class(self.mechanism).private

  @property
  def epsilons(self) -> tuple[float, ...]:
    """The epsilons as a tuple, of length 1 for one joint release."""
    return self.epsilon if isinstance(self.epsilon, tuple) else (self.epsilon,)

  @property
  def total_epsilon(self) -> float:
    """Of the whole release: the sum, rounded up where a float cannot hold it."""
    exact = sum(Fraction(value) for value in self.epsilons)
    total = float(exact)
    return total if Fraction(total) >= exact else math.nextafter(total, math.inf)

  def delta_share(self, shares: int, taken: float = 0.0) -> float:
    """One of equal parts of delta, less what is taken for the rest, rounded down."""
    left = Fraction(self.delta) - Fraction(taken)
    share = float(left / shares)
    return share if Fraction(share) * shares <= left else math.nextafter(share, 0)

  def _check_budget(self, mechanism: type) -> None:
    if isinstance(self.epsilon, list):
      object.__setattr__(self, "epsilon", tuple(self.epsilon))
    if self.epsilons == ():
      raise ConfigurationError("epsilon is empty: give one number, or one for each attribute.")
    epsilons = tuple(_number("epsilon", value) for value in self.epsilons)
    object.__setattr__(
      self, "epsilon", epsilons if isinstance(self.epsilon, tuple) else epsilons[0]
    )
    object.__setattr__(self, "delta", _number("delta", self.delta))
    for epsilon in epsilons:
      mechanism.check(epsilon, self.delta)

  def _check_scope(self, mechanism: type) -> None:
    if self.scope not in mechanism.scopes:
      raise ConfigurationError(
        f"Mechanism {self.mechanism} is not defined for scope {self.scope}: it is for "
        f"{' and '.join(mechanism.scopes)}."
      )
    if isinstance(self.epsilon, tuple) and len(self.epsilon) > 1 and self.scope != "attribute":
      raise ConfigurationError(
        f"{len(self.epsilon)} epsilons with scope {self.scope}: only scope attribute has a budget "
        "for each attribute; give one epsilon."
      )
    if self.scope != "attribute":
      if self.noise_maps_optimized:
        raise ConfigurationError(
          f"Optimized noise maps with scope {self.scope} would be released unprotected: use the "
          "checkpoint's fixed noise, or scope attribute."
        )
      if self.pasted_back:
        raise ConfigurationError(
          f"Pasting the face back with scope {self.scope} would release the frame unprotected: "
          "publish the face alone, or use scope attribute."
        )
    elif self.inputs != "any":
      raise ConfigurationError(
        f"inputs is {self.inputs!r} with scope attribute, which says nothing of photos without a "
        "face: leave it out, or use scope image."
      )
    elif self.components is not None:
      raise ConfigurationError(
        f"components is {self.components} with scope attribute, whose directions are the "
        "boundaries: leave it out, or use scope image."
      )

  def _check_decode(self, mechanism: type) -> None:
    # "raw" publishes the mechanism's own output, whatever that is.
    if self.decode != "raw" and self.decode not in mechanism.decodings:
      raise ConfigurationError(
        f"Mechanism {self.mechanism} has no decode {self.decode!r}: use "
        f"{' or '.join(mechanism.decodings)}."
      )

  def _check_numbers(self) -> None:
    if self.clip_quantile is not None and not (
      _is_real(self.clip_quantile) and 0 < self.clip_quantile <= 1
    ):
      raise ConfigurationError(
        f"clip_quantile is {self.clip_quantile!r}: it must be in (0, 1], for example 0.99; leave it "
        "out for the radius of least error."
      )
    if self.clip_radius is not None and not (
      _is_real(self.clip_radius) and 2.0**-8 <= self.clip_radius <= 2.0**20
    ):
      raise ConfigurationError(
        f"clip_radius is {self.clip_radius!r}: it must be from 1/256 to 2^20 latent units; leave it "
        "out to calibrate it from generated samples."
      )
    if not _is_real(self.lipschitz) or not 0 < self.lipschitz < math.inf:
      raise ConfigurationError(f"lipschitz is {self.lipschitz!r}: it must be positive and finite.")
    for name, least in (("components", 1), ("calibration_count", 100), ("noise_seed", 0)):
      value = getattr(self, name)
      if value is not None and not (_is_integer(value) and value >= least):
        raise ConfigurationError(
          f"{name} is {value!r}: it must be a whole number, at least {least}."
        )
    if not _is_integer(self.calibration_seed) or not 0 <= self.calibration_seed < 2**32:
      raise ConfigurationError(
        f"calibration_seed is {self.calibration_seed!r}: it must be a whole number in [0, 2^32)."
      )

  def _check_stand_ins(self, mechanism: type) -> None:
    if not _is_integer(self.codebook_size) or not 2 <= self.codebook_size <= LARGEST_CODEBOOK:
      raise ConfigurationError(
        f"codebook_size is {self.codebook_size!r}: it must be a whole number from 2 to 2^22."
      )
    object.__setattr__(self, "resemble", checked_weights(self.resemble))
    if not mechanism.has_codebook:
      for name in ("subset_size", "resemble"):
        if getattr(self, name) not in (None, ()):
          raise ConfigurationError(
            f"{name} is given and mechanism {self.mechanism} chooses among no faces: leave it out, "
            "or use subset_selection with scope image."
          )
      return
    if self.wplus_mode != "tied":
      raise ConfigurationError(
        f"{self.mechanism} publishes one code for all layers: leave wplus_mode at 'tied'."
      )
    size = self.subset_size
    if size is not None and not (_is_integer(size) and 0 < size < self.codebook_size):
      raise ConfigurationError(
        f"subset_size is {size!r} of {self.codebook_size} faces: it must be from 1 to "
        f"{self.codebook_size - 1} (0 or all of them would choose regardless of the photo)."
      )


def _one_of(what: str, value: Any, known: tuple[str, ...]) -> None:
  if value not in known:
    raise ConfigurationError(f"Unknown {what} {value!r}: use one of {', '.join(known)}.")


def _is_integer(value: Any) -> bool:
  return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
  return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _number(name: str, value: Any) -> float:
  """A plain float, so that exact fractions and JSON can be made of it."""
  if not _is_real(value):
    raise ConfigurationError(f"{name} is {value!r}: it must be a number.")
  return float(value)
