"""Releases of the experiments' faces: through `privatize`, exact noise and all, unless a seed is given."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.evaluation.experiments.faces import Faces
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.privacy.prepared import PreparedRelease
from privai_tf.privacy.release import prepare
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.stand_ins import StandIns

DELTA = 1e-5
_BATCH = 32


def spec_of(
  mechanism: str, epsilon: float, scope: str = "attribute", decode: str = "raw", **settings: Any
) -> PrivacySpec:
  """A specification with delta 1e-5 where the mechanism has one, else 0.

  Args:
    mechanism: its name.
    epsilon: above 0.
    scope: "attribute" or "image".
    decode: one of the mechanism's.
    **settings: further fields of `PrivacySpec`.
  """
  delta = 0.0 if mechanism_class(mechanism).pure else DELTA
  return PrivacySpec(
    mechanism=mechanism, epsilon=epsilon, delta=delta, scope=scope, decode=decode, **settings
  )


def prepared_release(
  faces: Faces, spec: PrivacySpec, attributes: Sequence[str] = (), boundaries: Sequence[Any] = ()
) -> PreparedRelease:
  """The calibrated release; calibrated on `faces.calibration`, never on the faces attacked.

  Args:
    faces: what is to be released.
    spec: the guarantee; a `noise_seed` makes simulations, which are faster.
    attributes: to protect (or to resemble), by name.
    boundaries: instead of names.
  """
  boundaries = list(boundaries) or [faces.boundary(name) for name in attributes]
  public = faces.calibration if spec.scope == "attribute" else None
  return prepare(faces.generator, boundaries, spec, faces.latent_space, public)


def released_codes(prepared: PreparedRelease, codes: np.ndarray, releases: int = 1) -> np.ndarray:
  """Independent releases of codes, float32 [releases, n, d] (or [releases, n, L, d]).

  Args:
    prepared: the release that a user gets (`privatize` is these two steps).
    codes: float32 [n, ...].
    releases: of each code.
  """
  encoded = prepared.encode(codes)
  return np.stack([prepared.release(encoded, simulation_stream=index) for index in range(releases)])


def released_and_noisy(
  prepared: PreparedRelease, codes: np.ndarray, releases: int = 1
) -> tuple[np.ndarray, np.ndarray]:
  """Releases, and exact draws of what the mechanisms put out, before clamp and decoder.

  The latter is more than is published. The draws are other ones than those of the releases, except
  where what is published is a codeword, which says the same as its index.

  Args: see `released_codes`.

  Returns:
    float32 [releases, n, ...], and float64 [releases, n, numbers] in latent units.
  """
  coordinates = prepared.encode(codes).coordinates
  noisy = np.empty((releases, *coordinates.shape))
  for one in noisy:
    for block in prepared.blocks:
      own = block.positions
      one[:, own] = from_grid(block.mechanism.noisy(coordinates[:, own]))
  if isinstance(prepared.layout, StandIns):
    return np.stack([prepared.layout.assemble(one) for one in noisy]), noisy
  return released_codes(prepared, codes, releases), noisy


def pictures_of(faces: Faces, codes: np.ndarray) -> np.ndarray:
  """What is published: pictures of released codes, float32 [n, R, R, 3] in [-1, 1], 256 levels.

  Args:
    faces: whose generator draws.
    codes: [n, d] or [n, L, d], n at least 1.
  """
  levels = []
  for start in range(0, len(codes), _BATCH):
    batch = codes[start : start + _BATCH]
    short = _BATCH - len(batch)  # One shape: another one would compile again.
    batch = np.concatenate([batch, np.repeat(batch[-1:], short, axis=0)]) if short else batch
    images = faces.generator.synthesize(batch, latent_space=faces.latent_space, noise="fixed")
    kept = np.asarray(images)[: _BATCH - short]
    levels.append(np.clip(np.rint((kept + 1) * 127.5), 0, 255).astype(np.float32))
  return np.concatenate(levels) / 127.5 - 1
