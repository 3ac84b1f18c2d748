"""The release that is audited, and two neighbours that it must not tell apart."""

import dataclasses
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.grid import from_grid

_WIDTH = 8
# How far outside the clip set the two codes lie, in radii: a release that fails to clip shows here.
# Nearer, where codes so long that their rounding exceeds rho would be no neighbours.
_OUTSIDE = (4.0, 2.0, 1.0)


# Few public faces, so that each is drawn often.
STAND_INS = {"codebook_size": 64, "subset_size": 16}


class RehearsalGenerator:
  """Stands for a network where only the release is audited: a public normal latent space."""

  latent_spaces = ("Z", "W", "W+")
  fingerprint = "rehearsal"

  def sample_z(self, count: int, seed: int) -> np.ndarray:
    """float32 [count, 8]."""
    draws = np.random.Generator(np.random.PCG64(seed)).standard_normal((count, _WIDTH))
    return draws.astype(np.float32)

  def map(self, codes: np.ndarray, labels: None = None) -> np.ndarray:
    """Z -> W: a public shear, so that the principal directions are no axes."""
    return (codes @ np.triu(np.full((_WIDTH, _WIDTH), 0.25, np.float32), 1)) + codes

  def mean_latent(self, latent_space: str) -> np.ndarray:
    """Zeros."""
    return np.zeros((4, _WIDTH) if latent_space == "W+" else _WIDTH, np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class AuditedRelease:
  """A release with two neighbouring inputs.

  Attributes:
    generator, boundary, public: what `privatize` is called with; their `PublicCodes`, or None.
    prepared: the `PreparedRelease` that it uses.
    codes: `(upper, lower)`, float32 [1, ...] each, as somebody would give them to `privatize`.
    inputs: the same as `Encoded`, each encoded on its own.
    claim: the epsilon that is claimed for these two inputs (in scope "metric": times distance).
    delta: the delta that is claimed.
  """

  generator: Any
  boundary: Any
  public: Any
  prepared: Any
  codes: tuple[np.ndarray, np.ndarray]
  inputs: tuple[Any, Any]
  claim: float
  delta: float

  @property
  def mechanism(self) -> Any:
    """What releases the numbers."""
    return self.prepared.blocks[0].mechanism

  @property
  def mechanism_epsilon(self) -> float:
    """What the mechanism may spend on these two inputs: the claim less the rest's share."""
    if self.prepared.spec.scope == "metric":
      return self.claim
    return self.mechanism.epsilon

  def release(self, side: int, count: int) -> np.ndarray:
    """So many releases of one neighbour by `privatize`; float32 [count, ...]."""
    from privai_tf.privacy.release import privatize

    return privatize(
      np.repeat(self.codes[side], count, axis=0),
      self.generator,
      self.boundary,
      self.prepared.spec,
      latent_space=self.prepared.latent_space,
      public_codes=self.public,
    ).latents


def prepare_audit(
  mechanism: str,
  epsilon: float,
  delta: float = 0.0,
  *,
  generator: Any = None,
  boundary: Any = None,
  latent_space: str = "W",
  scope: str | None = None,
  components: int = 1,
  wplus_mode: str = "tied",
  public_codes: Any = None,
) -> AuditedRelease:
  """Prepares a release and its two worst neighbours, which differ in the first number.

  In scope "attribute" these are float32 codes along the public curve: they differ by its rounding
  besides, everywhere. Each is encoded on its own.

  Args:
    mechanism: name.
    epsilon, delta: the claim.
    generator: a `Generator`; None: a stand-in of 8 dimensions, with the same release code.
    boundary: the attribute's `Boundary` in `generator`'s space; None only with the stand-in.
    latent_space: "Z", "W" or "W+".
    scope: "attribute", "image" or "metric"; None: the mechanism's first.
    components: directions that scopes "image" and "metric" release.
    wplus_mode: "tied" or "per_layer".
    public_codes: of the release path; None: the generator's own samples.

  Raises:
    ConfigurationError: for a claim that the mechanism cannot make, scope "attribute" of a generator
      without a boundary, or a clip radius at which float32 rounds codes by more than rho.
  """
  from privai_tf.attributes.boundary import Boundary
  from privai_tf.privacy.mechanisms import mechanism_class
  from privai_tf.privacy.release import prepare
  from privai_tf.privacy.spec import PrivacySpec

  if generator is None:
    generator = RehearsalGenerator()
    boundary = Boundary(np.arange(1.0, _WIDTH + 1), 0.0, plane(latent_space), "rehearsal")
  scope = scope or mechanism_class(mechanism).scopes[0]
  attribute = scope == "attribute"
  if attribute and boundary is None:
    raise ConfigurationError("an audit of a checkpoint needs the attribute's boundary: --attribute")
  spec = PrivacySpec(
    mechanism=mechanism,
    scope=scope,
    epsilon=epsilon,
    delta=delta,
    components=None if attribute else components,
    wplus_mode=wplus_mode,
    **(STAND_INS if mechanism_class(mechanism).has_codebook else {}),
  )
  boundary = boundary if attribute else None
  prepared = prepare(generator, boundary, spec, latent_space, public_codes)
  if attribute:
    codes = _along_curve(prepared, _public_code(prepared, generator, public_codes))
  else:
    codes = _along_axis(prepared)
  inputs = tuple(prepared.encode(code) for code in codes)
  claim = spec.total_epsilon
  if scope == "metric":
    upper, lower = inputs
    claim *= float(np.linalg.norm(from_grid(upper.coordinates - lower.coordinates)))
  return AuditedRelease(
    generator, boundary, public_codes, prepared, codes, inputs, claim, spec.delta
  )


def plane(latent_space: str) -> str:
  """The space of one layer's code."""
  return "W" if latent_space == "W+" else latent_space


def _public_code(prepared: Any, generator: Any, public: Any) -> np.ndarray:
  """float64 [1, ...]: somebody's code, from public data."""
  if public is not None:
    return public.codes[:1].astype(np.float64)
  code = np.asarray(generator.sample_z(1, seed=1))
  code = code if prepared.latent_space == "Z" else np.asarray(generator.map(code))
  return np.broadcast_to(code.astype(np.float64), (1, *prepared.code_shape))


def _along_curve(prepared: Any, code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Two float32 codes at the ends of the clip set of one curve, and beyond."""
  split, mechanism = prepared.layout, prepared.blocks[0].mechanism
  for other in range(1, split.numbers):  # What is clipped together is then all of the first number.
    code = split.moved(code, other, 0.0)
  radius = mechanism.clip_radius or max(map(abs, mechanism.side_values))
  for outside in _OUTSIDE:
    ends = (split.moved(code, 0, sign * outside * radius) for sign in (1, -1))
    upper, lower = (end.astype(np.float32) for end in ends)
    if wobble(split, upper, lower) <= (prepared.rest.rho if prepared.rest else np.inf):
      return upper, lower
  raise ConfigurationError(
    f"float32 rounds codes at the clip radius {radius:.4g} by more than the guarantee allows for: "
    "use a smaller clip_radius."
  )


def wobble(split: Any, one: np.ndarray, other: np.ndarray) -> float:
  """How far two codes are from lying on one curve: at most rho for neighbours of scope "attribute".

  Args:
    split: a `Split`.
    one, other: float [1, d] or [1, L, d], latent units.

  Returns:
    L2 distance in latent units.
  """
  one, other = one.astype(np.float64), other.astype(np.float64)
  # With the same numbers neighbours agree but for rounding (docs/proofs.md, section 1).
  for position, number in enumerate(split.parts(other)[0][0]):
    one = split.moved(one, position, number)
  return float(np.linalg.norm(one - other))


def _along_axis(prepared: Any) -> tuple[np.ndarray, np.ndarray]:
  """Two float32 codes that differ along the first direction, all else being the public mean."""
  subspace, mechanism = prepared.layout, prepared.blocks[0].mechanism
  if mechanism.has_codebook:  # Opposite codes: their nearest faces are others.
    ends = (subspace.mean + sign * subspace.spread[0] for sign in (1, -1))
    return tuple(np.broadcast_to(end, (1, *prepared.code_shape)).astype(np.float32) for end in ends)
  reach = 0.5 if prepared.spec.scope == "metric" else _OUTSIDE[0] * mechanism.clip_radius
  return tuple(_codes_at(prepared, subspace, sign * reach) for sign in (1, -1))


def _codes_at(prepared: Any, subspace: Any, value: float) -> np.ndarray:
  numbers: np.ndarray = np.zeros((1, subspace.numbers))
  numbers[0, 0] = value
  return subspace.assemble(numbers).reshape(1, *prepared.code_shape)
