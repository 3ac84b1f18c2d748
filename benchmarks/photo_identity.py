r"""Photorealistic stand-ins, looked up among the originals by two recognizers.

  python -m benchmarks.photo_identity --checkpoint=checkpoints/mobilestylegan-ffhq --work_dir=photo_samples

Draws 400 faces at 256 x 256, once (a second each), from seeds 50,000 to 50,003. The first 100 are looked
up; the other 300 are the faces on offer of a small `subset_selection`. As its outputs are so few, nothing
is sampled: rank-1 and AUC are summed over all outputs with their exact probabilities, and rank-1 is
averaged over 200 random galleries a face; intervals (99%, resampled) are over the 100 faces. "control"
are the originals themselves, mirrored and with noise. About 3 minutes on two cores, once drawn.
"""

import pathlib

import numpy as np
from absl import app, flags

import privai_tf
from privai_tf.demo.photo_previews import CHUNK, draw_previews, read_previews
from privai_tf.demo.photo_sketches import sketch_codes
from privai_tf.evaluation.experiments.intervals import mean
from privai_tf.evaluation.recognition.matching import auc_bound, identification_bound
from privai_tf.evaluation.recognition.recognizer import codes_recognizer, recognizers_at_hand
from privai_tf.privacy.mechanisms.subset_selection import subset_weights
from privai_tf.privacy.subset_choice import Candidates

_CHECKPOINT = flags.DEFINE_string("checkpoint", "checkpoints/mobilestylegan-ffhq", "Its folder.")
_WORK_DIR = flags.DEFINE_string("work_dir", "photo_samples", "Where drawn faces are kept.")
_EPSILON = flags.DEFINE_list("epsilon", ["1", "4", "8"], "Of one release.")
_OUTPUT = flags.DEFINE_string("output", None, "For a sheet of faces and stand-ins.")

_DRAWN, _TESTED = 400, 100
_SAMPLE_SEED, _SAMPLES = 60_000, 64
_SIZES, _GALLERIES = (10, 100), 200


def main(_: list[str]) -> None:
  generator = privai_tf.load_generator(_CHECKPOINT.value)
  codes, pictures = _drawn(generator)
  of_codes = codes_recognizer(generator, "W")
  numbers = of_codes.embed(codes)
  embedded = {"nearest code": (of_codes, numbers)}
  for recognizer in recognizers_at_hand():
    embedded[recognizer.name] = (recognizer, recognizer.embed(pictures))
    _print_control(recognizer, embedded[recognizer.name][1][:_TESTED], pictures[:_TESTED])
  samples = of_codes.embed(sketch_codes(generator, _SAMPLES, _SAMPLE_SEED))
  weights = np.ones(numbers.shape[1])
  candidates = Candidates(numbers[_TESTED:].astype(np.float32), samples, weights)
  columns: list[np.ndarray] = []
  for epsilon in map(float, _EPSILON.value):
    chances = _chances(candidates, numbers[:_TESTED], epsilon)
    scores = {"likeliest face": np.log(chances).T}
    for name, (recognizer, values) in embedded.items():
      scores[name] = recognizer.compare(values[_TESTED:], values[:_TESTED])
    for name, of_output in scores.items():
      _print_row(epsilon, name, of_output, chances)
    random = np.random.default_rng(0)
    columns.append(np.array([random.choice(len(p), p=p) for p in chances]) + _TESTED)
  if _OUTPUT.value:
    _save_sheet(pictures, columns, pathlib.Path(_OUTPUT.value))


def _drawn(generator) -> tuple[np.ndarray, np.ndarray]:
  """Codes float32 [400, d], and pictures [400, 256, 256, 3] in [-1, 1]."""
  folder = pathlib.Path(_WORK_DIR.value)
  draw_previews(generator, folder, _DRAWN)
  codes, pictures = read_previews(generator, folder, _DRAWN // CHUNK)
  return codes, pictures.astype(np.float32) / 127.5 - 1


def _chances(candidates: Candidates, numbers: np.ndarray, epsilon: float) -> np.ndarray:
  """Probability of each face on offer for each original, float64 [originals, offered]."""
  group = list(range(numbers.shape[1]))
  size, _ = candidates.best_size(group, epsilon)
  inside, outside = subset_weights(epsilon)
  neighbours = candidates.neighbours(group)
  chances = np.full((len(numbers), len(candidates.numbers)), float(outside))
  for row, cosines in zip(chances, neighbours.cosines(numbers), strict=True):
    row[neighbours.order(cosines, size)[:size]] = float(inside)
  print(f"epsilon {epsilon:g}: K = {size} of {len(candidates.numbers)}")
  return chances / chances.sum(axis=1, keepdims=True)


def _print_row(epsilon: float, name: str, of_output: np.ndarray, chances: np.ndarray) -> None:
  texts = []
  for size in _SIZES:
    right = mean(_rank_one(of_output, chances, size))
    bound = identification_bound(epsilon, 0.0, size)
    texts.append(
      f"{100 * right.value:5.1f} [{100 * right.low:.1f}, {100 * right.high:.1f}] <= {100 * bound:.1f}"
    )
  auc = mean(_auc(of_output, chances))
  texts.append(f"{auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}] <= {auc_bound(epsilon):.3f}")
  print(f"| {epsilon:g} | {name} | {' | '.join(texts)} |", flush=True)


def _rank_one(of_output: np.ndarray, chances: np.ndarray, size: int) -> np.ndarray:
  """Chance that an output leads to its own original, by original, over random galleries."""
  count = len(chances)
  random = np.random.default_rng(1)
  right = np.zeros(count)
  rounds = 1 if size == count else _GALLERIES
  for _ in range(rounds):
    for gallery in random.permutation(count).reshape(-1, size):
      scores = of_output[:, gallery]
      best = scores == scores.max(axis=1, keepdims=True)
      share = best / best.sum(axis=1, keepdims=True)
      right[gallery] += np.einsum("go,og->g", chances[gallery], share)
  return right / rounds


def _auc(of_output: np.ndarray, chances: np.ndarray) -> np.ndarray:
  """Own releases against other originals' releases, for each original."""
  others = (chances.sum(axis=0) - chances) / (len(chances) - 1)
  found = []
  for own, other, scores in zip(chances, others, of_output.T, strict=True):
    above = (scores[:, None] > scores) + 0.5 * (scores[:, None] == scores)
    found.append(own @ above @ other)
  return np.array(found)


def _print_control(recognizer, originals: np.ndarray, pictures: np.ndarray) -> None:
  noise = 0.08 * np.random.default_rng(0).standard_normal(pictures.shape)
  changed = np.clip(0.8 * pictures[:, :, ::-1] + noise, -1, 1).astype(np.float32)
  found = recognizer.compare(recognizer.embed(changed), originals).argmax(axis=1)
  right = np.mean(found == np.arange(len(found)))
  print(f"control, {recognizer.name}: {100 * right:.0f}% found among {len(found)}", flush=True)


def _save_sheet(pictures: np.ndarray, columns: list[np.ndarray], path: pathlib.Path) -> None:
  """A row an original: itself, then one stand-in for each epsilon."""
  from PIL import Image

  rows = []
  for row in range(5):
    line = np.concatenate([pictures[row], *(pictures[column[row]] for column in columns)], axis=1)
    rows.append(line)
  levels = np.clip(np.rint(np.concatenate(rows) * 127.5 + 127.5), 0, 255).astype(np.uint8)
  sheet = Image.fromarray(levels)
  sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.LANCZOS).save(
    path, quality=85
  )


if __name__ == "__main__":
  app.run(main)
