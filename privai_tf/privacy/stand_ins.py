"""How a photo's code is exchanged for a face that the generator made up, laid out."""

import dataclasses

import numpy as np

from privai_tf.privacy.codebook import Codebook
from privai_tf.shapes import Codes


@dataclasses.dataclass(frozen=True, eq=False)
class StandIns:
  """Codes as numbers that are compared with a codebook's, and indices of codewords as codes.

  Attributes:
    codebook: the faces that may be published.
    mean: float64 [d], mu.
    axes: float64 [d, k], the numbers of a code are `(w - mean) @ axes`.
    spread: float64 [k, d], its inverse on its span.
    groups: positions of the numbers that are chosen for together; one group: whole faces.
    layers: L for W+ codes [n, L, d], whose mean is compared; None for [n, d].
  """

  codebook: Codebook
  mean: np.ndarray
  axes: np.ndarray
  spread: np.ndarray
  groups: tuple[list[int], ...]
  layers: int | None = None

  @property
  def numbers(self) -> int:
    """How many numbers of a code are compared."""
    return self.axes.shape[1]

  def parts(self, latents: Codes) -> tuple[np.ndarray, None]:
    """Where codes lie; there is no rest.

    Args:
      latents: float64 [n, d] or [n, L, d].

    Returns:
      float64 [n, numbers], and None.
    """
    if self.layers is not None:
      latents = latents.mean(axis=1)
    return (latents - self.mean) @ self.axes, None

  def assemble(self, numbers: np.ndarray, rest: None = None) -> np.ndarray:
    """The chosen codewords, a function of their indices alone.

    With several groups it is the first one's codeword with the other groups' numbers of theirs.

    Args:
      numbers: float64 [n, numbers], in each group the index of its codeword.
      rest: nothing.

    Returns:
      float32 [n, d] or [n, L, d].
    """
    first, *others = (
      self.codebook.codes(np.rint(numbers[:, group[0]]).astype(np.int64)) for group in self.groups
    )
    codes = first.astype(np.float64)
    for group, other in zip(self.groups[1:], others, strict=True):
      codes += ((other - first).astype(np.float64) @ self.axes[:, group]) @ self.spread[group]
    if self.layers is not None:
      codes = np.repeat(codes[:, np.newaxis], self.layers, axis=1)
    return codes.astype(np.float32)
