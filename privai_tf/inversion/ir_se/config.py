"""What an e4e or pSp encoder is made of."""

import dataclasses
from typing import Any, Self

from privai_tf.errors import CheckpointError

SIDE = 256  # Width and height at which the network looks at pictures.
# Units of the four stages; each stage begins with stride 2.
UNITS = (3, 4, 14, 3)
KINDS = ("e4e", "psp")


@dataclasses.dataclass(frozen=True)
class IRSEConfig:
  """An encoder's network.

  Attributes:
    kind: "e4e" (the first head gives w, each other one an offset to it) or "psp" (each head a row).
    resolution: R of the pictures that it is given; they are resized to 256 x 256.
    latent_space: "W+", or "W": of e4e what the first head gives, which is its w without offsets; of
      pSp, which has no such head, the mean of the rows.
    code_shape: [rows, d], or [d] in W. Fewer rows than heads: the first ones.
    heads: how many there are; those of a StyleGAN2 of 1024 x 1024 are 18.
    channels: of the four stages.
    squeezed: channels between squeeze and excitation, of the four stages.
    num_channels: colour channels of the pictures.
  """

  kind: str
  resolution: int
  latent_space: str
  code_shape: tuple[int, ...]
  heads: int
  channels: tuple[int, ...] = (64, 128, 256, 512)
  squeezed: tuple[int, ...] = (4, 8, 16, 32)
  num_channels: int = 3

  def __post_init__(self):
    for name in ("code_shape", "channels", "squeezed"):
      object.__setattr__(self, name, tuple(getattr(self, name)))
    counts = (self.resolution, self.heads, *self.code_shape, *self.channels, *self.squeezed)
    right = (
      self.kind in KINDS
      and all(type(count) is int and 0 < count <= 1 << 14 for count in counts)
      and len(self.channels) == len(self.squeezed) == len(UNITS)
      and self.heads <= 64
      and self.num_channels == 3
      and self.latent_space in ("W", "W+")
      and len(self.code_shape) == (2 if self.latent_space == "W+" else 1)
      and (self.latent_space == "W" or self.code_shape[0] <= self.heads)
    )
    if not right:
      raise CheckpointError("the description of the encoder's network is damaged")

  @property
  def width(self) -> int:
    """Length of w."""
    return self.code_shape[-1]

  @property
  def least_weights(self) -> int:
    """Numbers that the network has at least: those of its stages' convolutions and its heads."""
    rows = (
      self.code_shape[0] if self.latent_space == "W+" else 1 if self.kind == "e4e" else self.heads
    )
    return sum(9 * count**2 for count in self.channels) + rows * self.width**2

  @property
  def largest_batch(self) -> int:
    """Pictures at a time that keep memory within a gigabyte."""
    return 8 if self.resolution <= 512 else 4

  def in_space(self, latent_space: str, rows: int) -> Self:
    """The same for codes of another form: "W", or "W+" with so many rows."""
    shape = (rows, self.width) if latent_space == "W+" else (self.width,)
    return dataclasses.replace(self, latent_space=latent_space, code_shape=shape)

  def to_json(self) -> dict[str, Any]:
    """The configuration as JSON values."""
    values = dataclasses.asdict(self)
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

  @classmethod
  def from_json(cls, values: dict[str, Any]) -> Self:
    """The reverse of `to_json`.

    Raises:
      CheckpointError: if an entry is missing, unknown or out of range.
    """
    try:
      return cls(**values)
    except TypeError:
      raise CheckpointError("the description of the encoder's network is damaged") from None
