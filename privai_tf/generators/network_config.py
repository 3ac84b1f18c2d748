"""What all networks have in common, apart from their weights."""

import dataclasses
import reprlib
from typing import Any, ClassVar, Self

from privai_tf.errors import CheckpointError
from privai_tf.generators.rules import RULES


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig:
  """What every network has; each entry is checked by its rule in `rules`.

  Attributes:
    resolution: width and height R of the images, a power of two from 4 to 4096.
    num_channels: colour channels.
    label_size: length of the label vectors, 0 without labels.
  """

  family: ClassVar[str]
  role: ClassVar[str]

  resolution: int = 1024
  num_channels: int = 3
  label_size: int = 0

  def __post_init__(self):
    for field in dataclasses.fields(self):
      words, fits = RULES[field.name]
      value = getattr(self, field.name)
      if not fits(value):
        raise CheckpointError(
          f"{type(self).__name__}.{field.name} is {reprlib.repr(value)}; it must be {words}: mend config.json "
          "or convert the network again."
        )

  @property
  def resolutions(self) -> tuple[int, ...]:
    """4, 8, ..., R."""
    return tuple(4 << i for i in range(self.resolution.bit_length() - 2))

  def channels(self, resolution: int) -> int:
    """Channels of the layers at one resolution (4, 8, ...)."""
    raise NotImplementedError

  def to_json(self) -> dict[str, Any]:
    """The configuration as JSON values, family and role included."""
    return {"family": self.family, "role": self.role} | {
      field.name: list(value) if isinstance(value, tuple) else value
      for field in dataclasses.fields(self)
      for value in [getattr(self, field.name)]
    }

  @classmethod
  def from_json(cls, values: dict[str, Any]) -> Self:
    """The reverse of `to_json`.

    Raises:
      CheckpointError: if a value is unknown or out of range.
    """
    values = {key: value for key, value in values.items() if key not in ("family", "role")}
    known = {field.name for field in dataclasses.fields(cls)}
    if unknown := sorted(set(values) - known):
      raise CheckpointError(
        f"Unknown entries in a {cls.__name__}: {', '.join(unknown)}; the checkpoint is damaged or "
        "was made by a newer version: convert it again."
      )
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return cls(**(values | lists))
