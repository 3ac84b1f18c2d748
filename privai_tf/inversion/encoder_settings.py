"""Everything that decides how an encoder is trained, checked once and without TensorFlow."""

import dataclasses
import math

from privai_tf.errors import ConfigurationError
from privai_tf.inversion.spec import LATENT_SPACES


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
  """

  latent_space: str | None = None
  steps: int | None = None
  minutes: float | None = None
  batch_size: int | None = None
  learning_rate: float = 2e-3
  seed: int = 0

  def __post_init__(self):
    if self.latent_space not in (None, *LATENT_SPACES):
      allowed = ", ".join(LATENT_SPACES)
      raise ConfigurationError(f"latent_space is {self.latent_space!r}; use one of {allowed}.")
    if (self.steps is None) == (self.minutes is None):
      raise ConfigurationError("Say how long to train: give either steps or minutes.")
    for name, least in (("steps", 1), ("batch_size", 1), ("seed", 0)):
      value = getattr(self, name)
      if value is not None and value < least:
        raise ConfigurationError(f"{name} is {value}; it must be at least {least}.")
    for name in ("minutes", "learning_rate"):
      value = getattr(self, name)
      if value is not None and not (math.isfinite(value) and value > 0):
        raise ConfigurationError(f"{name} is {value}; it must be a number above 0.")
