r"""Draws faces of a photorealistic generator at 256 x 256 and keeps them; sketches likewise.

    python -m demo.photo_draw --checkpoint=mobilestylegan-ffhq --num=1000 --sketches=20000 --work_dir=photo_samples

A picture costs most of a second, so each hundred is a file; broken off, the call goes on with the next.
`demo.photo_encoder --start` and `demo.label_sketches` use what is there.
"""

from pathlib import Path

from absl import app, flags

from privai_tf.demo.photo_previews import draw_previews
from privai_tf.demo.photo_samples import FITTED, draw_samples

_CHECKPOINT = flags.DEFINE_string("checkpoint", "mobilestylegan-ffhq", "The generator.")
_NUM = flags.DEFINE_integer("num", 2000, "Faces.", lower_bound=1)
_SKETCHES = flags.DEFINE_integer(
  "sketches", 0, "Small and rough faces besides, a twentieth of the cost.", lower_bound=0
)
_WORK_DIR = flags.DEFINE_string("work_dir", "photo_samples", "Where they are kept.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf

  generator, folder = privai_tf.load_generator(_CHECKPOINT.value), Path(_WORK_DIR.value)
  draw_previews(generator, folder, _NUM.value)
  if _SKETCHES.value:
    draw_samples(generator, folder, FITTED, _SKETCHES.value)


if __name__ == "__main__":
  app.run(main)
