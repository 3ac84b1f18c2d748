"""Everything that decides how images are inverted, checked once."""

import dataclasses
import math
import numbers
from typing import Self

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.devices import STRATEGIES
from privai_tf.runtime.jit import JIT_MODES
from privai_tf.runtime.precision import PRECISIONS

LATENT_SPACES = ("W", "W+", "Z")
PERCEPTUAL_MODES = ("auto", "vgg16", "lpips", "none")
DOWNLOAD = "download"  # In place of a file of VGG16 weights.
COLOUR_GOALS = ("photo", "grey")
RECOMPUTE_MODES = ("auto", "on", "off")
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
INITIALIZATIONS = ("auto", "encoder", "mean", "random", "best_of:N")
# Fields that came later, and the values with which nothing is different from before there were any.
LATER_FIELDS = {"face_weight": 1, "identity_weight": 0, "draft_side": 0}
_WEIGHTS = (
  "pixel_weight",
  "perceptual_weight",
  "colour_weight",
  "ssim_weight",
  "mean_weight",
  "spread_weight",
  "noise_weight",
  "latent_noise",
)


@dataclasses.dataclass(frozen=True)
class InversionSpec:
  """How to search the latent code of an image.

  The loss of one image is a weighted sum of pixels, perceptual distance, colour diversity, MS-SSIM,
  distance of the code to the mean and between its layers, and the noise maps' penalty; see `losses`,
  `perceptual`, `lpips`, `similarity` and `noise_maps`. Images never influence one another.

  Attributes:
    latent_space: "W" (one code for all layers), "W+" (one a layer, more faithful) or "Z"; None: W
      where the generator has it, else Z; W+ for MobileStyleGAN, except in a release.
    steps: optimization steps; None: 50 from an encoder's code on (150 in MobileStyleGAN's W+), else
      200; in a release 0 where public codes are shipped for the encoder alone. 0 takes the encoder's
      code as it is, and needs one.
    learning_rate: peak rate, in standard deviations of the latent space along its principal
      directions, so that one value suits every checkpoint.
    optimizer: the name of a Keras optimizer, one of `OPTIMIZERS`. Those that look at the norm of
      the whole variable (muon) couple the images of a batch.
    ramp_up: share of the steps in which the rate grows linearly from 0.
    ramp_down: share of the steps, at the end, in which it falls to 0 along a cosine.
    init: where to start. "encoder": the answer of the encoder stored with the checkpoint (see
      `python -m privai_tf.train_encoder`; one for W also starts W+); "mean": the mean code (not in
      Z, where no image belongs to it); "random": a random code, the same for every image;
      "best_of:N": the best for the image of N random codes; "auto": "encoder" where there is one
      for the space, else "mean", in Z "best_of:64".
    encoder: path of the encoder to start from, in place of the one stored with the checkpoint: an e4e
      or pSp checkpoint (`e4e_ffhq_encode.pt`) or its converted folder, for StyleGAN2 and
      MobileStyleGAN checkpoints of the same W; or the folder of one trained for this checkpoint. In
      W+ each row is the encoder's; in W e4e's first head decides, of pSp the mean of its rows.
    batch_size: images optimized at once; None chooses by resolution so that memory suffices. On
      processors larger ones are cut to that too, as they would be slower.
    perceptual: "vgg16" adds the eight-layer VGG16 loss, "lpips" the learned distance LPIPS, "none"
      neither; "auto" adds the former where a file of its weights is named, or is on this machine (it
      downloads nothing) and the resolution is at least 256.
    vgg16_weights: path of the weights file; None looks in Keras's cache folder, "download" also lets
      Keras fetch them into it.
    lpips_weights: path of a file that `python -m privai_tf.converters.perceptual` wrote; with it, the quality
      report has LPIPS figures whatever `perceptual` is.
    layer_weights: weight of each VGG16 layer, in the order of `perceptual.LAYERS`.
    pixel_weight: weight of the multi-scale pixel loss.
    face_weight: in the pixel loss, how many times more a pixel counts where the alignment puts the face
      than one far from it; None: 5 for MobileStyleGAN, else 1.
    identity_weight: weight of whose face it is, as the recognizer `faceres` sees it (get it by
      `python -m converters --download=faceres`); None: 2 for MobileStyleGAN where its files are on
      this machine, else 0.
    perceptual_weight: weight of the VGG16 or LPIPS loss.
    colour_weight: weight of the colour-diversity term.
    colour_goal: what the diversity is compared with: "photo", or "grey" as in the PrivAI prototype.
    ssim_weight: weight of `1 - MS-SSIM`; needs images of at least 11 x 11.
    mean_weight: weight of the distance to the mean in its own covariance; more keeps the code
      easier to edit, less follows the photo more closely.
    spread_weight: weight, in W+, of the layers' distance to their middle, likewise.
    draft_side: side of the pictures that are compared, of which the generator's early layers draw
      drafts (`drafts`): a few times faster, and coarser; a power of two, 0 for whole pictures; None:
      128 for MobileStyleGAN of 512 pixels and more, else 0.
    noise: the generator's noise inputs, "fixed" or "none".
    noise_maps: also search StyleGAN's noise inputs, a map for each layer and image, from the fixed
      ones on. They take on details of the photo: never publish an image made with them.
    noise_weight: weight of the penalty that keeps pictures out of the maps.
    latent_noise: standard deviations of noise added to the code in early steps, falling to none
      after three quarters of them (Karras et al. 2020, appendix D, start at 0.05).
    patience: steps without progress after which an image's search ends, with the best code so far;
      0: never before `steps`.
    plateau: progress is a loss lower than the best so far by more than this share of it.
    recompute: compute the generator's layers again for the gradient instead of keeping them: a third
      more time, a fraction of the memory. "on", "off", or "auto": where a batch would keep more than
      2 GB.
    precision: of the numbers that the generator's large convolutions multiply, in the steps of the
      search and where a job draws its releases: "float32"; "bfloat16", which takes half the time where
      the machine multiplies it; or "auto": bfloat16 there (TPUs, GPUs of compute capability 8.0,
      processors with avx512_bf16 or amx_bf16), float32 elsewhere, but searches of a release in float32
      on every machine, since a bfloat16 search is another release path. Figures of quality are
      float32's whatever it is.
    strategy: devices to share a batch, "one", "mirrored" (all GPUs), "tpu", or "auto", which is
      whatever there is; see `runtime.devices`.
    jit: compile with XLA, "auto" (on accelerators), "on" or "off".
    steps_per_call: steps between two progress reports (and records of the loss curve).
    seed: of the random starts and of `latent_noise`; nothing else is random.
  """

  latent_space: str | None = None
  steps: int | None = None
  learning_rate: float = 0.1
  optimizer: str = "adam"
  ramp_up: float = 0.05
  ramp_down: float = 0.5
  init: str = "auto"
  encoder: str | None = None
  batch_size: int | None = None
  perceptual: str = "auto"
  vgg16_weights: str | None = None
  lpips_weights: str | None = None
  layer_weights: tuple[float, ...] = (1.0,) * 8
  pixel_weight: float = 1.0
  face_weight: float | None = None
  identity_weight: float | None = None
  perceptual_weight: float = 0.1
  colour_weight: float = 0.0
  colour_goal: str = "photo"
  ssim_weight: float = 0.0
  mean_weight: float = 0.01
  spread_weight: float = 0.03
  draft_side: int | None = None
  noise: str = "fixed"
  noise_maps: bool = False
  noise_weight: float = 10.0
  latent_noise: float = 0.0
  patience: int = 0
  plateau: float = 0.001
  recompute: str = "auto"
  precision: str = "auto"
  strategy: str = "auto"
  jit: str = "auto"
  steps_per_call: int = 25
  seed: int = 0

  def __post_init__(self):
    object.__setattr__(self, "layer_weights", tuple(float(w) for w in self.layer_weights))
    if self.latent_space is not None:
      _one_of("latent_space", self.latent_space, LATENT_SPACES)
    _one_of("optimizer", self.optimizer, OPTIMIZERS)
    _one_of("perceptual", self.perceptual, PERCEPTUAL_MODES)
    _one_of("noise", self.noise, ("fixed", "none"))
    _one_of("jit", self.jit, JIT_MODES)
    _one_of("colour_goal", self.colour_goal, COLOUR_GOALS)
    _one_of("recompute", self.recompute, RECOMPUTE_MODES)
    _one_of("precision", self.precision, PRECISIONS)
    _one_of("strategy", self.strategy, STRATEGIES)
    _whole("steps_per_call", self.steps_per_call, 1)
    if self.steps is not None:
      _whole("steps", self.steps, 0)
    _whole("seed", self.seed, 0)
    _whole("patience", self.patience, 0)
    if self.face_weight is not None:
      _number("face_weight", self.face_weight, above=0)
    if self.identity_weight is not None:
      _number("identity_weight", self.identity_weight, at_least=0)
    self._check_drafts()
    if self.batch_size is not None:
      _whole("batch_size", self.batch_size, 1)
    _number("learning_rate", self.learning_rate, above=0)
    for name in _WEIGHTS:
      _number(name, getattr(self, name), at_least=0)
    for name in ("ramp_up", "ramp_down", "plateau"):
      _number(name, getattr(self, name), at_least=0, at_most=1)
    if len(self.layer_weights) != 8:
      raise ConfigurationError(
        f"layer_weights has {len(self.layer_weights)} values; give one for each of the 8 layers."
      )
    for weight in self.layer_weights:
      _number("layer_weights", weight, at_least=0)
    perceptual = 0 if self.perceptual == "none" else self.perceptual_weight
    if not (self.pixel_weight or self.ssim_weight or perceptual):
      raise ConfigurationError("All image losses have weight 0; set pixel_weight above 0.")
    if self.vgg16_weights is not None and self.perceptual in ("none", "lpips"):
      raise ConfigurationError(
        f"vgg16_weights is given but perceptual is {self.perceptual!r}; drop one of them."
      )
    if self.noise_maps and (self.noise == "none" or self.latent_space == "Z"):
      raise ConfigurationError(
        "noise_maps needs noise='fixed' and latent_space 'W' or 'W+'; change them or drop it."
      )
    if self.encoder is not None and self.init not in ("auto", "encoder"):
      raise ConfigurationError(
        f"encoder is given but init is {self.init!r}; use init='encoder', or drop one of them."
      )
    if self.candidates is None and self.init == "mean" and self.latent_space == "Z":
      raise ConfigurationError("init='mean' has no image in Z; use 'best_of:64' or 'random'.")

  def _check_drafts(self) -> None:
    side = self.draft_side
    if side in (None, 0):
      return
    _whole("draft_side", side, 8)
    if side & (side - 1):
      raise ConfigurationError(f"draft_side is {side}; it must be a power of two, or 0.")
    if self.noise_maps:
      raise ConfigurationError("noise_maps needs whole pictures; use draft_side=0, or drop one.")

  def for_spaces(self, latent_spaces: tuple[str, ...]) -> Self:
    """The same, with the latent space decided: W where there is one, else Z.

    Args:
      latent_spaces: those that the generator has.
    """
    if self.latent_space is not None:
      return self
    return dataclasses.replace(self, latent_space="W" if "W" in latent_spaces else "Z")

  @property
  def candidates(self) -> int | None:
    """How many random codes compete for the start; None: it is the mean code or the encoder's."""
    if self.init == "auto":
      return 64 if self.latent_space == "Z" else None
    if self.init in ("encoder", "mean"):
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
