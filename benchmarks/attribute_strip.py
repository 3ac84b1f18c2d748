"""Pictures of scope "attribute": the same faces released by each mechanism at each epsilon.

  python -m benchmarks.attribute_strip --attribute=smile --output=attribute_strip.png

A row a face; the original on the left, then each of `MECHANISMS` at epsilon 1, 4 and 8. The faces are
generated ones, inverted by the checkpoint's encoder, so nobody's.
"""

import pathlib

from absl import app, flags

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "Which generator.")
_ATTRIBUTE = flags.DEFINE_string("attribute", "smile", "Which attribute is hidden.")
_SEED = flags.DEFINE_integer("seed", 3, "Of the faces.", lower_bound=0)
_OUTPUT = flags.DEFINE_string("output", "attribute_strip.png", "The PNG.")

# Mechanism, clip quantile (None: the best radius) and decoding.
MECHANISMS = (
  ("laplace", 0.99, "raw"),
  ("laplace", None, "mean"),
  ("extremal", None, "value"),
  ("extremal", None, "sample"),
)
_EPSILONS = (1.0, 4.0, 8.0)
_FACES = 4
_SPACE = "W"


def main(_: list[str]) -> None:
  import privai_tf
  from benchmarks.strips import save_strip
  from privai_tf.inversion.public_codes import public_codes
  from privai_tf.inversion.spec import InversionSpec
  from privai_tf.privacy import PrivacySpec

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  fresh = generator.map(generator.sample_z(_FACES, seed=_SEED.value))
  encoded = InversionSpec(latent_space=_SPACE, init="encoder", steps=0)
  faces = privai_tf.invert(generator.synthesize(fresh, latent_space=_SPACE), generator, encoded)
  boundary = privai_tf.Boundary.load(f"{_CHECKPOINT.value}/{_ATTRIBUTE.value}", latent_space=_SPACE)
  codes = public_codes(generator, encoded)
  columns = [faces.latents]
  for mechanism, quantile, decode in MECHANISMS:
    for epsilon in _EPSILONS:
      spec = PrivacySpec(mechanism, epsilon=epsilon, clip_quantile=quantile, decode=decode)
      released = privai_tf.privatize(
        faces.latents, generator, boundary, spec, latent_space=_SPACE, public_codes=codes
      )
      columns.append(released.latents)
  print(save_strip(generator, columns, _SPACE, pathlib.Path(_OUTPUT.value)))


if __name__ == "__main__":
  app.run(main)
