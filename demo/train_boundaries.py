r"""Fits the boundaries of "avatars": five attributes, in W and in Z.

    python -m demo.train_boundaries

As for a generator whose factors nobody knows: random codes, their images, a classifier's verdict on
these, a linear machine. Z has 512 directions of which few matter, so that it takes many codes; there
the label is the side of W's boundary on which the code is mapped, which needs no images.
"""

import numpy as np
from absl import app, flags, logging

from demo.embedding import factors_of_scores, scores_of_z
from demo.factors import ATTRIBUTES, labels

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "Generator: a folder or a name.")
_OUTPUT = flags.DEFINE_string("output", "boundaries/avatars", "Where the boundaries go.")
_COUNT = flags.DEFINE_integer("count", 8000, "Codes that are drawn and judged, for W.")
_Z_COUNT = flags.DEFINE_integer("z_count", 30000, "Codes for Z.")
_SEED = flags.DEFINE_integer("seed", 11, "Of the codes.")
# The codes near the plane are those that the classifier is unsure of.
_CHOSEN_SHARE = flags.DEFINE_float("chosen_share", 0.8, "Share of the codes that is used.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.attributes.classifier import load_classifier
  from privai_tf.attributes.svm import fit_boundary
  from privai_tf.privacy import PrivacySpec, calibrate, principal_directions
  from privai_tf.runtime.files import make_folder

  logging.set_verbosity(logging.INFO)
  folder = make_folder(_OUTPUT.value)
  generator = privai_tf.load_generator(_CHECKPOINT.value)
  classifier = load_classifier("avatars")
  made_by = {
    "made_by": "python -m demo.train_boundaries",
    "checkpoint": "avatars",
    "checkpoint_sha256": generator.fingerprint,
    "codes_seed": _SEED.value,
    "licence": "Apache-2.0",
  }
  z = generator.sample_z(_COUNT.value, seed=_SEED.value)
  w = generator.map(z)
  logits = classifier.logits(generator.synthesize(w, latent_space="W"))
  known = labels(factors_of_scores(scores_of_z(z)))
  many_z = generator.sample_z(_Z_COUNT.value, seed=_SEED.value + 1)
  many_w = generator.map(many_z)
  for index, name in enumerate(ATTRIBUTES):
    in_w = fit_boundary(
      w,
      logits[:, index],
      "W",
      name=name,
      chosen_share=_CHOSEN_SHARE.value,
      provenance={**made_by, "labels": "attribute classifier on the codes' images"},
    )
    agreement = np.mean((in_w.coordinate(w) > 0) == known[:, index])
    in_w.provenance["agreement_with_the_factors"] = round(float(agreement), 4)
    in_z = fit_boundary(
      many_z,
      in_w.coordinate(many_w) > 0,
      "Z",
      name=name,
      regularization=0.01,
      provenance={**made_by, "labels": "side of W's boundary"},
    )
    for boundary in (in_w, in_z):
      space = boundary.latent_space.lower()
      path = folder / f"{name}_{space}_boundary.npy"
      calibrate(boundary, generator).save(path)
      logging.info("%s %s: %s", name, space, boundary.provenance)
  # For scopes image and metric, from the samples that PrivacySpec calibrates with.
  samples = PrivacySpec()
  for space in ("W", "Z"):
    found = principal_directions(
      generator, space, samples.calibration_count, samples.calibration_seed
    )
    found.save(folder / f"principal_{space.lower()}.npz")


if __name__ == "__main__":
  app.run(main)
