r"""Our lower bounds on epsilon beside an independent auditor's, for every mechanism.

    python -m privai_tf.evaluate --experiment=audit --output_dir=audit

Two neighbours are released 20,000 times each through the code that users run. Ours knows the mechanism
(likelihood ratio, Clopper-Pearson, see docs/audit.md); the other, DP-Auditorium's hockey-stick test
rebuilt from its paper (no package of it can be had), sees outputs alone. No bound may lie above its
claim; the controls, a release that clips noise instead of the coordinate and one that claims half of its
epsilon, must be refuted.

About 2 minutes of one core (102 processor seconds; `--quick`: less). To expect: ours
at 90 to 97% of the claim (`exponential` 77 to 81, `gaussian` 21: its telling tail is rarer than these draws
show), the hockey-stick test at 80 to 88% (`exponential` 50 to 62, `gaussian` 12 to 19).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from privai_tf.evaluation.experiments import style
from privai_tf.evaluation.experiments.experiment import Cell, Experiment, Report, Row
from privai_tf.evaluation.experiments.releases import DELTA
from privai_tf.evaluation.hockey_stick import hockey_stick_test

MECHANISMS = (
  "laplace",
  "l2_laplace",
  "gaussian",
  "randomized_response",
  "exponential",
  "extremal",
  "subset_selection",
)
HALF = "laplace, half the noise"
CONTROLS = ("reference_postclip", HALF)
EPSILONS = (1.0, 2.0)
_SAMPLES, _QUICK_SAMPLES = 20_000, 4_000
_MOST_DRAWN = 2.3  # Claims.
_OURS, _THEIRS = "likelihood ratio (ours)", "hockey-stick (DP-Auditorium's, rebuilt)"


class Audit(Experiment):
  """See the module."""

  name = "audit"
  title = "Two auditors"

  @property
  def _samples(self) -> int:
    return _QUICK_SAMPLES if self.settings.quick else _SAMPLES

  def cells(self) -> list[Cell]:
    mechanisms = self.settings.mechanisms or (*MECHANISMS, *CONTROLS)
    epsilons = self.settings.epsilons or ((1.0,) if self.settings.quick else EPSILONS)
    return [(mechanism, epsilon) for mechanism in mechanisms for epsilon in epsilons]

  def run(self, cell: Cell) -> list[Row]:
    from privai_tf.privacy.audit import audit, prepare_audit
    from privai_tf.privacy.mechanisms import mechanism_class

    name, epsilon = str(cell[0]), float(cell[1] or 0)
    mechanism, spent = ("laplace", 2 * epsilon) if name == HALF else (name, epsilon)
    delta = 0.0 if mechanism_class(mechanism).pure else DELTA
    audited = dataclasses.replace(prepare_audit(mechanism, spent, delta), claim=epsilon)
    ours = audit(audited, samples=self._samples, target="latent", audits=len(self.cells()))
    draws = tuple(audited.release(side, self._samples) for side in (0, 1))
    theirs = hockey_stick_test(draws, epsilon, delta, seed=self.settings.seed)
    common: Row = {"mechanism": name, "claim": epsilon, "delta": delta, "control": name in CONTROLS}
    found = (
      (_OURS, ours.lower_bound, ours.violated),
      (_THEIRS, theirs.lower_bound, theirs.claim_refuted),
    )
    return [
      common | {"auditor": who, "samples": self._samples, "lower_bound": bound, "refuted": refuted}
      for who, bound, refuted in found
    ]

  def report(self, rows: Sequence[Row]) -> Report:
    shipped = [row for row in rows if not row["control"]]
    controls = [row for row in rows if row["control"]]
    wrong = [row for row in shipped if row["refuted"]]
    caught = {
      auditor: sum(row["refuted"] for row in controls if row["auditor"] == auditor)
      for auditor in (_OURS, _THEIRS)
    }
    of = len(controls) // 2
    findings = [
      f"{len(shipped)} audits of shipped mechanisms: "
      + (
        f"REFUTED: {', '.join(sorted({r['mechanism'] for r in wrong}))}"
        if wrong
        else "no claim is refuted"
      )
      + f". Of {of} controls ours refutes {caught[_OURS]}, the hockey-stick test {caught[_THEIRS]}."
    ]
    return Report(
      findings,
      {"auditors": _drawn(rows)},
      {
        "auditors": "Lower bounds on epsilon (95% each) from releases of two neighbours. Left of the "
        "line: the claim may hold. The two controls at the bottom are false claims, and lie right of it "
        "(what is above 2.3 times the claim is drawn there)."
      },
      {"audits": rows},
    )


def _drawn(rows: Sequence[Row]) -> Any:
  epsilons = sorted({row["claim"] for row in rows})
  names = list(dict.fromkeys(row["mechanism"] for row in rows))[::-1]
  drawn, panels = style.figure(
    len(epsilons), width=max(3.6, 6.4 / len(epsilons)), height=4.2, sharey=True
  )
  for axes, epsilon in zip(panels, epsilons, strict=True):
    for index, auditor in enumerate((_OURS, _THEIRS)):
      own = [r for r in rows if (r["claim"], r["auditor"]) == (epsilon, auditor)]
      places = [names.index(row["mechanism"]) + 0.12 - 0.24 * index for row in own]
      bounds = [min(row["lower_bound"], _MOST_DRAWN * epsilon) for row in own]
      axes.plot(bounds, places, linestyle="", markersize=6, label=auditor, **style.look(index))
    axes.axvline(epsilon, label="the claim", **style.BOUND)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(-0.05 * epsilon, (_MOST_DRAWN + 0.1) * epsilon)
    axes.set_xlabel(f"lower bound on epsilon (claim {epsilon:g})", fontsize=9)
  handles, labels = panels[0].get_legend_handles_labels()
  drawn.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
  return drawn


EXPERIMENT = Audit
