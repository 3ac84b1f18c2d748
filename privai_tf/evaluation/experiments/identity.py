r"""Scope "image": is a released face recognized, and what is it still good for?

    python -m privai_tf.evaluate --experiment=identity --checkpoint=avatars --output_dir=identity

Every mechanism publishes one release of each of 2,000 generated faces (and of 1,000 others, which
attackers know by name and learn from). A release is looked up in galleries of 10 and of 100 originals:
by the likeliest face (the best attacker there is, who knows the mechanism), the nearest code, codes that
a ridge regression or a network makes of released ones, and by pictures: re-inverted with the
checkpoint's encoder, or by dlib's and `faceres`'s embeddings where they are at hand and pictures have 256
pixels. Bound: e^epsilon / (e^epsilon + n - 1) among n faces, for any attacker.

Then the use of a data set: a linear classifier is trained on released codes with the labels of their
originals, and tested on originals; with all directions alike, and with weights for age, gender and pose.

About 10 minutes of one free core (avatars; `--quick`: 2). To expect at epsilon 1, 4, 8 among 10 faces
(bound: 23.2, 85.8, 99.7%): subset_selection is found by the best attacker in 17.9, 60.1 and 91.9%, gaussian
(delta 1e-5) in 13.3, 19.7 and 28.9%. Photorealistic faces take 1 to 3 s a picture: 60 of them are drawn, and
`benchmarks.photo_identity` says more with what is drawn already.
"""

import functools
from collections.abc import Sequence

import numpy as np

from privai_tf.evaluation.experiments import identity_plots
from privai_tf.evaluation.experiments.drawn_faces import DrawnFaces, draw_faces
from privai_tf.evaluation.experiments.experiment import Cell, Experiment, Report, Row
from privai_tf.evaluation.experiments.intervals import share
from privai_tf.evaluation.experiments.releases import spec_of
from privai_tf.evaluation.recognition.deanonymizer import learn
from privai_tf.evaluation.recognition.likeliest import likeliest_scores, observed
from privai_tf.evaluation.recognition.matching import (
  auc_bound,
  gallery_scores,
  identification,
  identification_bound,
)
from privai_tf.evaluation.recognition.recognizer import (
  Recognizer,
  codes_recognizer,
  encoder_recognizer,
  recognizers_at_hand,
)
from privai_tf.evaluation.utility.figures import utility_figures
from privai_tf.evaluation.utility.kernel_distance import kernel_distances
from privai_tf.privacy.prepared import PreparedRelease

MECHANISMS = ("subset_selection", "gaussian", "l2_laplace")
WEIGHTED = "subset_selection, weighted"
WEIGHTS = (("age", 3.0), ("gender", 3.0), ("pose", 1.0))
EPSILONS = (1.0, 4.0, 8.0)
SIZES = (10, 100)
_FACES, _QUICK_FACES = 2000, 400
_DRAWN_SMALL, _DRAWN_LARGE = 600, 60
_LARGE = 256  # Pictures that recognizers of photos can read.
_USE = ("age", "gender", "pose", "smile")


class Identity(Experiment):
  """See the module."""

  name = "identity"
  title = "Is a released face recognized?"

  @property
  def _count(self) -> int:
    return self.settings.faces or (_QUICK_FACES if self.settings.quick else _FACES)

  @functools.cached_property
  def _faces(self) -> DrawnFaces:
    settings = self.settings
    return draw_faces(settings.checkpoint, self._count, self._count // 2, settings.latent_space)

  @functools.cached_property
  def _codes(self) -> Recognizer:
    return codes_recognizer(self._faces.generator, self._faces.latent_space)

  @functools.cached_property
  def _drawn(self) -> int:
    """Faces whose pictures are looked at."""
    large = self._faces.generator.resolution >= _LARGE
    most = _DRAWN_LARGE if large else _DRAWN_SMALL
    return min(self._count, most // 5 if self.settings.quick else most)

  @functools.cached_property
  def _recognizers(self) -> list[Recognizer]:
    """Of pictures."""
    from privai_tf.inversion.encoder import find_encoder

    if self._faces.generator.resolution >= _LARGE:
      return recognizers_at_hand()
    encoder = find_encoder(self._faces.generator)
    return [] if encoder is None else [encoder_recognizer(encoder, self._codes)]

  @functools.cached_property
  def _originals(self) -> np.ndarray:
    return self._faces.pictures(self._faces.tested[: self._drawn])

  def cells(self) -> list[Cell]:
    named = self.settings.mechanisms or (*MECHANISMS, WEIGHTED)
    epsilons = self.settings.epsilons or ((1.0, 8.0) if self.settings.quick else EPSILONS)
    cells = [(name, epsilon) for epsilon in epsilons for name in named]
    # At epsilon 1 next to nothing is left that weights could turn to something else.
    return [("original", 0.0), *(cell for cell in cells if cell[0] != WEIGHTED or cell[1] > 1)]

  def run(self, cell: Cell) -> list[Row]:
    name, epsilon = str(cell[0]), float(cell[1] or 0)
    faces = self._faces
    if name == "original":  # The control: nothing is released, and everybody is found.
      return self._pictured(faces.tested[: self._drawn], {"mechanism": name, "epsilon": None}, 0, 0)
    prepared = faces.prepared(self._spec(name, epsilon))
    delta = prepared.spec.delta
    common: Row = {"mechanism": name, "epsilon": epsilon}
    tested, known = (prepared.encode(codes).coordinates for codes in (faces.tested, faces.known))
    noisy, released = observed(prepared, tested)
    _, learned_from = observed(prepared, known)
    rows = []
    for attacker, scores in self._code_attacks(prepared, noisy, tested, released, learned_from):
      rows.append(_found(common | {"attacker": attacker, "sees": "codes"}, scores, epsilon, delta))
    if name != WEIGHTED:
      rows += self._pictured(released[: self._drawn], common, epsilon, delta)
    return rows + self._uses(released, learned_from, common)

  def _spec(self, name: str, epsilon: float):
    if name != WEIGHTED:
      return spec_of(name, epsilon, "image")
    weights = tuple((key, value) for key, value in WEIGHTS if key in self._faces.boundaries)
    return spec_of("subset_selection", epsilon, "image", resemble=weights)

  def _code_attacks(
    self,
    prepared: PreparedRelease,
    noisy: np.ndarray,
    tested: np.ndarray,
    released: np.ndarray,
    learned_from: np.ndarray,
  ):
    """(attacker, scores) for every attacker on codes and every size of gallery."""
    codes, faces = self._codes, self._faces
    originals, known = codes.embed(faces.tested), codes.embed(faces.known)
    seen, seen_known = codes.embed(released), codes.embed(learned_from)
    guessed = {"nearest code": seen}
    for kind in ("ridge", "network"):
      guessed[f"learned, {kind}"] = learn(kind, seen_known, known, self.settings.seed)(seen)
    sizes = [size for size in SIZES if size <= len(tested)]
    likeliest = likeliest_scores(prepared, noisy, tested, sizes)
    for size in sizes:
      yield "likeliest face", likeliest[size]
      for attacker, embedded in guessed.items():
        yield attacker, gallery_scores(codes, embedded, originals, size)

  def _pictured(self, released: np.ndarray, common: Row, epsilon: float, delta: float) -> list[Row]:
    """What recognizers of pictures find, and what the pictures are worth."""
    pictures = self._faces.pictures(released)
    rows = []
    for recognizer in self._recognizers:
      embedded, originals = (recognizer.embed(images) for images in (pictures, self._originals))
      for size in SIZES:
        if len(embedded) >= size:
          scores = gallery_scores(recognizer, embedded, originals, size)
          named = common | {"attacker": recognizer.name, "sees": "pictures"}
          rows.append(_found(named, scores, epsilon, delta))
      distances = kernel_distances(embedded, originals)
      rows.append(
        common
        | {"figure": f"kid on {recognizer.name}", "value": float(distances.mean())}
        | {
          "low": float(np.quantile(distances, 0.005)),
          "high": float(np.quantile(distances, 0.995)),
        }
      )
    return rows + _figures(
      utility_figures(self._originals, pictures, detector=self._detector), common
    )

  @functools.cached_property
  def _detector(self):
    if self._faces.generator.resolution < _LARGE:
      return None
    from privai_tf.errors import ConfigurationError
    from privai_tf.evaluation.utility.faces_found import load_detector

    try:
      return load_detector("dlib")
    except ConfigurationError:
      return None

  def _uses(self, released: np.ndarray, learned_from: np.ndarray, common: Row) -> list[Row]:
    """Attributes that survive, and classifiers trained on releases, tested on originals."""
    from privai_tf.attributes.probes import fit_probe
    from privai_tf.attributes.separation import NotSeparableError

    faces, embed = self._faces, self._codes.embed
    rows = []
    for attribute in (name for name in _USE if name in faces.boundaries):
      truth, known = (faces.labels(codes, attribute) for codes in (faces.tested, faces.known))
      kept = faces.labels(released, attribute) == truth
      rows.append(_shared(common, f"kept {attribute}", kept))
      for source, codes in (("releases", learned_from), ("originals", faces.known)):
        try:
          guesses = fit_probe(embed(codes), known).side(embed(faces.tested))
        except NotSeparableError:
          guesses = np.ones(len(truth), bool)
        # Whose mean is the balanced accuracy: each class counts half.
        right = (guesses == truth) / (2 * np.where(truth, truth.mean(), 1 - truth.mean()))
        rows += _figures({f"{attribute}, trained on {source}": right}, common)
    similar = _cosines(embed(released), embed(faces.tested))
    return [*rows, *_figures({"cosine": similar}, common)]

  def report(self, rows: Sequence[Row]) -> Report:
    return identity_plots.report(rows)


def _found(common: Row, scores: np.ndarray, epsilon: float, delta: float) -> Row:
  found = identification(scores)
  bounded = epsilon > 0
  bound = identification_bound(epsilon, delta, found.size) if bounded else None
  auc = auc_bound(epsilon, delta) if bounded else None
  return common | {
    "gallery": found.size,
    "trials": found.trials,
    "rank_one": found.rank_one,
    "low": found.rank_one_interval[0],
    "high": found.rank_one_interval[1],
    "bound": bound,
    "auc": found.auc,
    "auc_low": found.auc_interval[0],
    "auc_high": found.auc_interval[1],
    "auc_bound": auc,
    "above_bound": bounded and (found.rank_one_interval[0] > bound or found.auc_interval[0] > auc),
  }


def _shared(common: Row, figure: str, right: np.ndarray) -> Row:
  found = share(int(right.sum()), len(right))
  return common | {"figure": figure, "value": found.value, "low": found.low, "high": found.high}


def _figures(figures: dict[str, np.ndarray], common: Row) -> list[Row]:
  from privai_tf.evaluation.experiments.intervals import mean

  rows = []
  for name, values in figures.items():
    values = values[np.isfinite(values)]
    if len(values):
      found = mean(values)
      rows.append(
        common | {"figure": name, "value": found.value, "low": found.low, "high": found.high}
      )
  return rows


def _cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
  lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
  return (one * other).sum(axis=1) / np.maximum(lengths, 1e-12)


EXPERIMENT = Identity
