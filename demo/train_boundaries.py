r"""Fits the boundaries of "avatars": five attributes, in W and in Z.

    python -m demo.train_boundaries

As for a generator whose factors nobody knows: random codes, their images, a classifier's verdict on
these, a linear machine. Z has 512 directions of which few matter, so that it takes many codes; the
label of a Z code is the side of W's boundary on which it is mapped, which needs no images.
"""

import numpy as np
from absl import app, flags, logging

from privai_tf.demo.embedding import factors_of_scores, scores_of_z
from privai_tf.demo.factors import ATTRIBUTES, labels

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "The generator.")
_OUTPUT = flags.DEFINE_string(
  "output", None, "Where the boundaries go. By default boundaries/ and the checkpoint's name."
)
_COUNT = flags.DEFINE_integer("count", 8000, "Codes that are drawn and judged, for W.")
_Z_COUNT = flags.DEFINE_integer("z_count", 30000, "Codes for Z.")
_SEED = flags.DEFINE_integer("seed", 11, "Of the codes.")
# The codes near the plane are those that the classifier is unsure of.
_CHOSEN_SHARE = flags.DEFINE_float("chosen_share", 0.8, "Share of the judged codes that is used.")
# Of Z, with its many directions that do not matter.
_Z_REGULARIZATION = 0.01
_JUDGED = "attribute classifier on the codes' images"


def _in_w(generator, classifier, made_by: dict) -> list:
  """The boundaries of W."""
  from privai_tf.attributes.svm import fit_boundary
  from privai_tf.demo.toolkit_figures import judge

  w = generator.map(generator.sample_z(_COUNT.value, seed=_SEED.value))
  logits = judge(generator, classifier, w, "W")
  return [
    fit_boundary(
      w,
      logits[:, index],
      "W",
      name=name,
      chosen_share=_CHOSEN_SHARE.value,
      provenance={**made_by, "labels": _JUDGED},
    )
    for index, name in enumerate(ATTRIBUTES)
  ]


def _in_z(generator, of_w: list, made_by: dict) -> list:
  """The boundaries of Z, from W's."""
  from privai_tf.attributes.svm import fit_boundary

  z = generator.sample_z(_Z_COUNT.value, seed=_SEED.value + 1)
  w = generator.map(z)
  return [
    fit_boundary(
      z,
      boundary.coordinate(w) > 0,
      "Z",
      name=boundary.name,
      chosen_share=1.0,
      regularization=_Z_REGULARIZATION,
      provenance={**made_by, "labels": "side of W's boundary"},
    )
    for boundary in of_w
  ]


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.attributes.classifier import load_classifier
  from privai_tf.privacy import PrivacySpec, calibrate, principal_directions
  from privai_tf.runtime.files import make_folder

  logging.set_verbosity(logging.INFO)
  folder = make_folder(_OUTPUT.value or f"boundaries/{_CHECKPOINT.value}")
  generator = privai_tf.load_generator(_CHECKPOINT.value)
  classifier = load_classifier("avatars")
  made_by = {
    "made_by": f"python -m demo.train_boundaries --checkpoint={_CHECKPOINT.value}",
    "checkpoint": _CHECKPOINT.value,
    "checkpoint_sha256": generator.fingerprint,
    "codes_seed": _SEED.value,
    "licence": "Apache-2.0",
  }
  boundaries = {"W": _in_w(generator, classifier, made_by)}
  boundaries["Z"] = _in_z(generator, boundaries["W"], made_by)
  # Codes that nothing was fitted to.
  z = generator.sample_z(_COUNT.value, seed=_SEED.value + 2)
  known = labels(factors_of_scores(scores_of_z(z)))
  samples = PrivacySpec()
  for space, of_space in boundaries.items():
    codes = generator.map(z) if space == "W" else z
    for index, boundary in enumerate(of_space):
      agreement = np.mean((boundary.coordinate(codes) > 0) == known[:, index])
      boundary.provenance["agreement_with_the_factors"] = round(float(agreement), 4)
      path = folder / f"{boundary.name}_{space.lower()}_boundary.npy"
      calibrate(boundary, generator).save(path)
      logging.info("%s %s: %s", boundary.name, space, boundary.provenance)
    # For scopes image and metric, from the samples that PrivacySpec calibrates with.
    found = principal_directions(
      generator, space, samples.calibration_count, samples.calibration_seed
    )
    found.save(folder / f"principal_{space.lower()}.npz")


if __name__ == "__main__":
  app.run(main)
