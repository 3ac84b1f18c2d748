"""The release itself: encode, add noise to the coordinates, put together again.

    prepared = prepare(generator, boundary, spec, latent_space="W")
    encoded = prepared.encode(latents)       # the pair (a, r) on the grid: what is private
    latents = prepared.release(encoded)      # float32, a function of (a~, r) alone

Neighbours of scope "attribute" are two `Encoded` that share `rest`; tests and audits build them.
"""

import dataclasses
import functools
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.artifacts import Guarantee, Release
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, LatentSpaceError
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.latents import check_latents
from privai_tf.privacy.mechanisms import Mechanism
from privai_tf.privacy.plan import Block, plan
from privai_tf.privacy.relation import Relation
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.statement import statement
from privai_tf.privacy.subspace import Subspace

_MOST_PREPARED = 16
_PREPARED: "weakref.WeakKeyDictionary[Any, dict]" = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True, eq=False)
class Encoded:
  """Latents as the grid integers that neighbours are defined on. All of it is private.

  Attributes:
    coordinates: int64 [n, numbers], clipped.
    rest: int64 [n, d] or [n, L, d]; None where it is not released.
  """

  coordinates: np.ndarray
  rest: np.ndarray | None


@dataclasses.dataclass(frozen=True, eq=False)
class PreparedRelease:
  """Everything public about a release, calibrated once, ready for any number of latents.

  Attributes:
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+".
    code_shape: shape of one code.
    subspace: the directions.
    blocks: which mechanism releases which coordinates.
    attributes: names of the protected attributes.
  """

  spec: PrivacySpec
  latent_space: str
  code_shape: tuple[int, ...]
  subspace: Subspace
  blocks: tuple[Block, ...]
  attributes: tuple[str, ...]

  @property
  def mechanism(self) -> Mechanism:
    """The mechanism of a joint release (of the first attribute, where each has its own)."""
    return self.blocks[0].mechanism

  def encode(self, latents: np.ndarray) -> Encoded:
    """Latents -> the encoded pair.

    Args:
      latents: [n, d] or [n, L, d], finite; float64 is kept as it is.

    Raises:
      InputError, LatentSpaceError: if they cannot be used.
    """
    latents = check_latents(latents, self.code_shape, self.latent_space)
    values = self.subspace.coordinates(latents)
    coordinates = np.empty(values.shape, np.int64)
    for block in self.blocks:
      coordinates[:, block.positions] = block.mechanism.encode(values[:, block.positions])
    return Encoded(coordinates, self.subspace.rest(latents))

  def release_coordinates(
    self, coordinates: np.ndarray, source: SystemSource | None = None
  ) -> np.ndarray:
    """The private step on coordinates alone: int64 [n, numbers] -> int64 [n, numbers].

    Args:
      coordinates: on the grid, as in `Encoded`.
      source: random words; None, as every real release has it: the operating system's.
    """
    if self.spec.noise_seed is not None:
      raise ConfigurationError(
        "noise_seed makes a simulation: it has no exact release; leave it out for a private one."
      )
    source = source or SystemSource()
    released = np.empty_like(coordinates)
    for block in self.blocks:
      released[:, block.positions] = block.mechanism.release(
        coordinates[:, block.positions], source
      )
    return released

  def release(
    self,
    encoded: Encoded,
    source: SystemSource | None = None,
    simulation_stream: int | Sequence[str] = 0,
  ) -> np.ndarray:
    """Encoded pair -> private latents; each call is one release and draws its own noise.

    Args:
      encoded: from `encode`, or built by a test.
      source: see `release_coordinates`.
      simulation_stream: only simulations need it, see `simulation.simulate`.

    Returns:
      float32 [n, d] or [n, L, d].
    """
    if self.spec.noise_seed is not None:
      from privai_tf.privacy.simulation import simulate

      coordinates = simulate(
        self.blocks, from_grid(encoded.coordinates), self.spec.noise_seed, simulation_stream
      )
    else:
      coordinates = from_grid(self.release_coordinates(encoded.coordinates, source))
    return self.subspace.assemble(coordinates, encoded.rest)

  @functools.cached_property
  def guarantee(self) -> Guarantee:
    """What one latent's release promises; scope "image" counts radius and scale in whitened units."""
    return Guarantee(
      private=self.spec.private,
      scope=self.spec.scope,
      statement=statement(self.spec, self.attributes, self.latent_space),
      mechanism=self.spec.mechanism,
      epsilon=self.spec.total_epsilon,
      delta=self.spec.delta,
      clip_radius=self._common("clip_radius"),
      sensitivity=self._common("sensitivity"),
      noise_scale=self._common("noise_scale"),
    )

  @functools.cached_property
  def event(self) -> Any:
    """The `dp_accounting` event that one latent's release costs its subject."""
    import dp_accounting

    if not self.spec.private:
      return dp_accounting.NonPrivateDpEvent()
    events = [block.mechanism.event() for block in self.blocks]
    return events[0] if len(events) == 1 else dp_accounting.ComposedDpEvent(events)

  @functools.cached_property
  def relation(self) -> Relation:
    """What the guarantee is about: the neighbours that it does not tell apart."""
    attribute = self.spec.scope == "attribute"
    return Relation(
      scope=self.spec.scope,
      checkpoint="",
      release_path="",
      latent_space=self.latent_space,
      attributes=self.attributes if attribute else (),
      span=self.subspace.basis if attribute else np.zeros((0, 0)),
      split="linear:" if attribute else "",
      rho=0.0,
      inputs="any",
    )

  def _common(self, name: str) -> float | None:
    """A figure of the mechanisms; the largest, where each attribute has its own."""
    values = [getattr(block.mechanism, name) for block in self.blocks]
    return None if None in values else max(values)


def privatize(
  latents: np.ndarray,
  generator: Any,
  boundary: Boundary | Sequence[Boundary] | None,
  spec: PrivacySpec,
  *,
  latent_space: str | None = None,
  synthesize: bool = False,
  simulation_stream: int | Sequence[str] = 0,
) -> Release:
  """Releases latents under a guarantee, each row on its own.

  Args:
    latents: [n, d] (W, Z) or [n, L, d] (W+); private.
    generator: the `Generator` that they are from.
    boundary: of the attribute to protect, or several; may be None for scopes "image" and "metric".
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+", never guessed from a shape; None: the boundary's own.
    synthesize: whether to generate the images too.
    simulation_stream: with a `noise_seed`, tells apart what would repeat the same noise: a batch's
      number, or n names, of which a row's noise is a function.

  Returns:
    Private latents, the guarantee of each, the event that each costs, images on request.

  Raises:
    ConfigurationError: if the guarantee cannot be given.
    InputError, LatentSpaceError: if latents or boundary cannot be used. Nothing is released then.
  """
  prepared = prepare(generator, boundary, spec, latent_space)
  encoded = prepared.encode(latents)
  released = prepared.release(encoded, simulation_stream=simulation_stream)
  images = None
  if synthesize:
    images = generator.synthesize(released, latent_space=prepared.latent_space, noise="fixed")
  return Release(
    latents=released,
    latent_space=prepared.latent_space,
    guarantee=prepared.guarantee,
    event=prepared.event,
    images=images,
  )


def prepare(
  generator: Any,
  boundaries: Boundary | Sequence[Boundary] | None,
  spec: PrivacySpec,
  latent_space: str | None = None,
) -> PreparedRelease:
  """Calibrates a release; touches no private data. Kept for the next call with equal arguments.

  Args:
    generator: a `Generator`.
    boundaries: the attribute's boundary, or several; None where the scope needs none.
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+"; None: the boundary's own, "W" or "Z".

  Raises:
    ConfigurationError: if the guarantee cannot be given.
    LatentSpaceError, InputError: if a boundary does not fit.
  """
  if boundaries is None:
    boundaries = []
  boundaries = [boundaries] if isinstance(boundaries, Boundary) else list(boundaries)
  if latent_space is None:
    if not boundaries:
      raise ConfigurationError("Without a boundary, latent_space must be given: 'W', 'W+' or 'Z'.")
    latent_space = boundaries[0].latent_space
  if latent_space not in generator.latent_spaces:
    raise LatentSpaceError(
      f"The generator has no latent space {latent_space!r}; use one of "
      f"{', '.join(generator.latent_spaces)}."
    )
  code_shape = np.shape(generator.mean_latent(latent_space))
  for boundary in boundaries:
    boundary.require_space(latent_space, code_shape[-1])
  kept = _PREPARED.setdefault(generator, {})
  # Boundaries are compared by identity: they are frozen, and so are their normals.
  key = (tuple(boundaries), spec, latent_space)
  prepared = kept.get(key)
  if prepared is None:
    prepared = _prepare(generator, boundaries, spec, latent_space, code_shape)
    if len(kept) >= _MOST_PREPARED:
      kept.clear()
    kept[key] = prepared
  return prepared


def _prepare(generator, boundaries, spec, latent_space, code_shape) -> PreparedRelease:
  subspace, blocks = plan(generator, boundaries, spec, latent_space, code_shape)
  return PreparedRelease(
    spec=spec,
    latent_space=latent_space,
    code_shape=code_shape,
    subspace=subspace,
    blocks=blocks,
    attributes=tuple(boundary.name for boundary in boundaries),
  )
