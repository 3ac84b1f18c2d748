"""Everything that decides how an encoder is trained, checked once and without TensorFlow."""

import dataclasses
import math

from privai_tf.errors import ConfigurationError
from privai_tf.inversion.spec import LATENT_SPACES

AUGMENTATIONS = ("light", "photo")
_LEAST = {"steps": 1, "batch_size": 1, "seed": 0, "width": 1, "most": 1, "hidden": 1}


@dataclasses.dataclass(frozen=True)
class EncoderTraining:
  """How to train an encoder.

  Attributes:
    latent_space: "W", "W+" or "Z"; None: W where the generator has it (it also serves W+), else Z.
    steps: optimization steps; None: as many as `minutes` allow.
    minutes: wall-clock time, all runs of an interrupted training together; None: `steps` decide.
    batch_size: samples a step; None: 32 up to 128 x 128, fewer above, down to 4.
    learning_rate: peak rate of Adam; it starts small and falls along a cosine.
    seed: of weights and samples.
    augmentation: how samples are changed before the encoder sees them. "light": blur, shift, tint and
      grain, see `encoder_samples.roughened`; "photo": what tells photos from generated images, JPEG and
      framing among it, see `encoder_photos.photographed`.
    width: channels of the network's first convolution; each further one doubles them, up to `most`.
    most: the most channels.
    hidden: units of the layer before the code.
    half: whether the weights are stored as float16.
  """

  latent_space: str | None = None
  steps: int | None = None
  minutes: float | None = None
  batch_size: int | None = None
  learning_rate: float = 2e-3
  seed: int = 0
  augmentation: str = "light"
  width: int = 24
  most: int = 128
  hidden: int = 256
  half: bool = False

  def __post_init__(self):
    if self.latent_space not in (None, *LATENT_SPACES):
      allowed = ", ".join(LATENT_SPACES)
      raise ConfigurationError(f"latent_space is {self.latent_space!r}; use one of {allowed}.")
    if self.augmentation not in AUGMENTATIONS:
      allowed = ", ".join(AUGMENTATIONS)
      raise ConfigurationError(f"augmentation is {self.augmentation!r}; use one of {allowed}.")
    if (self.steps is None) == (self.minutes is None):
      raise ConfigurationError("Say how long to train: give either steps or minutes.")
    for name, least in _LEAST.items():
      value = getattr(self, name)
      if value is not None and value < least:
        raise ConfigurationError(f"{name} is {value}; it must be at least {least}.")
    for name in ("minutes", "learning_rate"):
      value = getattr(self, name)
      if value is not None and not (math.isfinite(value) and value > 0):
        raise ConfigurationError(f"{name} is {value}; it must be a number above 0.")
