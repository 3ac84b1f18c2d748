"""n releases of one face, averaged, against what the accountant says of n releases.

    python -m privai_tf.evaluate --experiment=composition --output_dir=composition          # 15 minutes
    python -m privai_tf.evaluate --experiment=composition --output_dir=composition --quick  # 2 minutes

The same face is released n times at epsilon 0.5, each release with fresh noise. `averaging` learns
on the average of all n codes, `bayes` multiplies their exact probabilities. The promise after n
releases is that of the accountant's epsilon (n times 0.5 for pure mechanisms; less for gaussian, whose
privacy losses are composed).

Expect: smile is read ever better, below the line at every n: about 60% from one release of laplace,
80% from 16, where the accountant promises no more than that it is not certain. No averaging helps
against a release that is drawn once and published n times.
"""

import functools
from collections.abc import Sequence

from privai_tf.evaluation.experiments import style
from privai_tf.evaluation.experiments.attacks import Trial
from privai_tf.evaluation.experiments.experiment import Cell, Experiment, Report, Row
from privai_tf.evaluation.experiments.faces import Faces, attributes_of, load_faces
from privai_tf.evaluation.experiments.releases import DELTA, prepared_release, spec_of
from privai_tf.privacy.accounting.attackers import attacker_bound
from privai_tf.privacy.accounting.composition import compose

_RELEASES, _QUICK_RELEASES = (1, 2, 4, 8, 16, 32), (1, 4, 16)
_KINDS = {"laplace": "raw", "extremal": "value", "gaussian": "raw", "randomized_response": "raw"}
_EPSILON = 0.5
_FACES, _QUICK_FACES = 3000, 600
_ATTACKERS = ("linear", "averaging", "bayes")
_LABELS = {"linear": "averages the codes, learns", "bayes": "multiplies exact probabilities"}


class Composition(Experiment):
  """Cells: (mechanism, epsilon, releases, attribute)."""

  name, title = "composition", "Many releases of one face"

  def cells(self) -> list[Cell]:
    quick = self.settings.quick
    kinds = self.settings.mechanisms or tuple(_KINDS)[: 2 if quick else None]
    attributes = self.settings.attributes or attributes_of(self.settings.checkpoint)[-1:]
    return [
      (name, epsilon, count, attribute)
      for attribute in attributes
      for name in kinds
      for epsilon in self.settings.epsilons or (_EPSILON,)
      for count in (_QUICK_RELEASES if quick else _RELEASES)
    ]

  def run(self, cell: Cell) -> list[Row]:
    mechanism, epsilon, count, attribute = cell
    spec = spec_of(mechanism, epsilon, "attribute", _KINDS.get(mechanism, "raw"))
    prepared = prepared_release(self._faces, spec, [attribute])
    trial = Trial(self._faces, prepared, self._count, releases=count)
    total = compose([prepared.event] * count, DELTA)
    about = {
      "mechanism": mechanism,
      "epsilon": epsilon,
      "releases": count,
      "total_epsilon": total,
      "total_delta": DELTA,
      "promise": attacker_bound(total, DELTA),
    }
    return [about | row for row in trial.attack(attribute, _ATTACKERS, self.settings.seed)]

  def report(self, rows: Sequence[Row]) -> Report:
    names = list(dict.fromkeys(row["mechanism"] for row in rows))
    figure, panels = style.figure(len(names), sharey=True, width=3.7, height=3.9)
    handles = {}
    for axes, name in zip(panels, names, strict=True):
      own = [row for row in rows if row["mechanism"] == name]
      counts = sorted({row["releases"] for row in own})
      promises = {row["releases"]: 100 * row["promise"] for row in own}
      axes.plot(
        counts,
        [promises[n] for n in counts],
        label="promise of the composed epsilon",
        **style.BOUND,
      )
      for index, (measure, label) in enumerate(_LABELS.items()):
        drawn = sorted(
          (row for row in own if row["measure"] == measure), key=lambda row: row["releases"]
        )
        style.draw_interval(
          axes,
          [row["releases"] for row in drawn],
          *([100 * row[key] for row in drawn] for key in ("value", "low", "high")),
          index=(0, 2)[index],
          label=label,
        )
      axes.axhline(50, label="blind guess", **style.CHANCE)
      axes.set_xscale("log", base=2)
      axes.set_xticks(counts, [str(count) for count in counts])
      axes.set_ylim(45, 102)
      axes.set_title(f"{name}, epsilon {own[0]['epsilon']:g} each", fontsize=10)
      axes.set_xlabel("releases of one face")
      handles |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    panels[0].set_ylabel(f"{rows[0]['attribute']} guessed right (% of faces)")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2, fontsize=9)
    above = [row for row in rows if row["low"] > row["promise"]]
    words = ", ".join(f"{row['mechanism']} x {row['releases']}" for row in above) or "none"
    last = max(rows, key=lambda row: (row["measure"] == "bayes", row["releases"], row["value"]))
    findings = [
      f"Above the composed promise by more than the 99% interval: {words}.",
      f"After {last['releases']} releases the best attacker reads {last['value']:.1%} "
      f"({last['mechanism']}); the composed epsilon is {last['total_epsilon']:.3g}, which promises "
      f"{last['promise']:.1%}.",
    ]
    caption = "Averaging many releases undoes the noise; the accountant's epsilon says how far."
    return Report(findings, {"composition": figure}, {"composition": caption}, {"attackers": rows})

  @property
  def _count(self) -> int:
    return self.settings.faces or (_QUICK_FACES if self.settings.quick else _FACES)

  @functools.cached_property
  def _faces(self) -> Faces:
    wanted = self.settings
    return load_faces(wanted.checkpoint, self._count, wanted.latent_space, wanted.given_codes)


EXPERIMENT = Composition
