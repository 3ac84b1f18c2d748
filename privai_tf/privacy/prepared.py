"""A calibrated release: encode, add noise to coordinates and rest, put together again."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.attackers import (
  attacker_bound,
  joint_bound,
  product_variation,
)
from privai_tf.privacy.figures import double_up
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.latents import check_latents
from privai_tf.privacy.lattice import refuse_coarse_codes
from privai_tf.privacy.mechanisms import Mechanism
from privai_tf.privacy.plan import Block
from privai_tf.privacy.relation import Relation
from privai_tf.privacy.rest import RestNoise, rest_from_grid, rest_to_grid
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.split import Split
from privai_tf.privacy.stand_ins import StandIns
from privai_tf.privacy.statement import statement
from privai_tf.privacy.subspace import Subspace
from privai_tf.shapes import Codes


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
    known: what is publicly known besides and belongs into the statement, see `statement`.
  """

  spec: PrivacySpec
  latent_space: str
  code_shape: tuple[int, ...]
  layout: Split | Subspace | StandIns
  blocks: tuple[Block, ...]
  rest: RestNoise | None
  attributes: tuple[str, ...]
  relation: Relation
  known: Mapping[str, Any] = dataclasses.field(default_factory=dict)

  @property
  def mechanism(self) -> Mechanism:
    """The mechanism of a joint release (of the first attribute, where each has its own)."""
    return self.blocks[0].mechanism

  def encode(self, latents: Codes) -> Encoded:
    """Latents -> the encoded pair.

    Args:
      latents: [n, d] or [n, L, d], finite; float64 is kept as it is.

    Raises:
      InputError, LatentSpaceError: if they cannot be used.
    """
    latents = check_latents(latents, self.code_shape, self.latent_space)
    if self.rest is not None:
      refuse_coarse_codes(latents, self.rest.rho)
    values, rest = self.layout.parts(latents)
    coordinates = np.empty(values.shape, np.int64)
    for block in self.blocks:
      coordinates[:, block.positions] = block.mechanism.encode(values[:, block.positions])
    return Encoded(coordinates, None if rest is None else rest_to_grid(rest))

  def release_coordinates(
    self, coordinates: np.ndarray, source: SystemSource | None = None
  ) -> np.ndarray:
    """The private step on coordinates alone.

    Args:
      coordinates: int64 [n, numbers], on the grid, as in `Encoded`.
      source: random words; None, as every real release has it: the operating system's.

    Returns:
      int64 [n, numbers], on the grid; clamped, unless a decoder follows.

    Raises:
      ConfigurationError: of a simulation (`noise_seed`), which has no exact release.
    """
    if self.spec.noise_seed is not None:
      raise ConfigurationError(
        "noise_seed makes a simulation: it has no exact release; leave it out for a private one."
      )
    source = source or SystemSource()
    released = np.empty_like(coordinates)
    for block in self.blocks:
      # A decoder knows most from what is not clamped yet.
      step = block.mechanism.release if block.decoder is None else block.mechanism.noisy
      released[:, block.positions] = step(coordinates[:, block.positions], source)
    return released

  def decode(self, noisy: np.ndarray, uniforms: np.ndarray | None = None) -> np.ndarray:
    """Post-processing: what is published in place of the mechanisms' outputs.

    Args:
      noisy: float64 [n, numbers], latent units.
      uniforms: float64 [n, numbers] in [0, 1), the decoders' own randomness; None: fresh.

    Returns:
      float64 [n, numbers].
    """
    if all(block.decoder is None for block in self.blocks):
      return noisy
    uniforms = np.random.default_rng().random(noisy.shape) if uniforms is None else uniforms
    decoded = noisy.copy()
    for block in self.blocks:
      if block.decoder is not None:
        own = block.positions
        decoded[:, own] = block.decoder(noisy[:, own], uniforms[:, own])
    return decoded

  def release(
    self,
    encoded: Encoded,
    source: SystemSource | None = None,
    simulation_stream: int | Sequence[str] = 0,
  ) -> Codes:
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
      coordinates = self.decode(from_grid(self.release_coordinates(encoded.coordinates, source)))
      rest = rest if self.rest is None else self.rest.draw(rest, source)
    return self.layout.assemble(coordinates, None if rest is None else rest_from_grid(rest))

  @functools.cached_property
  def guarantee(self) -> Guarantee:
    """What one latent's release promises; scope "image" counts radius and scale in whitened units."""
    return Guarantee(
      private=self.spec.private,
      scope=self.spec.scope,
      statement=self._statement(),
      mechanism=self.spec.mechanism,
      epsilon=self.spec.total_epsilon,
      delta=self.spec.delta,
      clip_radius=self._common("clip_radius"),
      sensitivity=self._common("sensitivity"),
      noise_scale=self._common("noise_scale"),
      relation=self.relation.summary(),
      rest_noise_scale=None if self.rest is None else self.rest.noise_scale,
    )

  def _statement(self) -> str:
    known = {"bound": self.attacker_bound, "shares": self._shares(), **self.known}
    return statement(self.spec, self.attributes, self.latent_space, **known)

  def _shares(self) -> tuple[float, ...]:
    """What each attribute has of one budget that was divided among them; else empty."""
    divided = len(self.blocks) > len(self.spec.epsilons)
    return tuple(block.mechanism.epsilon for block in self.blocks) if divided else ()

  @functools.cached_property
  def event(self) -> Any:
    """The `dp_accounting` event that one latent's release costs its subject."""
    import dp_accounting

    if not self.spec.private:
      return dp_accounting.NonPrivateDpEvent()
    events = [block.mechanism.event() for block in self.blocks]
    events += [] if self.rest is None else [self.rest.event()]
    return events[0] if len(events) == 1 else dp_accounting.ComposedDpEvent(events)

  @functools.cached_property
  def attacker_bound(self) -> float | None:
    """The best accuracy of any attacker on a balanced yes-or-no fact, in [1/2, 1].

    In scope "attribute" through the coordinate. None without a guarantee, or with one by distance.
    """
    if not self.spec.private or self.spec.scope == "metric":
      return None
    pairs = [block.mechanism.worst_pairs() for block in self.blocks]
    if self.rest is None and None not in pairs:
      return double_up((1 + product_variation(pairs)) / 2)
    parts = [block.mechanism.total_variation for block in self.blocks]
    if self.rest is not None:
      parts.append(2 * attacker_bound(self.rest.epsilon, self.rest.delta) - 1)
    return joint_bound(parts, self.spec.total_epsilon, self.spec.delta)

  def _common(self, name: str) -> float | None:
    """A figure of the mechanisms; the largest, where each attribute has its own."""
    values = [getattr(block.mechanism, name) for block in self.blocks]
    return None if None in values else max(values)
