r"""Draws the pictures of the README.

    python -m demo.pictures

`samples.jpg`: random avatars. `edits.jpg`: some of them moved along each boundary.
`privatized.jpg`: renders, their inversion, and private versions for several epsilons.
"""

from pathlib import Path

from absl import app, flags

from privai_tf.demo.factors import ATTRIBUTES
from privai_tf.demo.sheets import edits, privatized, samples

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "The generator.")
_OUTPUT = flags.DEFINE_string("output", "docs/pictures", "Folder of the pictures.")
_QUALITY = 90  # Of the JPEG files.
_SEED = flags.DEFINE_integer("seed", 5, "Of the samples.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf

  folder = Path(_OUTPUT.value)
  folder.mkdir(parents=True, exist_ok=True)
  generator = privai_tf.load_generator(_CHECKPOINT.value)
  names = [f"{_CHECKPOINT.value}/{name}" for name in ATTRIBUTES]
  boundaries = [privai_tf.Boundary.load(name, latent_space="W") for name in names]
  samples(generator, _SEED.value).save(folder / "samples.jpg", quality=_QUALITY)
  edits(generator, boundaries, _SEED.value).save(folder / "edits.jpg", quality=_QUALITY)
  smile = boundaries[ATTRIBUTES.index("smile")]
  privatized(generator, smile, _SEED.value).save(folder / "privatized.jpg", quality=_QUALITY)


if __name__ == "__main__":
  app.run(main)
