"""Everything that decides how images are inverted, checked once."""

import dataclasses
import math
import numbers

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.jit import JIT_MODES

LATENT_SPACES = ("W", "W+", "Z")
PERCEPTUAL_MODES = ("auto", "vgg16", "none")
# All of Keras but Adafactor and Lamb, whose steps are relative to the coordinates' size: they
# start at 0.
OPTIMIZERS = (
  "adadelta",
  "adagrad",
  "adam",
  "adamax",
  "adamw",
  "ftrl",
  "lion",
  "muon",
  "nadam",
  "rmsprop",
  "sgd",
)
INITIALIZATIONS = ("auto", "mean", "random", "best_of:N")


@dataclasses.dataclass(frozen=True)
class InversionSpec:
  """How to search the latent code of an image.

  The loss of one image is `pixel_weight * pixels + perceptual_weight * vgg16 + mean_weight *
  distance to the mean + spread_weight * distance between layers`; see `losses` and `perceptual`.
  Images never influence one another.

  Attributes:
    latent_space: "W" (one code for all layers), "W+" (one a layer, more faithful) or "Z".
    steps: optimization steps.
    learning_rate: peak rate, in standard deviations of the latent space along its principal
      directions, so that one value suits every checkpoint.
    optimizer: the name of a Keras optimizer, one of `OPTIMIZERS`. Those that look at the norm of
      the whole variable (muon) couple the images of a batch.
    ramp_up: share of the steps in which the rate grows linearly from 0.
    ramp_down: share of the steps, at the end, in which it falls to 0 along a cosine.
    init: where to start. "mean": the mean code (not in Z, where no image belongs to it); "random":
      a random code, the same for every image; "best_of:N": the best for the image of N random
      codes; "auto": "mean", in Z "best_of:64".
    batch_size: images optimized at once; None chooses by resolution so that memory suffices.
    perceptual: "vgg16" adds the eight-layer VGG16 loss, "none" does not, "auto" does where the
      weights are on this machine (never downloaded here) and the resolution is at least 256.
    vgg16_weights: path of the weights file; None looks in Keras's cache folder.
    layer_weights: weight of each VGG16 layer, in the order of `perceptual.LAYERS`.
    pixel_weight: weight of the multi-scale pixel loss.
    perceptual_weight: weight of the VGG16 loss.
    mean_weight: weight of the distance to the mean in its own covariance; more keeps the code
      easier to edit, less follows the photo more closely.
    spread_weight: weight, in W+, of the layers' distance to their middle, likewise.
    noise: the generator's noise inputs, "fixed" or "none".
    jit: compile with XLA, "auto" (on accelerators), "on" or "off".
    steps_per_call: steps between two progress reports (and records of the loss curve).
    seed: of the random starts; the search itself has nothing random.
  """

  latent_space: str = "W"
  steps: int = 200
  learning_rate: float = 0.1
  optimizer: str = "adam"
  ramp_up: float = 0.05
  ramp_down: float = 0.5
  init: str = "auto"
  batch_size: int | None = None
  perceptual: str = "auto"
  vgg16_weights: str | None = None
  layer_weights: tuple[float, ...] = (1.0,) * 8
  pixel_weight: float = 1.0
  perceptual_weight: float = 0.1
  mean_weight: float = 0.01
  spread_weight: float = 0.03
  noise: str = "fixed"
  jit: str = "auto"
  steps_per_call: int = 25
  seed: int = 0

  def __post_init__(self):
    object.__setattr__(self, "layer_weights", tuple(float(w) for w in self.layer_weights))
    _one_of("latent_space", self.latent_space, LATENT_SPACES)
    _one_of("optimizer", self.optimizer, OPTIMIZERS)
    _one_of("perceptual", self.perceptual, PERCEPTUAL_MODES)
    _one_of("noise", self.noise, ("fixed", "none"))
    _one_of("jit", self.jit, JIT_MODES)
    for name in ("steps", "steps_per_call"):
      _whole(name, getattr(self, name), 1)
    _whole("seed", self.seed, 0)
    if self.batch_size is not None:
      _whole("batch_size", self.batch_size, 1)
    _number("learning_rate", self.learning_rate, above=0)
    for name in ("pixel_weight", "perceptual_weight", "mean_weight", "spread_weight"):
      _number(name, getattr(self, name), at_least=0)
    for name in ("ramp_up", "ramp_down"):
      _number(name, getattr(self, name), at_least=0, at_most=1)
    if len(self.layer_weights) != 8:
      raise ConfigurationError(
        f"layer_weights has {len(self.layer_weights)} values; give one for each of the 8 layers."
      )
    for weight in self.layer_weights:
      _number("layer_weights", weight, at_least=0)
    if self.pixel_weight == 0 and (self.perceptual == "none" or self.perceptual_weight == 0):
      raise ConfigurationError("All image losses have weight 0; set pixel_weight above 0.")
    if self.vgg16_weights is not None and self.perceptual == "none":
      raise ConfigurationError("vgg16_weights is given but perceptual is 'none'; drop one of them.")
    if self.candidates is None and self.init == "mean" and self.latent_space == "Z":
      raise ConfigurationError("init='mean' has no image in Z; use 'best_of:64' or 'random'.")

  @property
  def candidates(self) -> int | None:
    """How many random codes compete for the start; None: the start is the mean code."""
    if self.init == "auto":
      return 64 if self.latent_space == "Z" else None
    if self.init == "mean":
      return None
    if self.init == "random":
      return 1
    kind, _, count = self.init.partition(":")
    if kind != "best_of" or not count.isdecimal() or int(count) < 1:
      raise ConfigurationError(
        f"init is {self.init!r}; use one of {', '.join(INITIALIZATIONS)} (N a whole number)."
      )
    return int(count)


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
  if value not in allowed:
    raise ConfigurationError(f"{name} is {value!r}; use one of {', '.join(allowed)}.")


def _whole(name: str, value: object, least: int) -> None:
  if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
    raise ConfigurationError(f"{name} is {value!r}; it must be a whole number, at least {least}.")


def _number(
  name: str,
  value: float,
  *,
  above: float | None = None,
  at_least: float | None = None,
  at_most: float | None = None,
) -> None:
  fits = (
    isinstance(value, numbers.Real)
    and math.isfinite(value)
    and (above is None or value > above)
    and (at_least is None or value >= at_least)
    and (at_most is None or value <= at_most)
  )
  if not fits:
    bounds = [f"above {above}"] if above is not None else []
    bounds += [f"at least {at_least}"] if at_least is not None else []
    bounds += [f"at most {at_most}"] if at_most is not None else []
    raise ConfigurationError(f"{name} is {value!r}; it must be a number, {' and '.join(bounds)}.")
