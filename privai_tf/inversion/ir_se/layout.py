"""Which layers the network has and what they are called. Imports nothing heavy."""

from collections.abc import Iterator

from privai_tf.inversion.ir_se.config import UNITS, IRSEConfig

MEAN = "mean_code"  # The layer that adds the mean code.
# Units after which features are taken: 64 x 64, 32 x 32 and 16 x 16.
TAKEN = (6, 20, 23)
COARSE, MIDDLE = 3, 7  # Heads below see the 16 x 16 map, below the other the 32 x 32 one.


def units(config: IRSEConfig) -> Iterator[tuple[int, int, int, int, int]]:
  """(number, channels before, channels after, squeezed channels, stride) of every unit."""
  number, before = 0, config.channels[0]
  for count, after, squeezed in zip(UNITS, config.channels, config.squeezed, strict=True):
    for index in range(count):
      yield number, before, after, squeezed, 1 if index else 2
      number, before = number + 1, after


def convolutions(head: int) -> int:
  """How many halve a head's map until one pixel is left.

  Args:
    head: its number, from 0.
  """
  return 4 if head < COARSE else 5 if head < MIDDLE else 6


def linear_name(head: int) -> str:
  """The name of a head's last layer.

  Args:
    head: its number, from 0.
  """
  return f"head{head}_linear"


def used(config: IRSEConfig) -> int:
  """How many heads codes of the configuration's form need: the first ones."""
  if config.latent_space == "W+":
    return config.code_shape[0]
  return 1 if config.kind == "e4e" else config.heads
