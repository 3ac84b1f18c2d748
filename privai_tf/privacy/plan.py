"""Which mechanism releases which coordinates, calibrated from public figures."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.privacy.calibration import (
  public_mean,
  public_samples,
  stored_figures,
  upper_quantile,
)
from privai_tf.privacy.directions import principal_directions
from privai_tf.privacy.mechanisms import Mechanism, make_mechanism, mechanism_class
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.subspace import Subspace, attribute_basis


@dataclasses.dataclass(frozen=True, eq=False)
class Block:
  """Coordinates that are released together.

  Attributes:
    positions: their places among all coordinates.
    mechanism: what releases them.
  """

  positions: list[int]
  mechanism: Mechanism


def plan(
  generator: Any,
  boundaries: Sequence[Boundary],
  spec: PrivacySpec,
  latent_space: str,
  code_shape: tuple[int, ...],
) -> tuple[Subspace, tuple[Block, ...]]:
  """Lays out one release.

  Args:
    generator: a `Generator`.
    boundaries: of the latent space, for scope "attribute".
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+".
    code_shape: shape of one code.

  Returns:
    The directions, and one block for a joint release or one for each attribute.
  """
  layers = code_shape[0] if latent_space == "W+" else None
  tied = spec.wplus_mode == "tied"
  if spec.scope == "attribute":
    _check_attributes(spec, boundaries)
    basis = attribute_basis(boundaries)
    mean = public_mean(generator, latent_space)
    subspace = Subspace(mean, basis, np.ones(basis.shape[1]), True, layers, tied)
  else:
    found = principal_directions(
      generator, latent_space, spec.calibration_count, spec.calibration_seed
    )
    k = found.components(spec.components)
    # Whitened for scope image; scope metric speaks of latent distances, which must stay what
    # they are (a projection makes none larger).
    scales = found.deviations[:k] if spec.scope == "image" else np.ones(k)
    subspace = Subspace(found.mean, found.basis[:, :k], scales, False, layers, tied)
  if len(spec.epsilons) == 1:
    groups = [list(range(subspace.numbers))]
  else:
    groups = [subspace.axis_numbers(axis) for axis in range(len(boundaries))]
  figures = _Figures(generator, boundaries, spec, latent_space, subspace)
  blocks = []
  for index, (positions, epsilon) in enumerate(zip(groups, spec.epsilons, strict=True)):
    mechanism = make_mechanism(
      spec.mechanism,
      epsilon=epsilon,
      delta=spec.delta_share(len(groups)),
      dimensions=len(positions),
      lipschitz=spec.lipschitz,
      **figures.of(index, positions),
    )
    blocks.append(Block(positions, mechanism))
  return subspace, tuple(blocks)


def _check_attributes(spec: PrivacySpec, boundaries: Sequence[Boundary]) -> None:
  if not boundaries:
    raise ConfigurationError("Scope attribute needs a boundary: give at least one.")
  if len(spec.epsilons) not in (1, len(boundaries)):
    raise ConfigurationError(
      f"{len(spec.epsilons)} epsilons for {len(boundaries)} attributes: give one for each, or one "
      "for all of them together."
    )


class _Figures:
  """Public figures for the blocks, from the boundary's file or from generated samples."""

  def __init__(self, generator, boundaries, spec, latent_space, subspace):
    self._generator = generator
    self._boundaries = boundaries
    self._spec = spec
    self._latent_space = latent_space
    self._subspace = subspace
    self._mechanism = mechanism_class(spec.mechanism)

  def of(self, index: int, positions: list[int]) -> dict[str, Any]:
    """The parameters of one block's mechanism that come from samples."""
    figures = {}
    if self._mechanism.has_sides:
      figures |= self._sides(index)
    if self._mechanism.norm is not None:
      figures["clip_radius"] = self._spec.clip_radius or self._radius(positions)
    return figures

  def _stored(self) -> dict[str, Any] | None:
    if len(self._boundaries) != 1 or self._subspace.numbers != 1:
      return None
    spec = self._spec
    return stored_figures(
      self._boundaries[0], self._generator, spec.calibration_count, spec.calibration_seed
    )

  def _radius(self, positions: list[int]) -> float:
    stored = self._stored()
    level = str(float(self._spec.clip_quantile))
    if stored is not None and level in stored["coordinate_quantiles"]:
      return stored["coordinate_quantiles"][level]
    subspace = self._subspace
    directions = subspace.basis.shape[1]
    # A generated sample has the same code in all layers, and so the same coordinates in each.
    coordinates = self._public_coordinates()[:, sorted({p % directions for p in positions})]
    order = 1 if self._mechanism.norm == "l1" else 2
    copies = subspace.numbers // directions
    sizes = np.linalg.norm(coordinates, ord=order, axis=1) * copies ** (1 / order)
    return upper_quantile(sizes, self._spec.clip_quantile)

  def _public_coordinates(self) -> np.ndarray:
    """Of the generated samples, one layer's: float64 [count, k]."""
    spec = self._spec
    codes = public_samples(
      self._generator, self._latent_space, spec.calibration_count, spec.calibration_seed
    )
    one_layer = dataclasses.replace(self._subspace, layers=None)
    return one_layer.coordinates(codes.astype(np.float64))

  def _sides(self, index: int) -> dict[str, float]:
    """Where the boundary lies on its axis, and the median distance from it."""
    boundary, axis = self._boundaries[index], self._subspace.basis[:, index]
    # With the other coordinates at their mean, the plane is at n . (mu + q t) + intercept = 0.
    at_mean = float(boundary.normal @ self._subspace.mean) + boundary.intercept
    threshold = -at_mean / float(boundary.normal @ axis)
    stored = self._stored()
    if stored is not None:
      return {"threshold": threshold, "side_distance": stored["median_distance"]}
    offsets = self._public_coordinates()[:, index] - threshold
    return {"threshold": threshold, "side_distance": float(np.median(np.abs(offsets)))}
