"""What bfloat16 costs a picture, and what it saves: the same codes both ways, side by side.

  python -m benchmarks.precision --checkpoint=avatars
  python -m benchmarks.precision --resolution=1024 --family=stylegan --images=1     # random weights

It prints decibels of the range, grey levels, levels on flat areas (banding would leave fewer), times of
turns in one process, and losses of a short search. On a processor without bfloat16 instructions the
numbers are emulated: quality is the same there, time is not. Look at the picture that it writes.
"""

import dataclasses
import pathlib
import time

import numpy as np
from absl import app, flags

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "A checkpoint; by default random weights.")
_FAMILY = flags.DEFINE_enum(
  "family", "stylegan", ["stylegan", "pggan", "stylegan2"], "For random weights."
)
_RESOLUTION = flags.DEFINE_integer("resolution", 1024, "For random weights.")
_IMAGES = flags.DEFINE_integer("images", 16, "Codes.", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Turns of each precision.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 30, "Of the search; 0: none.", lower_bound=0)
_OUTPUT = flags.DEFINE_string("output", "precision.png", "The enlarged pictures.")

_PRECISIONS = ("float32", "bfloat16")
_BLOCK = 16  # Side of the blocks that are flat or not.
_FLATTEST = 0.05
_AMPLIFIED = 32
_CROP = 64


def flat_levels(pixels: np.ndarray, chosen: np.ndarray) -> float:
  """How many distinct grey levels a block has in one channel, the mean over blocks.

  Args:
    pixels: uint8 [N, R, R, C].
    chosen: int [m], of the blocks in the order of `blocks`.
  """
  flat = np.sort(blocks(pixels)[chosen].reshape(-1, _BLOCK * _BLOCK), axis=1)
  return float(np.mean(1 + np.count_nonzero(np.diff(flat, axis=1), axis=1)))


def blocks(images: np.ndarray) -> np.ndarray:
  """[N, R, R, C] -> [blocks, C, side, side]."""
  count, side, _, channels = images.shape
  n = side // _BLOCK
  cut = images[:, : n * _BLOCK, : n * _BLOCK].reshape(count, n, _BLOCK, n, _BLOCK, channels)
  return cut.transpose(0, 1, 3, 5, 2, 4).reshape(-1, channels, _BLOCK, _BLOCK)


def flattest(images: np.ndarray) -> np.ndarray:
  """The blocks that vary least and are not all one value: there banding would be seen."""
  deviations = blocks(images).std(axis=(2, 3)).mean(axis=1)
  order = np.argsort(deviations)
  order = order[deviations[order] > 1e-4]
  return order[: max(1, round(_FLATTEST * len(deviations)))]


def _load():
  from privai_tf.generators.config import PGGANConfig, StyleGANConfig
  from privai_tf.generators.families import create_generator
  from privai_tf.generators.load import load_generator
  from privai_tf.generators.stylegan2.config import StyleGAN2Config

  if _CHECKPOINT.value:
    return load_generator(_CHECKPOINT.value)
  families = {"stylegan": StyleGANConfig, "pggan": PGGANConfig, "stylegan2": StyleGAN2Config}
  return create_generator(families[_FAMILY.value](resolution=_RESOLUTION.value))


def _codes(generator, count: int):
  z = generator.sample_z(count, seed=0)
  if "W" not in generator.latent_spaces:
    return z, "Z"
  return generator.truncate(generator.map(z)), "W+"


def _compare(generator, images: dict[str, np.ndarray]) -> None:
  from privai_tf.generators import to_uint8

  exact, rough = images.values()
  pixels = [to_uint8(side, generator.family) for side in (exact, rough)]
  span = 2.0 if _CHECKPOINT.value else float(exact.max() - exact.min())
  error = np.mean(np.square(rough - exact), axis=(1, 2, 3))
  decibels = 10 * np.log10(span**2 / error)
  change = np.abs(rough - exact) * (255 / span)
  print(
    f"{len(exact)} images; decibels of the range: {10 * np.log10(span**2 / error.mean()):.1f} in all, worst "
    f"image {decibels.min():.1f}; change {change.mean():.2f} grey levels on average, "
    f"{np.quantile(change, 0.999):.1f} at the 99.9% quantile, {change.max():.1f} at most"
  )
  if _CHECKPOINT.value:
    changed = [np.mean(abs(pixels[0].astype(int) - pixels[1]) >= least) for least in (1, 2, 3)]
    print("8-bit values that differ by at least 1, 2, 3: " + ", ".join(f"{c:.2%}" for c in changed))
    chosen = flattest(exact)
    levels = [flat_levels(side, chosen) for side in pixels]
    print(
      f"Distinct levels in the {len(chosen)} flattest blocks of {_BLOCK} x {_BLOCK}: {levels[0]:.2f} in float32, "
      f"{levels[1]:.2f} in bfloat16"
    )
  _picture(pixels, exact, rough)


def _picture(pixels: list[np.ndarray], exact: np.ndarray, rough: np.ndarray) -> None:
  """Whole, and the place that changed most and the flattest one enlarged: both, and the change."""
  from PIL import Image

  change = np.abs(rough - exact).mean(axis=-1)
  rows = []
  for place in ("whole", "changed", "flat"):
    row, top, left, size = _place(place, exact, change)
    sides = [side[row, top : top + size, left : left + size] for side in pixels]
    if place == "flat":  # As a viewer with too much contrast would show it.
      low, high = sides[0].min(), max(sides[0].max(), sides[0].min() + 1)
      sides = [np.clip((s - float(low)) * (255 / (float(high) - low)), 0, 255) for s in sides]
    apart = np.clip(127.5 + _AMPLIFIED * (rough - exact)[row] * 127.5, 0, 255)
    sides.append(apart[top : top + size, left : left + size])
    shown = [Image.fromarray(np.squeeze(side.astype(np.uint8))).convert("RGB") for side in sides]
    rows.append(np.concatenate([np.asarray(s.resize((512, 512), 0)) for s in shown], axis=1))
  path = pathlib.Path(_OUTPUT.value)
  Image.fromarray(np.concatenate(rows)).save(path)
  print(
    f"{path}: float32, bfloat16 and {_AMPLIFIED} times their difference; the whole, where they differ most, "
    "and the flattest place with its contrast stretched"
  )


def _place(kind: str, exact: np.ndarray, change: np.ndarray) -> tuple[int, int, int, int]:
  side = exact.shape[1]
  if kind == "whole":
    return 0, 0, 0, side
  size = min(_CROP, side // 4)
  n = side // size
  cells = lambda x: x[:, : n * size, : n * size].reshape(len(x), n, size, n, size)  # noqa: E731
  if kind == "changed":
    score = cells(change).mean(axis=(2, 4))
  else:
    score = -cells(exact.mean(axis=-1)).std(axis=(2, 4))
    score[score > -1e-3] = -np.inf
  row, down, across = np.unravel_index(np.argmax(score), score.shape)
  return int(row), int(down) * size, int(across) * size, size


def _time(draw) -> None:
  times = {precision: [] for precision in _PRECISIONS}
  for _ in range(_ROUNDS.value):
    for precision, own in times.items():
      start = time.perf_counter(), time.process_time()
      draw(precision, 1)
      own.append((time.perf_counter() - start[0], time.process_time() - start[1]))
  clock, processor = np.array(times["bfloat16"]).T / np.array(times["float32"]).T
  from privai_tf.runtime.precision import resolved

  emulated = resolved("auto") == "float32"
  print(
    f"One image: {np.median(clock):.2f} times the float32 clock ({clock.min():.2f} to {clock.max():.2f}), "
    f"{np.median(processor):.2f} of processor time; {_ROUNDS.value} turns"
    + ("; bfloat16 is emulated here: says nothing of a machine that has it" if emulated else "")
  )


def _search(generator, codes, space: str, photo: np.ndarray) -> None:
  import privai_tf
  from privai_tf.inversion.statistics import latent_statistics

  space = "W" if space == "W+" else space
  spec = privai_tf.InversionSpec(
    latent_space=space,
    steps=_STEPS.value,
    steps_per_call=_STEPS.value,
    init="random" if space == "Z" else "mean",  # To Z's mean no picture belongs.
    perceptual="none",
    seed=1,
  )
  found = {
    precision: privai_tf.invert(photo, generator, dataclasses.replace(spec, precision=precision))
    for precision in _PRECISIONS
  }
  losses = [float(found[p].losses[-1, 0]) for p in _PRECISIONS]
  apart = found["bfloat16"].latents - found["float32"].latents
  scale = latent_statistics(generator, space).scale
  print(
    f"Search of {_STEPS.value} steps in {space}: loss {found['float32'].losses[0, 0]:.5f} -> {losses[0]:.5f} in "
    f"float32, {losses[1]:.5f} in bfloat16 ({losses[1] / losses[0] - 1:+.2%}); codes "
    f"{np.sqrt(np.mean(apart**2)) / scale:.4f} standard deviations apart"
  )


def main(_: list[str]) -> None:
  generator = _load()
  codes, space = _codes(generator, _IMAGES.value)

  def draw(precision: str, count: int) -> np.ndarray:
    size = min(count, generator.default_batch_size)
    return generator.synthesize(
      codes[:count], latent_space=space, batch_size=size, precision=precision
    )

  print(
    f"{_CHECKPOINT.value or 'random weights'}: {generator.family}, {generator.resolution} pixels"
  )
  images = {precision: draw(precision, _IMAGES.value) for precision in _PRECISIONS}
  _compare(generator, images)
  for precision in _PRECISIONS:
    draw(precision, 1)  # Traced.
  _time(draw)
  if _STEPS.value:
    _search(generator, codes, space, np.clip(images["float32"][:1], -1, 1))


if __name__ == "__main__":
  app.run(main)
