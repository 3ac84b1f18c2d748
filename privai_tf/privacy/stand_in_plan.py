"""Calibrates `subset_selection`: codebook, resemblance, K and split, from public figures."""

import hashlib
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.privacy.calibration import plane_space
from privai_tf.privacy.codebook import SAMPLES, Codebook
from privai_tf.privacy.codebook_files import stored_numbers
from privai_tf.privacy.directions import principal_directions
from privai_tf.privacy.mechanisms import Mechanism
from privai_tf.privacy.resemblance import Resemblance, named_attributes, resemblance
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.stand_ins import StandIns
from privai_tf.privacy.subset_choice import SAMPLES as SAMPLE_COUNT
from privai_tf.privacy.subset_choice import Candidates, best_choice

# Codebooks in memory, by far the largest public figures: of each generator so many bytes, the newest.
MOST_BYTES = 1 << 30
_KEPT: "weakref.WeakKeyDictionary[Any, dict]" = weakref.WeakKeyDictionary()


def stand_ins(
  generator: Any,
  boundaries: Sequence[Boundary],
  spec: PrivacySpec,
  latent_space: str,
  layers: int | None,
) -> tuple[StandIns, tuple[Mechanism, ...]]:
  """The layout of a release by `subset_selection`, and a mechanism for each of its groups.

  Args:
    generator: a `Generator`.
    boundaries: of the attributes that `spec.resemble` names, at least.
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+".
    layers: L in W+, else None.

  Raises:
    ConfigurationError: if faces cannot be compared as asked.
  """
  space = plane_space(latent_space)
  found = principal_directions(generator, space, spec.calibration_count, spec.calibration_seed)
  k = found.components(spec.components)
  named = named_attributes(spec.resemble)
  used = [boundary for boundary in boundaries if boundary.name in named]
  compared = resemblance(found.basis[:, :k], found.deviations[:k], spec.resemble, used)
  codebook = Codebook(generator, space, spec.codebook_size, spec.calibration_seed)
  candidates = _candidates(codebook, found.mean, compared)
  choice = best_choice(candidates, spec.epsilons[0], spec.subset_size)
  layout = StandIns(codebook, found.mean, compared.axes, compared.spread, choice.groups, layers)
  return layout, choice.mechanisms


def _candidates(codebook: Codebook, mean: np.ndarray, compared: Resemblance) -> Candidates:
  """Codewords and samples; kept, since every epsilon asks for them."""
  digest = hashlib.sha256()
  for array in (mean, compared.axes, compared.weights):
    digest.update(np.ascontiguousarray(array).tobytes())
  kept = _KEPT.setdefault(codebook.generator, {})
  key = (codebook.latent_space, codebook.size, codebook.seed, digest.hexdigest())
  if key not in kept:
    samples = Codebook(
      codebook.generator, codebook.latent_space, SAMPLE_COUNT, codebook.seed, SAMPLES
    )
    kept[key] = Candidates(
      stored_numbers(codebook, mean, compared.axes),
      samples.numbers(mean, compared.axes).astype(np.float64),
      compared.weights,
    )
    while len(kept) > 1 and sum(one.numbers.nbytes for one in kept.values()) > MOST_BYTES:
      del kept[next(iter(kept))]
  return kept[key]


def kept_codebooks(generator: Any) -> int:
  """How many ways to compare faces are at hand, so that a release by one of them does not wait."""
  return len(_KEPT.get(generator, {}))
