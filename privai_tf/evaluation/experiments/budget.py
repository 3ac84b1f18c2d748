"""Attackers and cost over epsilon, for every mechanism, decoding and scope.

    python -m privai_tf.evaluate --experiment=budget --output_dir=budget --workers=2
    python -m privai_tf.evaluate --experiment=budget --output_dir=budget --quick

The first one has 352 cells: every way to release at seven epsilons, 2,400 faces each. In scope
"attribute" `gender` and `smile` stand for what is hidden (the rest tells the one and not the other);
the advised release and the prototype's are attacked on all five attributes. Each release is attacked
by all attackers on codes; three kinds at epsilon 1 also by those who see pictures only. Every face is
tested once, by attackers trained on the other half.

CPU_LINE

Expect: in scope "image" no attacker above the line of the promise. In scope "attribute" the same for
smile, pose and eyeglasses; gender is read from the beard in 75 to 79% at any small epsilon (`residual`
closes that). `reference_postclip` is read in 94 to 98% of faces at every epsilon.
"""

import functools
from collections.abc import Sequence

import numpy as np

from privai_tf.evaluation.attackers.bayes import ceiling
from privai_tf.evaluation.attackers.reading import reading_axes
from privai_tf.evaluation.experiments import budget_report
from privai_tf.evaluation.experiments.attacks import Trial
from privai_tf.evaluation.experiments.cost import cost_rows
from privai_tf.evaluation.experiments.experiment import Cell, Experiment, Report, Row
from privai_tf.evaluation.experiments.faces import Faces, attributes_of, load_faces
from privai_tf.evaluation.experiments.releases import prepared_release, spec_of
from privai_tf.privacy.accounting.attackers import attacker_bound
from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names

EPSILONS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_QUICK_EPSILONS = (0.5, 1.0, 4.0)
_QUICK = (
  ("attribute", "extremal", "sample"),
  ("attribute", "reference_postclip", "raw"),
  ("image", "gaussian", "raw"),
  ("image", "subset_selection", "raw"),
)
# Of five attributes, the one that the rest tells and one that it does not stand for all; the advised
# release and the prototype's are attacked on every one.
_CLOSELY = ("gender", "smile")
_ALL_ATTRIBUTES = (("attribute", "extremal", "sample"), ("attribute", "reference_postclip", "raw"))
# Drawing, and training networks on what was drawn, takes longer than everything else: what is
# advised and the prototype's, at one epsilon, one attribute.
_DRAWN = (
  ("attribute", "extremal", "sample"),
  ("attribute", "reference_postclip", "raw"),
  ("image", "subset_selection", "raw"),
)
_DRAWN_EPSILON = 1.0
_CODES = ("majority", "fixed", "linear", "boosting")
_PICTURES = ("fixed_network", "network", "reinverting")
# Balanced, more than 2,000 are left to be tested.
_FACES, _QUICK_FACES = 2400, 800
_DRAWN_FACES, _QUICK_DRAWN_FACES = 1000, 300
_QUICK_CODEBOOK = 1 << 12
# tau of the reference prototype's own study, in latent units.
_TAU = 1.0


class Budget(Experiment):
  """Cells: (scope, mechanism, decode, epsilon, attribute or "", "codes" or "pictures")."""

  name, title = "budget", "What attackers read, and what is left of the face, over epsilon"

  def cells(self) -> list[Cell]:
    epsilons = self.settings.epsilons or (_QUICK_EPSILONS if self.settings.quick else EPSILONS)
    found = []
    for scope, mechanism, decode in self._kinds():
      for epsilon in epsilons:
        if not _defined(mechanism, epsilon):
          continue
        for attribute in self._hidden(scope, mechanism, decode):
          found.append((scope, mechanism, decode, epsilon, attribute, "codes"))
        if (scope, mechanism, decode) in self._drawn and epsilon == _DRAWN_EPSILON:
          hidden = self._attributes[-1] if scope == "attribute" else ""
          found.append((scope, mechanism, decode, epsilon, hidden, "pictures"))
    return found

  def run(self, cell: Cell) -> list[Row]:
    scope, mechanism, decode, epsilon, attribute, seen = cell
    spec = spec_of(mechanism, epsilon, scope, decode, **self._own(mechanism))
    prepared = prepared_release(self._faces, spec, [attribute] if attribute else [])
    axes = self._axes if scope == "image" else None
    trial = Trial(self._faces, prepared, self._count(seen), axes=axes)
    rows, codes = [], seen == "codes"
    # What is read before decoding is the same for all decodings.
    undecoded = codes and decode == mechanism_class(mechanism).decodings[0]
    attackers = _CODES if codes else _PICTURES
    if undecoded:
      attackers += ("bayes",) if spec.private else ("two_sided",)
    whole = self._attributes if codes else self._attributes[-1:]
    for attacked in [attribute] if attribute else whole:
      rows += trial.attack(attacked, attackers, self.settings.seed)
      if undecoded and scope == "attribute" and spec.private:
        known = trial.known(attacked)
        exact = ceiling(prepared.mechanism, known.numbers, known.sides)
        rows.append({"attribute": attacked, "kind": "attack", "measure": "ceiling", "value": exact})
    if codes:
      others = [name for name in self._attributes if name != attribute]
      rows += cost_rows(self._faces, trial.originals, trial.released[0], others)
    about = {"scope": scope, "mechanism": mechanism, "decode": decode, "epsilon": epsilon}
    about |= {"delta": spec.delta, "promise": attacker_bound(epsilon, spec.delta)}
    about |= {"private": spec.private, "hidden": attribute}
    return [about | row for row in rows]

  def report(self, rows: Sequence[Row]) -> Report:
    return budget_report.report(rows)

  def _kinds(self) -> list[tuple[str, str, str]]:
    """(scope, mechanism, decode), all that there are, or of the mechanisms asked for."""
    if self.settings.quick and not self.settings.mechanisms:
      return list(_QUICK)
    return [
      (scope, name, decode)
      for scope in ("image", "attribute")
      for name in self.settings.mechanisms or mechanism_names()
      if scope in mechanism_class(name).scopes and _worth_it(scope, name)
      for decode in mechanism_class(name).decodings
      if decode in (self.settings.decodings or (decode,))
    ]

  def _hidden(self, *kind: str) -> tuple[str, ...]:
    """What is hidden in turn; in scope image the whole face is, which has no name."""
    if kind[0] == "image":
      return ("",)
    named = self._attributes
    if self.settings.attributes or kind in _ALL_ATTRIBUTES:
      return named
    return tuple(name for name in named if name in _CLOSELY) or named[-1:]

  @property
  def _attributes(self) -> tuple[str, ...]:
    asked = self.settings.attributes or attributes_of(self.settings.checkpoint)
    return asked[-1:] if self.settings.quick and not self.settings.attributes else asked

  @property
  def _drawn(self) -> tuple[tuple[str, str, str], ...]:
    return _DRAWN[:1] if self.settings.quick else _DRAWN

  def _count(self, seen: str) -> int:
    few = self.settings.quick
    if seen == "pictures":
      most = _QUICK_DRAWN_FACES if few else _DRAWN_FACES
      return min(most, self.settings.faces or most)
    return self.settings.faces or (_QUICK_FACES if few else _FACES)

  def _own(self, mechanism: str) -> dict:
    if mechanism == "reference_postclip":
      return {"clip_radius": _TAU}
    small = self.settings.quick and mechanism == "subset_selection"
    return {"codebook_size": _QUICK_CODEBOOK} if small else {}

  @functools.cached_property
  def _faces(self) -> Faces:
    wanted, count = self.settings, self._count("codes")
    return load_faces(wanted.checkpoint, count, wanted.latent_space, wanted.given_codes)

  @functools.cached_property
  def _axes(self) -> np.ndarray:
    normals = np.stack([self._faces.boundary(name).normal for name in self._attributes])
    return reading_axes(self._faces.calibration.codes, normals)


def _worth_it(scope: str, mechanism: str) -> bool:
  """Of one number, l2_laplace is laplace; some mechanisms take no more than one number."""
  if scope == "attribute":
    return mechanism != "l2_laplace"
  return mechanism_class(mechanism).largest_dimensions is None


def _defined(mechanism: str, epsilon: float) -> bool:
  """Whether a mechanism has this epsilon (the textbook Gaussian has none above 1)."""
  return mechanism != "gaussian_classic" or epsilon <= 1


EXPERIMENT = Budget
