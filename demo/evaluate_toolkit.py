r"""Measures the latent-space toolkit on "avatars" and prints it.

    python -m demo.evaluate_toolkit

Boundaries of the classifier's scores against boundaries of the factors; how often an edit changes
its own and each other attribute; what probes still find of the eyeglasses when they are projected
out. Ends with 1 if a figure misses its target.
"""

import numpy as np
from absl import app, flags

from privai_tf.demo.factors import ATTRIBUTES, labels

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "The generator.")
_COUNT = flags.DEFINE_integer("count", 6000, "Samples for boundaries.")
_EDITED = flags.DEFINE_integer("edited", 300, "Samples that are edited.")
_Z_COUNT = flags.DEFINE_integer("z_count", 40000, "Codes for the erasure in Z, no images.")
_SEED = flags.DEFINE_integer("seed", 101, "Of the samples.")

_LEAST_COSINE, _LEAST_OWN, _MOST_OTHER, _NEAR_CHANCE = 0.95, 0.95, 0.10, 0.03
_ERASED = "eyeglasses"


def _told(words: str, holds: bool) -> bool:
  print(f"{words}: {'holds' if holds else 'MISSED'}", flush=True)
  return holds


def _cosines(samples, space: str) -> bool:
  from privai_tf.demo.toolkit_figures import boundary_cosines

  cosines = boundary_cosines(samples, space)
  print(f"{space}: cosine of the boundaries of scores and of factors")
  print("  " + ", ".join(f"{name} {value:.3f}" for name, value in cosines.items()))
  return _told(f"  each at least {_LEAST_COSINE}", min(cosines.values()) >= _LEAST_COSINE)


def _edits(generator, classifier, space: str) -> bool:
  import privai_tf
  from privai_tf.demo.toolkit_figures import conditional_boundaries, edit_changes

  z = generator.sample_z(_EDITED.value, _SEED.value + 1)
  codes = generator.map(z) if space == "W" else z
  names = [f"{_CHECKPOINT.value}/{name}" for name in ATTRIBUTES]
  plain = [privai_tf.Boundary.load(name, latent_space=space) for name in names]
  for kind, boundaries in (
    ("of one attribute each", plain),
    ("conditional on the others", conditional_boundaries(generator, plain)),
  ):
    changes = edit_changes(generator, classifier, boundaries, codes)
    print(f"{space}: % of verdicts changed by 3 standard deviations, boundaries {kind}")
    print("  edit of    " + "".join(f"{name:>11}" for name in ATTRIBUTES))
    for name, row in zip(ATTRIBUTES, 100 * changes, strict=True):
      print(f"  {name:<11}" + "".join(f"{value:11.1f}" for value in row))
  own = np.eye(len(ATTRIBUTES), dtype=bool)
  return _told(
    f"  conditional: own at least {_LEAST_OWN:.0%}, others at most {_MOST_OTHER:.0%}",
    changes[own].min() >= _LEAST_OWN and changes[~own].max() <= _MOST_OTHER,
  )


def _erasure(generator, samples, space: str) -> bool:
  from privai_tf.attributes.nullspace import METHODS, find_subspace
  from privai_tf.demo.embedding import factors_of_scores, scores_of_z

  index = ATTRIBUTES.index(_ERASED)
  codes, present = samples.codes[space], samples.logits[:, index] > 0
  judged = "classifier"
  if space == "Z":
    # All 512 directions vary in Z: it takes more codes than can be drawn in minutes.
    codes = generator.sample_z(_Z_COUNT.value, _SEED.value + 2)
    present, judged = labels(factors_of_scores(scores_of_z(codes)))[:, index], "factors"
  reached = {}
  for method in METHODS:
    found = find_subspace(codes, present, latent_space=space, name=_ERASED, method=method)
    facts = found.provenance
    before, after = facts["fresh_probes"]["before"], facts["fresh_probes"]["after"]
    reached[method] = after["linear"]
    print(
      f"{space}: {_ERASED} erased by {method}, labels of the {judged}, {len(codes)} codes: k = "
      f"{found.k}; fresh linear probe {before['linear']:.1%} -> {after['linear']:.1%}, nonlinear "
      f"{before['nonlinear']:.1%} -> {after['nonlinear']:.1%}, a guesser 50% +- "
      f"{facts['fresh_deviation']:.1%}"
    )
  return _told(
    f"  inlp: linear within {_NEAR_CHANCE:.0%} of chance",
    abs(reached["inlp"] - 0.5) <= _NEAR_CHANCE,
  )


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.attributes.classifier import load_classifier
  from privai_tf.demo.toolkit_figures import draw_samples

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  classifier = load_classifier("avatars")
  samples = draw_samples(generator, classifier, _COUNT.value, _SEED.value)
  held = []
  for space in samples.codes:
    held.append(_cosines(samples, space))
    held.append(_edits(generator, classifier, space))
    held.append(_erasure(generator, samples, space))
  if not all(held):
    raise SystemExit(1)


if __name__ == "__main__":
  app.run(main)
