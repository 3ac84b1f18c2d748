r"""The reference prototype's own study, redone, and what a two-class attacker says of its mechanism.

    python -m privai_tf.evaluate --experiment=reference --output_dir=reference

*study*: a face is moved to the attribute scorer's decision boundary (line search, bisection); noise is
added along the boundary's normal ("sub"), in any direction and as long ("iso_nm") or calibrated in all
dimensions ("iso_dp"); epsilon 0.2 to 2, tau 0.5 and 1, 200 draws each; the prototype's table of seventeen
columns is prototype_table.csv. "attack" is the share of draws of which the scorer says what it said of the
anchor: a figure without a floor, since nobody says what a blind guess would reach.

*two-class*: 4,400 faces, half with the attribute, are released by the same mechanism and guessed, blind
guess 50%, by attackers who learn on originals, on releases, or know that noise was clipped.

*equal*: ours, the prototype's and noise in all dimensions where the adaptive attacker is as often right:
how many other attributes stay, whose face it is, how real it looks. (--attribute: the one that is hidden,
and the second one of the study.)

About 6 minutes of one free core (376 CPU-seconds), more where codes of the faces are still to be made. To expect: the prototype's mechanism is read in 94 to 97% of faces at every epsilon and tau, and in
95% from the rest that it publishes untouched alone; ours at epsilon 1 in 64%, at 4 in 91%.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError
from privai_tf.evaluation.experiments import equal_privacy, reference_plots, reference_study
from privai_tf.evaluation.experiments.attacks import Trial
from privai_tf.evaluation.experiments.experiment import Cell, Experiment, Report, Row
from privai_tf.evaluation.experiments.faces import Faces, balanced, load_faces
from privai_tf.evaluation.experiments.intervals import share
from privai_tf.evaluation.experiments.reference_study import Anchor, Tools
from privai_tf.evaluation.experiments.releases import pictures_of, prepared_release, spec_of

EPSILONS, TAUS = (0.2, 0.5, 1.0, 2.0), (0.5, 1.0)
ATTACKERS = ("majority", "fixed", "linear", "boosting", "two_sided")
# Four to each direction of the rest, or a linear attacker knows its training half by heart.
_FACES, _QUICK_FACES = 4400, 400
_ANCHORS, _DRAWS, _QUICK_DRAWS = 1, 200, 40  # The prototype's study was of one face, too.
_MATCHED = 32  # Draws at each step of the search for equal utility.
_DRAWN, _QUICK_DRAWN = 150, 60


class Reference(Experiment):
  """See the module."""

  name = "reference"
  title = "The reference prototype's study, redone"

  @property
  def _attributes(self) -> tuple[str, str]:
    """The one that is hidden, and the second one."""
    named = self.settings.attributes
    return (*named, *(name for name in ("age", "gender") if name not in named))[:2]

  @property
  def _epsilons(self) -> tuple[float, ...]:
    return self.settings.epsilons or ((0.5, 2.0) if self.settings.quick else EPSILONS)

  @property
  def _count(self) -> int:
    return self.settings.faces or (_QUICK_FACES if self.settings.quick else _FACES)

  @functools.cached_property
  def _faces(self) -> Faces:
    wanted = self.settings
    return load_faces(wanted.checkpoint, self._count, wanted.latent_space, wanted.given_codes)

  @functools.cached_property
  def _scorer(self) -> Any:
    from privai_tf.attributes.classifier import load_classifier

    folder = self._faces.generator.folder
    return load_classifier(folder.name if folder else self.settings.checkpoint)

  @functools.cached_property
  def _encoder(self) -> Any:
    from privai_tf.inversion.encoder import find_encoder

    encoder = find_encoder(self._faces.generator)
    if encoder is None:
      raise CheckpointError(
        "The experiment reference looks at pictures through the checkpoint's encoder, and there is "
        "none: train one with `python -m privai_tf.train_encoder`."
      )
    return encoder

  @functools.cached_property
  def _direction(self) -> np.ndarray:
    """The attribute's normal, the second one's part taken out, as the prototype does."""
    one, other = (self._faces.boundary(name).normal for name in self._attributes)
    left = one - (one @ other) * other
    return left / np.linalg.norm(left)

  @functools.cached_property
  def _tools(self) -> Tools:
    from privai_tf.evaluation.utility.likeness import ms_ssim

    public = self._faces.calibration.codes.astype(np.float64)
    center = public.mean(axis=0)
    _, sizes, directions = np.linalg.svd(public[:3000] - center, full_matrices=False)
    kept = sizes > 0.02 * sizes[0]
    axes = directions[kept].T / (sizes[kept] / np.sqrt(min(3000, len(public))))
    return Tools(
      draw=lambda codes: pictures_of(self._faces, codes),
      scores=self._scorer.select(self._attributes).scores,
      embed=lambda images: (np.asarray(self._encoder.encode(images)) - center) @ axes,
      similarity=ms_ssim,
    )

  @functools.cached_property
  def _spread(self) -> float:
    return float((self._faces.calibration.codes @ self._direction).std())

  @functools.lru_cache(maxsize=4)  # noqa: B019  (As long as the process.)
  def _anchor(self, index: int) -> tuple[Anchor, float, dict[float, float]]:
    """An anchor, L in all dimensions, and L on the subspace by tau."""
    code = self._faces.codes[index].astype(np.float64)
    anchor = reference_study.find_anchor(code, self._direction, self._spread, self._tools)
    everywhere = reference_study.lipschitz_everywhere(anchor, self.settings.seed, self._tools)
    cover = {
      tau: reference_study.lipschitz_on_subspace(anchor, self._direction, tau, self._tools)
      for tau in TAUS
    }
    return anchor, max(everywhere, *cover.values()), cover

  def cells(self) -> list[Cell]:
    anchors = range(_ANCHORS)
    taus = [
      (index, tau, epsilon) for index in anchors for tau in TAUS for epsilon in self._epsilons
    ]
    most = 2 if self.settings.quick else max(map(len, equal_privacy.DIALS.values()))
    dials = [
      (mechanism, values[place])
      for place in range(most)
      for mechanism, values in equal_privacy.DIALS.items()
      if place < len(values)
    ]
    return [
      *(("equal", *cell) for cell in dials),
      *(("two-class", tau, epsilon) for tau in TAUS for epsilon in self._epsilons),
      *(("study", *cell) for cell in taus),
    ]

  def run(self, cell: Cell) -> list[Row]:
    kind, *rest = cell
    run = {"study": self._study, "two-class": self._two_class, "equal": self._equal}[str(kind)]
    return [{"part": kind} | row for row in run(*rest)]

  def _study(self, index: int, tau: float, epsilon: float) -> list[Row]:
    anchor, everywhere, cover = self._anchor(index)
    count = _QUICK_DRAWS if self.settings.quick else _DRAWS
    sigmas = {
      "sub": reference_study.sigma_of(cover[tau], tau, epsilon),
      "iso_dp": reference_study.sigma_of(everywhere, tau, epsilon),
    }
    sigmas["iso_nm"] = sigmas["sub"]
    estimates = {"Ls_est": cover[tau], "Lfull_est": everywhere}
    rows, seed = [], self.settings.seed
    for method in reference_study.METHODS:
      added = reference_study.moves(method, self._direction, sigmas[method], tau, count, seed)
      figures, _ = reference_study.monte_carlo(anchor, added, self._tools)
      rows.append(
        {"face": index}
        | reference_study.table_row(
          method, epsilon, tau, sigmas[method], estimates, figures, anchor
        )
      )
    goal = rows[0]["perc_mean"]
    sigma, matched = reference_study.matching_sigma(
      goal, self._direction, tau, sigmas["iso_dp"], anchor, self._tools,
      count=min(count, _MATCHED), seed=seed,
    )  # fmt: skip
    equal = {"tau": tau, "eps_sub": epsilon, "sigma_sub": sigmas["sub"], "perc_sub": goal}
    equal |= {"attack_sub": rows[0]["attack_mean"], "sigma_iso_match": sigma}
    equal |= {"perc_iso_match": matched["perc"][0], "attack_iso_match": matched["attack"][0]}
    implied = reference_study.sigma_of(everywhere, tau, 1.0) / sigma
    equal |= {"eps_iso_implied": implied, "matched": matched["perc"][0] >= 0.9 * goal}
    return [*rows, {"face": index, "equal_utility": True} | equal]

  def _two_class(self, tau: float, epsilon: float) -> list[Row]:
    attribute = self._attributes[0]
    _, _, cover = self._anchor(0)
    spec = spec_of("reference_postclip", epsilon, clip_radius=tau, lipschitz=cover[tau])
    prepared = prepared_release(self._faces, spec, (attribute,))
    trial = Trial(self._faces, prepared, self._count)
    rows = [
      {"attribute": attribute, "attacker": row["measure"], "tested": row["count"]}
      | {"accuracy": row["value"], "low": row["low"], "high": row["high"]}
      for row in trial.attack(attribute, ATTACKERS, self.settings.seed)
    ]
    return [{"tau": tau, "eps": epsilon} | row for row in [*rows, self._score_level(tau, epsilon)]]

  @functools.cached_property
  def _rows(self) -> np.ndarray:
    """Balanced faces."""
    return balanced(self._faces.labels(self._attributes[0]), self._count, self.settings.seed)

  @functools.cached_property
  def _originals(self) -> np.ndarray:
    """Pictures of the first of them."""
    drawn = _QUICK_DRAWN if self.settings.quick else _DRAWN
    return pictures_of(self._faces, self._faces.codes[self._rows[:drawn]])

  @functools.cached_property
  def _scores(self) -> np.ndarray:
    """The scorer's, float64 [n]."""
    return np.asarray(self._tools.scores(self._originals)[:, 0], np.float64)

  def _score_level(self, tau: float, epsilon: float) -> Row:
    """The score itself, with the prototype's noise in units of the score, and no picture at all."""
    _, _, cover = self._anchor(0)
    sigma = reference_study.sigma_of(cover[tau], tau, epsilon)
    noise = np.random.default_rng(self.settings.seed).standard_normal(len(self._scores)) * sigma
    right = ((self._scores + noise) >= 0) == (self._scores >= 0)
    found = share(int(right.sum()), len(right))
    row: Row = {"attribute": self._attributes[0], "attacker": "score-level release"}
    row |= {"sees": "score", "tested": len(right), "right": int(right.sum())}
    return row | {"accuracy": found.value, "low": found.low, "high": found.high}

  def _equal(self, mechanism: str, dial: float) -> list[Row]:
    return [
      equal_privacy.measured(
        mechanism,
        dial,
        self._faces,
        self._attributes[0],
        self._scorer,
        self._encoder,
        rows=self._rows,
        originals=self._originals,
        seed=self.settings.seed,
      )
    ]

  def report(self, rows: Sequence[Row]) -> Report:
    return reference_plots.report(rows, self._grid)

  def _grid(self, tau: float) -> Any:
    """A row a method, a column an epsilon; the anchor on the left."""
    anchor, everywhere, cover = self._anchor(0)
    lines = []
    for method in reference_study.METHODS:
      codes = [anchor.code]
      for epsilon in self._epsilons:
        lipschitz = everywhere if method == "iso_dp" else cover[tau]
        sigma = reference_study.sigma_of(lipschitz, tau, epsilon)
        codes.append(
          anchor.code + reference_study.moves(method, self._direction, sigma, tau, 1, 1)[0]
        )
      pictures = self._tools.draw(np.stack(codes).astype(np.float32))
      lines.append(np.clip(np.rint(pictures * 127.5 + 127.5), 0, 255).astype(np.uint8))
    return reference_plots.sheet(lines, self._epsilons)


EXPERIMENT = Reference
