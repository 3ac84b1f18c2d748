r"""What an encoder is worth: `python -m benchmarks.encoder`, with the avatars checkpoint by default.

Portraits that nothing was trained on are inverted twice: from the encoder's answer in a few steps,
and from the mean code (in Z the best of 64 random ones) in many. It prints the quality of both, the
seconds an image in batches, and how often the attribute classifier reads the same from a portrait
and from its inversion.
"""

import time

from absl import app, flags

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "A checkpoint with an encoder.")
_CLASSIFIER = flags.DEFINE_string("classifier", "avatars", "The attribute classifier.")
_COUNT = flags.DEFINE_integer("count", 64, "Portraits.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 900_001, "Of the portraits.")
_STEPS = flags.DEFINE_integer("steps", None, "From the encoder's code on; default: as usual, 50.")
_LONG_STEPS = flags.DEFINE_integer("long_steps", 500, "Without the encoder; 0: not at all.")
_LATENT_SPACES = flags.DEFINE_list("latent_spaces", ["W", "W+"], "Spaces to invert in.")


def timed(function) -> tuple[object, float, float]:
  """What a function returns, and its wall-clock and processor seconds."""
  start = time.perf_counter(), time.process_time()
  result = function()
  return result, time.perf_counter() - start[0], time.process_time() - start[1]


def agreement(classifier, portraits, images) -> dict[str, float]:
  """How often the classifier reads the same from both, for each attribute and over all."""
  same = (classifier.logits(portraits) > 0) == (classifier.logits(images) > 0)
  shares = dict(zip(classifier.attributes, same.mean(axis=0).tolist(), strict=True))
  return shares | {"all": float(same.mean())}


def _told(title: str, psnr, shares: dict[str, float]) -> None:
  read = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
  print(
    f"{title}: PSNR mean {psnr.mean():.2f}, least {psnr.min():.2f} dB; read alike: {read}",
    flush=True,
  )


def main(arguments: list[str]) -> None:
  del arguments
  import privai_tf
  from privai_tf.attributes.classifier import load_classifier
  from privai_tf.demo import portrait
  from privai_tf.inversion.encoder import find_encoder
  from privai_tf.inversion.quality import psnr

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  classifier = load_classifier(_CLASSIFIER.value)
  encoder = find_encoder(generator)
  if encoder is None:
    raise SystemExit(f"{_CHECKPOINT.value} has no encoder; python -m privai_tf.train_encoder")
  portraits = portrait.portraits(_COUNT.value, _SEED.value, generator.resolution)
  encoder.encode(portraits)  # Traces.
  codes, wall, processor = timed(lambda: encoder.encode(portraits))
  images = generator.synthesize(codes, latent_space=encoder.latent_space)
  _told("encoder alone", psnr(images, portraits), agreement(classifier, portraits, images))
  print(f"  {wall / len(codes):.4f} s an image, {processor / len(codes):.4f} s of processor time")
  for space in _LATENT_SPACES.value:
    quick = privai_tf.InversionSpec(latent_space=space, init="encoder", steps=_STEPS.value)
    privai_tf.invert(portraits[:8], generator, quick)  # Traces the batch that all others are.
    found, wall, processor = timed(lambda spec=quick: privai_tf.invert(portraits, generator, spec))
    shares = agreement(classifier, portraits, found.images)
    _told(f"{space}, encoder and {found.steps.max()} steps", found.psnr, shares)
    print(
      f"  {wall / _COUNT.value:.3f} s an image in batches, {processor / _COUNT.value:.3f} s of "
      f"processor time"
    )
    if not _LONG_STEPS.value:
      continue
    start = "best_of:64" if space == "Z" else "mean"
    long = privai_tf.InversionSpec(latent_space=space, init=start, steps=_LONG_STEPS.value)
    slow = privai_tf.invert(portraits, generator, long)
    shares = agreement(classifier, portraits, slow.images)
    _told(f"{space}, {start} and {long.steps} steps", slow.psnr, shares)
    print(f"  the encoder's way lacks {slow.psnr.mean() - found.psnr.mean():.2f} dB")


if __name__ == "__main__":
  app.run(main)
