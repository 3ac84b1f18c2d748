"""What a mechanism is: a calibrated way to release clipped coordinates, and the event it costs."""

import abc
import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.attackers import Pairs
from privai_tf.privacy.clipping import clip, clip_integers
from privai_tf.privacy.grid import CELLS, dyadic_radius, from_grid, to_grid
from privai_tf.privacy.limits import check_range
from privai_tf.privacy.sampling.source import SystemSource


@dataclasses.dataclass(frozen=True)
class Parameters:
  """Everything public that a mechanism is made from.

  Attributes:
    epsilon: > 0; for `metric_laplace` per unit of latent distance.
    delta: in [0, 1).
    clip_radius: R, in latent units; rounded up to a dyadic number. None where nothing is clipped.
    dimensions: how many numbers k one release holds.
    threshold: where the boundary lies on the axis, in latent units (randomized response).
    side_distance: m, how far from the boundary a side's public value lies (randomized response).
    lipschitz: L of the reference prototype's mechanism.
    samples: public numbers of the one coordinate, float64 [n] (extremal).
    loss: "l1" or "l2": the error that is made least, absolute or squared (extremal).
    neighbours: of a codebook, and
    subset_size: K, how many of its faces are likelier (subset selection).
  """

  epsilon: float
  delta: float = 0.0
  clip_radius: float | None = None
  dimensions: int = 1
  threshold: float = 0.0
  side_distance: float | None = None
  lipschitz: float = 1.0
  samples: np.ndarray | None = dataclasses.field(default=None, compare=False, repr=False)
  loss: str = "l2"
  neighbours: Any = None
  subset_size: int | None = None


class Mechanism(abc.ABC):
  """One calibrated mechanism on `[n, k]` coordinates, rows released independently.

  A subclass gives `_noise`, `distribution`, `noise_scale` and `event`; those that are not
  "clip, add noise, clamp" override `release` and `simulate`.

  Class attributes:
    name: what flags call it.
    norm: the clipped norm, "l1" or "l2"; None where nothing is clipped.
    pure: whether it is epsilon-DP; then a delta is refused.
    private: False for what is kept as a baseline only.
    scopes: the scopes it is defined for.
    has_sides: whether it needs the boundary's place on the axis and a side's public value.
    needs_samples: whether it needs public samples of the coordinate.
    decodings: what may be made of the noisy number before it is published, the first by default; see
      `privai_tf.privacy.decoding`.
    has_codebook: whether it chooses among public faces, and needs them.
    largest_dimensions: how many numbers one release may hold; None: any.
    summary: the noise in a few words, for the statement.
  """

  name: ClassVar[str]
  norm: ClassVar[str | None] = "l2"
  pure: ClassVar[bool] = True
  private: ClassVar[bool] = True
  scopes: ClassVar[tuple[str, ...]] = ("attribute", "image")
  has_sides: ClassVar[bool] = False
  needs_samples: ClassVar[bool] = False
  decodings: ClassVar[tuple[str, ...]] = ("raw", "mean", "sample")
  has_codebook: ClassVar[bool] = False
  largest_dimensions: ClassVar[int | None] = None
  summary: ClassVar[str]

  def __init__(self, parameters: Parameters):
    self.check(parameters.epsilon, parameters.delta)
    limit = self.largest_dimensions
    if parameters.dimensions < 1 or (limit is not None and parameters.dimensions > limit):
      raise ConfigurationError(
        f"{self.name} releases at most {limit} number at a time, and {parameters.dimensions} were "
        "asked for: give each attribute its own epsilon, W+ codes wplus_mode='tied', or scope image "
        "components=1."
      )
    self.parameters = parameters
    self.epsilon = parameters.epsilon
    self.delta = parameters.delta
    self.dimensions = parameters.dimensions
    self.clip_radius = None
    self.radius_steps = None
    if self.norm is not None:
      if parameters.clip_radius is None:
        raise ConfigurationError(f"{self.name} clips: give a clip_radius in latent units.")
      self.clip_radius = dyadic_radius(parameters.clip_radius)
      self.radius_steps = int(self.clip_radius * CELLS)
    self._calibrate()

  @classmethod
  def check(cls, epsilon: float, delta: float) -> None:
    """Refuses what this mechanism cannot do.

    Raises:
      ConfigurationError: naming the value and the remedy.
    """
    check_range(epsilon, delta)
    if cls.pure and delta > 0:
      raise ConfigurationError(
        f"delta is {delta} and {cls.name} is purely epsilon-private, it has no use for one: set "
        "delta to 0, or use gaussian."
      )
    if not cls.pure and delta == 0:
      raise ConfigurationError(
        f"delta is 0 and {cls.name} is never purely epsilon-private: give a delta such as 1e-5, or "
        "use laplace."
      )

  @abc.abstractmethod
  def _calibrate(self) -> None:
    """Computes the scale of the noise; called once the radius is known."""

  @property
  def sensitivity(self) -> float | None:
    """Largest distance of two clipped coordinates, in latent units; None without clipping."""
    return None if self.clip_radius is None else 2 * self.clip_radius

  @functools.cached_property
  def total_variation(self) -> float:
    """How far apart the outputs of two inputs can be, in [0, 1], rounded up.

    What epsilon and delta allow; the exact value, where it is less and known.
    """
    from privai_tf.privacy.accounting.attackers import attacker_bound

    return 2 * attacker_bound(self.epsilon, self.delta) - 1

  @property
  @abc.abstractmethod
  def noise_scale(self) -> float | None:
    """Scale of the noise in latent units (b, sigma, ...); None where there is none."""

  @abc.abstractmethod
  def event(self) -> Any:
    """The `dp_accounting` event that one row's release costs."""

  def worst_pairs(self) -> Pairs | None:
    """The two inputs that are easiest to tell apart, by the ratios of their outputs' probabilities;
    None where only `total_variation` is known."""
    return None

  @abc.abstractmethod
  def distribution(self, coordinates: Any = None) -> Any:
    """The TensorFlow Probability distribution of outputs before clamping, in latent units.

    Args:
      coordinates: float64 [..., k], clipped; None: the origin, which gives that of the noise.

    Returns:
      A distribution of event shape [k].
    """

  def outputs(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """All outputs of one input with their probabilities, for an audit to count.

    Args:
      coordinates: int64 [1, k] on the grid.

    Returns:
      int64 [m] on the grid (where an output is the same in all numbers, that number) and float64
      [m], from the parameters that were asked for; None where there are too many to list.
    """
    return None

  def likelihood(self, inputs: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """How likely noisy outputs are, given public inputs: what a decoder weighs them by.

    Args:
      inputs: float64 [n, k], latent units; clipped as in a release.

    Returns:
      Noisy outputs float64 [m, k] -> log densities (or probabilities), float64 [m, n].
    """
    distribution = self.distribution(from_grid(self.encode(inputs)))
    return lambda noisy: distribution.log_prob(noisy[:, np.newaxis]).numpy()

  def _noise(self, count: int, source: SystemSource) -> np.ndarray:
    """Exact noise on the grid, int64 [count, k]."""
    raise NotImplementedError(f"{self.name} has no exact sampler")

  def encode(self, coordinates: np.ndarray) -> np.ndarray:
    """Clips coordinates [n, k] in latent units and rounds them to the grid, int64 [n, k]."""
    if self.norm is None:
      return to_grid(coordinates)
    return to_grid(clip(coordinates, self.clip_radius, self.norm))

  def release(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    """The private release: clips, adds exact integer noise, clamps.

    Args:
      coordinates: int64 [n, k] on the grid (see `encode`); clipped here too, exactly.
      source: random words; None, as every real release has it: the operating system's.

    Returns:
      int64 [n, k] on the grid.
    """
    return self.clamp(self.noisy(coordinates, source))

  def noisy(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    """The private release before it is clamped: what a decoder knows most from.

    Args and returns are those of `release`.
    """
    source = source or SystemSource()
    clipped = clip_integers(coordinates, self.radius_steps, self.norm)
    return clipped + self._noise(len(clipped), source)

  def clamp(self, noisy: np.ndarray) -> np.ndarray:
    """Back into the clip set, where there is one, int64 [n, k]: post-processing, which costs nothing."""
    return noisy if self.norm is None else clip_integers(noisy, self.radius_steps, self.norm)

  def release_values(self, coordinates: np.ndarray) -> np.ndarray:
    """`release` in latent units, as an audit calls it.

    Args:
      coordinates: [n, k] in latent units.

    Returns:
      float64 [n, k], multiples of 2^-16.
    """
    return from_grid(self.release(self.encode(coordinates)))

  def simulate(self, coordinates: Any, seed: Any) -> Any:
    """The same release with floating-point noise from TensorFlow Probability. Not private.

    Args:
      coordinates: float64 tensor [n, k] in latent units.
      seed: stateless seed, int32 tensor [2].

    Returns:
      float64 tensor [n, k].
    """
    clipped = clip_tensor(coordinates, self.clip_radius, self.norm)
    noisy = self.distribution(clipped).sample(seed=seed)
    return clip_tensor(noisy, self.clip_radius, self.norm)

  def simulate_noisy(self, coordinates: Any, seed: Any) -> Any:
    """As `simulate`, of `noisy`, from clipped coordinates."""
    return self.distribution(coordinates).sample(seed=seed)

  def _centers(self, coordinates: Any) -> Any:
    """`coordinates` as a float64 tensor; zeros [k] for None."""
    import tensorflow as tf

    if coordinates is None:
      return tf.zeros([self.dimensions], tf.float64)
    return tf.convert_to_tensor(coordinates, tf.float64)


def clip_tensor(coordinates: Any, radius: float, norm: str) -> Any:
  """`clipping.clip` on tensors, for simulations: in floating point, so only nearly within the ball.

  Args:
    coordinates: float tensor [..., k].
    radius: R >= 0, in its unit.
    norm: "l1" or "l2".

  Returns:
    The same shape and type.
  """
  import tensorflow as tf

  order = 1 if norm == "l1" else 2
  norms = tf.norm(coordinates, ord=order, axis=-1, keepdims=True)
  least = tf.constant(1e-300, coordinates.dtype)
  return coordinates * tf.minimum(tf.ones_like(norms), radius / tf.maximum(norms, least))
