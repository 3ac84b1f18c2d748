r"""Draws the pictures of the README.

    python -m demo.pictures

`samples.png`: random avatars. `edits.png`: some of them moved along each boundary.
`privatized.png`: renders, their inversion, and private versions for several epsilons.
"""

from pathlib import Path

from absl import app, flags

from demo.factors import ATTRIBUTES
from demo.sheets import edits, privatized, samples

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "Generator: a folder or a name.")
_OUTPUT = flags.DEFINE_string("output", "docs/pictures", "Folder of the pictures.")
_SEED = flags.DEFINE_integer("seed", 5, "Of the samples.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf

  folder = Path(_OUTPUT.value)
  folder.mkdir(parents=True, exist_ok=True)
  generator = privai_tf.load_generator(_CHECKPOINT.value)
  boundaries = [privai_tf.Boundary.load(f"avatars/{n}", latent_space="W") for n in ATTRIBUTES]
  samples(generator, _SEED.value).save(folder / "samples.png")
  edits(generator, boundaries, _SEED.value).save(folder / "edits.png")
  smile = boundaries[ATTRIBUTES.index("smile")]
  privatized(generator, smile, _SEED.value).save(folder / "privatized.png")


if __name__ == "__main__":
  app.run(main)
