"""The release itself: encode, add noise to the coordinates, put together again.

    prepared = prepare(generator, boundary, spec, latent_space="W")
    encoded = prepared.encode(latents)       # the pair (a, r) on its grids: what is private
    latents = prepared.release(encoded)      # float32, a function of (a~, r~) alone

Neighbours of scope "attribute" are two codes that differ by moving along the public curve m(a), and
otherwise by at most `rho`: see `split` and `rest`.
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
from privai_tf.privacy.public_codes import PublicCodes, sampled_codes
from privai_tf.privacy.relation import Relation
from privai_tf.privacy.rest import RestNoise, rest_from_grid, rest_to_grid
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.split import Split
from privai_tf.privacy.statement import statement
from privai_tf.privacy.subspace import Subspace

_MOST_PREPARED = 16
_PREPARED: "weakref.WeakKeyDictionary[Any, dict]" = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True, eq=False)
class Encoded:
  """Latents as grid integers. All of it is private.

  Attributes:
    coordinates: int64 [n, numbers], clipped, on the grid of `privacy.grid`.
    rest: int64 [n, p], on the finer grid of `privacy.rest`; None where it is not released.
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
    layout: how codes become numbers and a rest, and back.
    blocks: which mechanism releases which numbers.
    rest: the noise of the rest; None where it is not released.
    attributes: names of the protected attributes.
    relation: what two neighbours may differ in.
  """

  spec: PrivacySpec
  latent_space: str
  code_shape: tuple[int, ...]
  layout: Split | Subspace
  blocks: tuple[Block, ...]
  rest: RestNoise | None
  attributes: tuple[str, ...]
  relation: Relation

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
    values, rest = self.layout.parts(latents)
    coordinates = np.empty(values.shape, np.int64)
    for block in self.blocks:
      coordinates[:, block.positions] = block.mechanism.encode(values[:, block.positions])
    return Encoded(coordinates, None if rest is None else rest_to_grid(rest))

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
    rest = encoded.rest
    if self.spec.noise_seed is not None:
      from privai_tf.privacy.simulation import simulate

      coordinates = simulate(
        self.blocks, from_grid(encoded.coordinates), self.spec.noise_seed, simulation_stream
      )
    else:
      source = source or SystemSource()
      coordinates = from_grid(self.release_coordinates(encoded.coordinates, source))
      rest = rest if self.rest is None else self.rest.draw(rest, source)
    return self.layout.assemble(coordinates, None if rest is None else rest_from_grid(rest))

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
      relation=self.relation.summary(),
      rest_noise_scale=None if self.rest is None else self.rest.noise_scale,
    )

  @functools.cached_property
  def event(self) -> Any:
    """The `dp_accounting` event that one latent's release costs its subject."""
    import dp_accounting

    if not self.spec.private:
      return dp_accounting.NonPrivateDpEvent()
    events = [block.mechanism.event() for block in self.blocks]
    events += [] if self.rest is None else [self.rest.event()]
    return events[0] if len(events) == 1 else dp_accounting.ComposedDpEvent(events)

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
  public_codes: PublicCodes | None = None,
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
    public_codes: of the release path that made the latents (see
      `privai_tf.inversion.public_codes`); None: the generator's own samples.
    synthesize: whether to generate the images too.
    simulation_stream: with a `noise_seed`, tells apart what would repeat the same noise: a batch's
      number, or n names, of which a row's noise is a function.

  Returns:
    Private latents, the guarantee of each, the event that each costs, images on request.

  Raises:
    ConfigurationError: if the guarantee cannot be given.
    InputError, LatentSpaceError: if latents or boundary cannot be used. Nothing is released then.
  """
  prepared = prepare(generator, boundary, spec, latent_space, public_codes)
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
  public_codes: PublicCodes | None = None,
) -> PreparedRelease:
  """Calibrates a release; touches no private data. Kept for the next call with equal arguments.

  Args:
    generator: a `Generator`.
    boundaries: the attribute's boundary, or several; None where the scope needs none.
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+"; None: the boundary's own, "W" or "Z".
    public_codes: of the release path, for scope "attribute"; None: the generator's own samples.

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
  # Boundaries and codes are compared by identity: they are frozen, and so are their arrays.
  key = (tuple(boundaries), spec, latent_space, public_codes)
  prepared = kept.get(key)
  if prepared is None:
    prepared = _prepare(generator, boundaries, spec, latent_space, code_shape, public_codes)
    if len(kept) >= _MOST_PREPARED:
      kept.clear()
    kept[key] = prepared
  return prepared


def _prepare(generator, boundaries, spec, latent_space, code_shape, public) -> PreparedRelease:
  if spec.scope == "attribute" and public is None:
    public = sampled_codes(generator, latent_space, spec.calibration_count, spec.calibration_seed)
  if public is not None and (
    public.latent_space != latent_space or public.codes.shape[1:] != code_shape
  ):
    raise LatentSpaceError(
      f"The public codes are from {public.latent_space}, shape {list(public.codes.shape)}, and the "
      f"release is in {latent_space}, codes of shape {list(code_shape)}: make them anew."
    )
  layers = code_shape[0] if latent_space == "W+" else None
  planned = plan(generator, boundaries, spec, latent_space, layers, public)
  return PreparedRelease(
    spec=spec,
    latent_space=latent_space,
    code_shape=code_shape,
    layout=planned.layout,
    blocks=planned.blocks,
    rest=planned.rest,
    attributes=tuple(boundary.name for boundary in boundaries),
    relation=_relation(generator, boundaries, spec, latent_space, planned, public),
  )


def _relation(generator, boundaries, spec, latent_space, planned, public) -> Relation:
  """What neighbours may differ in, as data."""
  common = {
    "scope": spec.scope,
    "checkpoint": str(getattr(generator, "fingerprint", None) or ""),
    "latent_space": latent_space,
    "inputs": spec.inputs,
  }
  if spec.scope != "attribute":
    nothing = np.zeros((0, 0))
    return Relation(release_path="", attributes=(), span=nothing, split="", rho=0.0, **common)
  return Relation(
    release_path=public.release_path,
    attributes=tuple(boundary.name for boundary in boundaries),
    span=planned.layout.basis,
    split=f"{planned.layout.form}:{public.digest}",
    rho=planned.rest.rho if planned.rest else 0.0,
    **common,
  )
