"""What leaks through the rest in scope "attribute", and what closing it costs.

    python -m privai_tf.evaluate --experiment=residual --output_dir=residual           # 20 minutes
    python -m privai_tf.evaluate --experiment=residual --output_dir=residual --quick   # 2 minutes

One release protects k directions together, at epsilon 1: the attribute's boundary, and others.
`null_space`: normals of linear probes, one in the null space of the other (INLP). `spread`:
directions along which the two sides vary differently (`privai_tf.attributes.spread`). `conditional`:
the boundary conditioned on all others instead of itself. `all`: all attributes' boundaries. Attackers
learn on releases with true labels.

Expect (avatars): linear probes find no second direction, since the release takes out what is linear.
Boosted trees read gender in 79% beside a promise of 73%, from how the beard varies; one spread
direction brings that to 58%, and costs one point of the other attributes.
"""

import functools
from collections.abc import Sequence

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.nullspace import find_subspace
from privai_tf.attributes.spread import spread_directions
from privai_tf.errors import InputError
from privai_tf.evaluation.experiments import residual_report
from privai_tf.evaluation.experiments.attacks import Trial
from privai_tf.evaluation.experiments.cost import cost_rows
from privai_tf.evaluation.experiments.experiment import Cell, Experiment, Report, Row
from privai_tf.evaluation.experiments.faces import Faces, attributes_of, load_faces
from privai_tf.evaluation.experiments.releases import prepared_release, spec_of
from privai_tf.privacy.accounting.attackers import attacker_bound
from privai_tf.privacy.audit.residual import sides_of

_CLOSINGS = (
  ("none", 1),
  ("null_space", 2),
  ("null_space", 4),
  ("spread", 2),
  ("spread", 3),
  ("conditional", 1),
  ("all", 0),
)
_QUICK_CLOSINGS = (("none", 1), ("spread", 2), ("conditional", 1))
_MECHANISM, _DECODE, _EPSILON = "extremal", "sample", 1.0
_FACES, _QUICK_FACES = 6000, 800
_ATTACKERS = ("linear", "boosting")
# So small that projection goes on as long as there is anything to find.
_TOLERANCE = 1e-6


class Residual(Experiment):
  """Cells: (attribute, mechanism, epsilon, closing, k)."""

  name, title = "residual", "What the rest of a face tells of a hidden attribute"

  def cells(self) -> list[Cell]:
    quick, settings = self.settings.quick, self.settings
    attributes = settings.attributes or attributes_of(settings.checkpoint)
    if quick and not settings.attributes:
      attributes = tuple(name for name in attributes if name in ("gender", "smile"))
    return [
      (attribute, mechanism, epsilon, closing, k)
      for attribute in attributes
      for mechanism in settings.mechanisms or (_MECHANISM,)
      for epsilon in settings.epsilons or (_EPSILON,)
      for closing, k in (_QUICK_CLOSINGS if quick else _CLOSINGS)
    ]

  def run(self, cell: Cell) -> list[Row]:
    attribute, mechanism, epsilon, closing, k = cell
    boundaries = self._boundaries(attribute, closing, k)
    decode = _DECODE if mechanism == _MECHANISM else "raw"
    spec = spec_of(mechanism, epsilon, "attribute", decode)
    prepared = prepared_release(self._faces, spec, boundaries=boundaries)
    trial = Trial(self._faces, prepared, self._count)
    rows = trial.attack(attribute, _ATTACKERS, self.settings.seed)
    others = [name for name in self._attributes if name != attribute]
    rows += cost_rows(self._faces, trial.originals, trial.released[0], others)
    about = {
      "hidden": attribute,
      "mechanism": mechanism,
      "decode": decode,
      "epsilon": epsilon,
      "closing": closing,
      "asked": k,
      "directions": len(boundaries),
      "promise": attacker_bound(epsilon, spec.delta),
    }
    return [about | row for row in rows]

  def report(self, rows: Sequence[Row]) -> Report:
    return residual_report.report(rows)

  def _boundaries(self, attribute: str, closing: str, k: int) -> list[Boundary]:
    faces = self._faces
    own, public = faces.boundary(attribute), faces.calibration
    others = [faces.boundary(name) for name in self._attributes if name != attribute]
    if closing == "conditional":
      return [own.conditioned_on(others, public.codes.mean(axis=0))]
    if closing == "all":
      return [own, *others]
    if closing == "spread":
      return [own, *spread_directions(public, own, k - 1)]
    if closing == "null_space":
      return _null_space(public.codes, own, k)
    return [own]

  @property
  def _attributes(self) -> tuple[str, ...]:
    return attributes_of(self.settings.checkpoint)

  @property
  def _count(self) -> int:
    return self.settings.faces or (_QUICK_FACES if self.settings.quick else _FACES)

  @functools.cached_property
  def _faces(self) -> Faces:
    wanted = self.settings
    return load_faces(wanted.checkpoint, self._count, wanted.latent_space, wanted.given_codes)


def _null_space(codes, boundary: Boundary, k: int) -> list[Boundary]:
  """k directions at most: fewer where a linear probe finds no more."""
  try:
    found = find_subspace(
      codes,
      sides_of(boundary, codes),
      latent_space=boundary.latent_space,
      name=boundary.name,
      first=boundary,
      tolerance=_TOLERANCE,
      most=k,
    )
  except InputError:
    return [boundary]
  return [boundary, *found.boundaries()[1:]]


EXPERIMENT = Residual
