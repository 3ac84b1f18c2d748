"""Where one layer of StyleGAN3 samples its features, and whether that is possible at all."""

import dataclasses
from typing import Any, Self

from privai_tf.errors import CheckpointError
from privai_tf.generators.rules import is_integer

_REMEDY = "mend config.json or convert the network again"
_LIMITS = {
  "outputs": (1, 65536),
  "size": (1, 8192),
  "kernel": (1, 15),
  "up": (1, 16),
  "down": (1, 16),
  "up_taps": (0, 256),
  "down_taps": (0, 256),
}
# Features of one image between up- and down-sampling: four times those of the largest published
# network. More would be a file made to exhaust the memory.
_MOST_FEATURES = 1 << 31


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerGeometry:
  """A convolution, and a nonlinearity between up- and down-sampling.

  Attributes:
    outputs: channels of the result.
    size: its width and height.
    kernel: side of the convolution's kernel.
    up, down: factors of the sampling rate.
    up_taps, down_taps: lengths of the filters, 0 for none.
    radial: the filter after the nonlinearity is one of rows and columns together.
    padding: zeros before and after rows and columns, after `up` - 1 zeros were put after each number;
      negative: so many are cut off.
  """

  outputs: int
  size: int
  kernel: int = 1
  up: int = 1
  down: int = 1
  up_taps: int = 0
  down_taps: int = 0
  radial: bool = False
  padding: tuple[int, int] = (0, 0)

  @property
  def resamples(self) -> bool:
    """Whether there is more than a convolution."""
    return self != LayerGeometry(outputs=self.outputs, size=self.size)

  @property
  def upsampled_size(self) -> int:
    """Rows and columns between up- and down-sampling that the result depends on."""
    return self.down * (self.size - 1) + max(self.down_taps, 1)

  def check(self, name: str, before: int) -> None:
    """Refuses a layer that cannot be.

    Args:
      name: of the layer, for messages.
      before: width and height of its features.

    Raises:
      CheckpointError: naming what is wrong.
    """
    for field, (least, most) in _LIMITS.items():
      value = getattr(self, field)
      if not is_integer(value, least) or value > most:
        _refuse(f"{name}.{field} is {value!r:.60}; it must be an integer from {least} to {most}")
    padding = self.padding
    if not isinstance(padding, tuple) or len(padding) != 2 or not all(map(_is_padding, padding)):
      _refuse(f"{name}.padding is {padding!r:.60}; it must be two integers from -16384 to 16384")
    if not isinstance(self.radial, bool):
      _refuse(f"{name}.radial is {self.radial!r:.60}; it must be true or false")
    if (self.up > 1 and not self.up_taps) or (self.radial and not self.down_taps):
      _refuse(f"{name} resamples without a filter; a filter must be named")
    # The convolution pads by kernel - 1; then zeros in between, padding, and two filters.
    middle = self.up * (before + self.kernel - 1) + sum(padding) - max(self.up_taps - 1, 0)
    after = -(-(middle - max(self.down_taps - 1, 0)) // self.down)
    if after != self.size:
      _refuse(
        f"{name}.size is {self.size}, but {before} pixels become {max(after, 0)} in this layer"
      )
    if middle * middle * self.outputs > _MOST_FEATURES:
      _refuse(
        f"{name} has {middle} x {middle} x {self.outputs} features in its middle; at most "
        f"{_MOST_FEATURES} can be computed"
      )

  def to_json(self) -> dict[str, Any]:
    """As JSON values."""
    return dataclasses.asdict(self) | {"padding": list(self.padding)}

  @classmethod
  def from_json(cls, values: Any) -> Self:
    """The reverse of `to_json`.

    Raises:
      CheckpointError: if an entry is unknown or missing; values are for `check`.
    """
    known = {field.name for field in dataclasses.fields(cls)}
    if not isinstance(values, dict) or set(values) != known:
      _refuse(f"A layer of StyleGAN3 must have the entries {', '.join(sorted(known))}")
    padding = values["padding"]
    return cls(**values | {"padding": tuple(padding) if isinstance(padding, list) else padding})


def _is_padding(value: Any) -> bool:
  return is_integer(value, -16384) and value <= 16384


def _refuse(problem: str) -> None:
  raise CheckpointError(f"{problem}: {_REMEDY}.")
