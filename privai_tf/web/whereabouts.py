"""Where faces lie along what is hidden: everybody's, this one, and what a release may say.

For a whole face the axis is its likeness to others: the cosine of codes in whitened directions.
"""

import dataclasses

import numpy as np

from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.prepared import PreparedRelease
from privai_tf.privacy.simulation import simulate
from privai_tf.web.choices import WHOLE_FACE, Choice
from privai_tf.web.studio import Studio

_DRAWS = 2000
_BINS = 40
_REACH = 3.2  # Standard deviations to either side.
_SEED = 2


@dataclasses.dataclass(frozen=True, eq=False)
class Whereabouts:
  """Two distributions over the same bins, and a face among them. For the owner's eyes.

  Attributes:
    edges: float64 [bins + 1].
    public: float64 [bins], shares of generated faces.
    released: float64 [bins], shares of what a release may say of this face.
    here: where this face lies, within the edges.
  """

  edges: np.ndarray
  public: np.ndarray
  released: np.ndarray
  here: float


def whereabouts(studio: Studio, choice: Choice, latents: np.ndarray) -> Whereabouts:
  """Computes them.

  Args:
    studio: the model.
    choice: what is to be hidden.
    latents: [1, d] or [1, L, d]; private.
  """
  prepared = studio.prepared(choice)
  latents = np.asarray(latents, np.float64)
  numbers, _ = prepared.layout.parts(latents)
  if choice.hidden == WHOLE_FACE:
    others, _ = prepared.layout.parts(studio.public_latents.astype(np.float64))
    released, weights = _likenesses(prepared, numbers)
    edges = np.linspace(-1, 1, _BINS + 1)
    return Whereabouts(
      edges, _shares(_cosines(others, numbers), edges), _shares(released, edges, weights), 1.0
    )
  others = prepared.layout.public_numbers
  # Positive where the attribute is present, in standard deviations of generated faces.
  side = np.sign(np.corrcoef(others[:, 0], studio.distances(choice))[0, 1]) or 1.0
  middle, scale = others[:, 0].mean(), side * others[:, 0].std()
  encoded = prepared.encode(np.repeat(latents, _DRAWS, axis=0))
  drawn = simulate(prepared.blocks, from_grid(encoded.coordinates), _SEED)
  edges = np.linspace(-_REACH, _REACH, _BINS + 1)
  return Whereabouts(
    edges,
    _shares((others[:, 0] - middle) / scale, edges),
    _shares((drawn[:, 0] - middle) / scale, edges),
    float(np.clip((numbers[0, 0] - middle) / scale, -_REACH, _REACH)),
  )


def _likenesses(
  prepared: PreparedRelease, numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
  """How alike releases may be to the face, and how likely each is; None: equally."""
  mechanism = prepared.mechanism
  if mechanism.name == "subset_selection":  # All its outcomes can be listed.
    own = numbers[:, prepared.blocks[0].positions]
    _, likely = mechanism.outputs(mechanism.encode(own))
    (cosines,) = mechanism.neighbours.cosines(own)
    return cosines, likely
  encoded = np.concatenate([block.mechanism.encode(numbers) for block in prepared.blocks])
  drawn = simulate(prepared.blocks, from_grid(np.repeat(encoded, _DRAWS, axis=0)), _SEED)
  return _cosines(drawn, numbers), None


def _cosines(rows: np.ndarray, one: np.ndarray) -> np.ndarray:
  lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(one)
  return (rows @ one[0]) / np.maximum(lengths, 1e-12)


def _shares(values: np.ndarray, edges: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
  counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges, weights=weights)
  return counts / max(counts.sum(), 1e-12)
