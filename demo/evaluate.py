r"""Measures "avatars" and prints it.

    python -m demo.evaluate

Everything is measured on portraits and codes that nothing was trained on.
"""

from absl import app, flags

from privai_tf.demo.factors import ATTRIBUTES
from privai_tf.demo.figures import inversion_figures, sample_figures

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "The generator.")
_COUNT = flags.DEFINE_integer("count", 2000, "Samples.")
_SEED = flags.DEFINE_integer("seed", 77, "Of the samples.")
_STEPS = flags.DEFINE_integer("inversion_steps", 100, "Steps of the inversion; 0: no inversion.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.attributes.classifier import load_classifier

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  boundaries = {
    space: [
      privai_tf.Boundary.load(f"{_CHECKPOINT.value}/{name}", latent_space=space)
      for name in ATTRIBUTES
    ]
    for space in ("W", "Z")
  }
  classifier = load_classifier("avatars")
  for name, value in sample_figures(generator, classifier, boundaries, _COUNT.value, _SEED.value):
    print(f"{name}: {value:.4f}")
  if _STEPS.value:
    for name, value in inversion_figures(generator, _STEPS.value, _SEED.value + 1):
      print(f"{name}: {value:.2f}")


if __name__ == "__main__":
  app.run(main)
