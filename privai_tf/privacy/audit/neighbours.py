"""The release that is audited, and its two worst neighbours, built through the public path."""

import dataclasses
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.grid import from_grid

_WIDTH = 8
# How far outside the clip set the two codes lie, in radii: a release that fails to clip shows here.
_OUTSIDE = 4.0


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
  """A prepared release with two neighbouring inputs.

  Attributes:
    prepared: the `PreparedRelease`.
    inputs: `(upper, lower)`, each one `Encoded` row; they share `rest`.
    claim: the epsilon that is claimed for these two inputs (in scope "metric": times distance).
    delta: the delta that is claimed.
  """

  prepared: Any
  inputs: tuple[Any, Any]
  claim: float
  delta: float


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
) -> AuditedRelease:
  """Prepares a release and its two worst neighbours, which differ along the first axis.

  Args:
    mechanism: name.
    epsilon, delta: the claim.
    generator: a `Generator`; None: a stand-in of 8 dimensions, with the same release code.
    boundary: the attribute's `Boundary` in `generator`'s space; None only with the stand-in.
    latent_space: "Z", "W" or "W+".
    scope: "attribute", "image" or "metric"; None: the mechanism's first.
    components: directions that scopes "image" and "metric" release.
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
  )
  prepared = prepare(generator, boundary if attribute else None, spec, latent_space)
  codes = _codes(prepared, generator, latent_space)
  upper, lower = (prepared.encode(code[np.newaxis]) for code in codes)
  # Neighbours of scope "attribute" share the encoded rest (float codes along the axis do not, in
  # their last bits; that is the point of the encoding).
  lower = dataclasses.replace(lower, rest=upper.rest)
  claim = spec.epsilons[0]
  if scope == "metric":
    claim *= float(np.linalg.norm(from_grid(upper.coordinates - lower.coordinates)))
  return AuditedRelease(prepared, (upper, lower), claim, spec.delta)


def plane(latent_space: str) -> str:
  """The space of one layer's code."""
  return "W" if latent_space == "W+" else latent_space


def _codes(prepared: Any, generator: Any, latent_space: str) -> list[np.ndarray]:
  """Two codes that differ along the first axis only, far outside the clip set if there is one."""
  subspace, scope = prepared.subspace, prepared.spec.scope
  mechanism = prepared.blocks[0].mechanism
  axis = subspace.basis[:, 0]
  middle = subspace.mean
  if scope == "attribute":
    base = np.asarray(generator.sample_z(1, seed=1))
    base = base if latent_space == "Z" else np.asarray(generator.map(base))
    centred = base[0].astype(np.float64) - subspace.mean
    middle = subspace.mean + centred - (centred @ axis) * axis
  if scope == "metric":
    reach = 0.5
  else:
    reach = _OUTSIDE * (mechanism.clip_radius or max(map(abs, mechanism.side_values)))
  codes = [middle + sign * reach * subspace.scales[0] * axis for sign in (1, -1)]
  return [np.broadcast_to(code, prepared.code_shape) for code in codes]
