r"""Draws the pictures of the README.

    python -m demo.pictures --checkpoint=avatars
    python -m demo.pictures --checkpoint=avatars_pggan

`samples.png`: random avatars. `edits.png`: some of them moved along each boundary.
`privatized.png`: renders, their inversion, and private versions for several epsilons; of "avatars"
only. The pictures of "avatars_pggan" are `samples_pggan.png` and `edits_pggan.png`.
"""

from pathlib import Path

from absl import app, flags

from privai_tf.demo.factors import ATTRIBUTES
from privai_tf.demo.sheets import edits, privatized, samples

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "Generator: avatars or avatars_pggan.")
_OUTPUT = flags.DEFINE_string("output", "docs/pictures", "Folder of the pictures.")
_SEED = flags.DEFINE_integer("seed", 5, "Of the samples.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf

  folder = Path(_OUTPUT.value)
  folder.mkdir(parents=True, exist_ok=True)
  generator = privai_tf.load_generator(_CHECKPOINT.value)
  space = "W" if "W" in generator.latent_spaces else "Z"
  names = [f"{_CHECKPOINT.value}/{name}" for name in ATTRIBUTES]
  boundaries = [privai_tf.Boundary.load(name, latent_space=space) for name in names]
  ending = _CHECKPOINT.value.removeprefix("avatars") + ".png"
  samples(generator, _SEED.value).save(folder / f"samples{ending}")
  edits(generator, boundaries, _SEED.value).save(folder / f"edits{ending}")
  if space == "W":
    smile = boundaries[ATTRIBUTES.index("smile")]
    privatized(generator, smile, _SEED.value).save(folder / f"privatized{ending}")


if __name__ == "__main__":
  app.run(main)
