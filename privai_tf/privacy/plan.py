"""Which mechanism releases which coordinates, calibrated from public figures."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.privacy.calibration import public_samples, upper_quantile
from privai_tf.privacy.decoding import Decoder, make_decoder
from privai_tf.privacy.directions import principal_directions
from privai_tf.privacy.extremal.shares import best_shares
from privai_tf.privacy.figures import double_down
from privai_tf.privacy.mechanisms import Mechanism, make_mechanism, mechanism_class
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.radius import best_radius, norms
from privai_tf.privacy.rest import RestNoise, rest_noise, rounding_radius
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.split import Split, fit_split
from privai_tf.privacy.stand_in_plan import stand_ins
from privai_tf.privacy.stand_ins import StandIns
from privai_tf.privacy.subspace import Subspace, attribute_basis

# Of the baseline's clip radius, which bounds nothing.
_USUAL_QUANTILE = 0.99


@dataclasses.dataclass(frozen=True, eq=False)
class Block:
  """Coordinates that are released together.

  Attributes:
    positions: their places among all coordinates.
    mechanism: what releases them.
    decoder: what is made of its outputs; None: nothing.
  """

  positions: list[int]
  mechanism: Mechanism
  decoder: Decoder | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
  """One release, laid out.

  Attributes:
    layout: how codes become numbers and a rest, and back.
    blocks: one for a joint release, or one for each attribute.
    rest: the noise of the rest; None where none is released.
  """

  layout: Split | Subspace | StandIns
  blocks: tuple[Block, ...]
  rest: RestNoise | None


def plan(
  generator: Any,
  boundaries: Sequence[Boundary],
  spec: PrivacySpec,
  latent_space: str,
  layers: int | None,
  public: PublicCodes | None,
) -> Plan:
  """Lays out one release.

  Args:
    generator: a `Generator`.
    boundaries: of the latent space, for scope "attribute" and for `spec.resemble`.
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+".
    layers: L in W+, else None.
    public: codes of the release path, for scope "attribute".
  """
  if spec.scope == "attribute":
    return _attribute_plan(boundaries, spec, public)
  if mechanism_class(spec.mechanism).has_codebook:
    layout, mechanisms = stand_ins(generator, boundaries, spec, latent_space, layers)
    blocks = map(Block, layout.groups, mechanisms)
    return Plan(layout, tuple(blocks), None)
  tied = spec.wplus_mode == "tied"
  found = principal_directions(
    generator, latent_space, spec.calibration_count, spec.calibration_seed
  )
  k = found.components(spec.components)
  # Whitened for scope image; scope metric speaks of latent distances, which must stay what
  # they are (a projection makes none larger).
  scales = found.deviations[:k] if spec.scope == "image" else np.ones(k)
  layout = Subspace(found.mean, found.basis[:, :k], scales, layers, tied)
  codes = public_samples(
    generator, latent_space, spec.calibration_count, spec.calibration_seed
  ).astype(np.float64)
  if layers is not None and not tied:  # A generated sample has the same code in all layers.
    codes = np.repeat(codes[:, np.newaxis], layers, axis=1)
  elif layers is not None:
    codes = codes[:, np.newaxis]
  numbers, _ = layout.parts(codes)
  positions = list(range(layout.numbers))
  return Plan(layout, (_block(spec, spec.epsilons[0], spec.delta, numbers, positions, {}),), None)


def _attribute_plan(boundaries: Sequence[Boundary], spec: PrivacySpec, public: PublicCodes) -> Plan:
  if not boundaries:
    raise ConfigurationError("Scope attribute needs a boundary: give at least one.")
  if len(spec.epsilons) not in (1, len(boundaries)):
    raise ConfigurationError(
      f"{len(spec.epsilons)} epsilons for {len(boundaries)} attributes: give one for each, or one "
      "for all of them together."
    )
  split = fit_split(public, attribute_basis(boundaries), spec.wplus_mode == "tied")
  total = spec.total_epsilon
  dimensions = split.rest_numbers
  rho = rounding_radius(public.codes)
  rest = rest_noise(total, spec.delta, dimensions, rho, split.lipschitz) if dimensions else None
  numbers = split.public_numbers
  epsilons = spec.epsilons
  if len(epsilons) < len(boundaries) and mechanism_class(spec.mechanism).needs_samples:
    firsts = [numbers[:, split.axis_numbers(axis)[0]] for axis in range(len(boundaries))]
    epsilons = best_shares(firsts, total, spec.loss)
  groups = [list(range(split.numbers))]
  if len(epsilons) > 1:
    groups = [split.axis_numbers(axis) for axis in range(len(boundaries))]
  left = 1 if rest is None else 1 - Fraction(rest.epsilon) / Fraction(total)
  delta = spec.delta_share(len(groups), rest.delta if rest else 0.0)
  blocks = []
  for index, (positions, epsilon) in enumerate(zip(groups, epsilons, strict=True)):
    sides = {}
    if mechanism_class(spec.mechanism).has_sides:
      sides = _sides(boundaries[index], split, index, numbers)
    share = double_down(Fraction(epsilon) * left)
    blocks.append(_block(spec, share, delta, numbers, positions, sides))
  return Plan(split, tuple(blocks), rest)


def _block(
  spec: PrivacySpec,
  epsilon: float,
  delta: float,
  numbers: np.ndarray,
  positions: list[int],
  sides: dict[str, float],
) -> Block:
  """One block, with its radius and its decoder from public numbers [n, all of them]."""
  kind, own = mechanism_class(spec.mechanism), numbers[:, positions]
  public = {}
  if kind.norm is not None:
    public["clip_radius"] = spec.clip_radius or _radius(spec, epsilon, delta, own)
  if kind.needs_samples:
    public |= {"samples": own[:, 0], "loss": spec.loss}
  mechanism = make_mechanism(
    spec.mechanism,
    epsilon=epsilon,
    delta=delta,
    dimensions=len(positions),
    lipschitz=spec.lipschitz,
    **public,
    **sides,
  )
  return Block(positions, mechanism, make_decoder(spec.decode, mechanism, own, spec.scope))


def _radius(spec: PrivacySpec, epsilon: float, delta: float, own: np.ndarray) -> float:
  if spec.clip_quantile is None and spec.private:
    choices = {"decode": spec.decode, "loss": spec.loss, "scope": spec.scope}
    return best_radius(spec.mechanism, epsilon, delta, own, **choices)
  return upper_quantile(norms(spec.mechanism, own), spec.clip_quantile or _USUAL_QUANTILE)


def _sides(boundary: Boundary, split: Split, axis: int, numbers: np.ndarray) -> dict[str, float]:
  """Where the boundary lies on its axis, and the median distance from it."""
  # With all coordinates and the rest at zero, the plane is at n . (w0 + q t) + intercept = 0.
  zero = split.along(np.zeros((1, split.numbers))).reshape(split.layers or 1, -1).mean(axis=0)
  at_zero = float(boundary.normal @ zero) + boundary.intercept
  threshold = -at_zero / float(boundary.normal @ split.basis[:, axis])
  offsets = numbers[:, split.axis_numbers(axis)[0]] - threshold
  return {"threshold": threshold, "side_distance": float(np.median(np.abs(offsets)))}
