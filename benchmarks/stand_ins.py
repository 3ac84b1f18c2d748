"""What is left of a face in scope "image": resemblance, time and pictures for each mechanism.

  python -m benchmarks.stand_ins --output_dir=/tmp/stand_ins

Mean cosine of released and true code in whitened principal directions, over generated faces that no
calibration has seen, with its 95% interval (over faces; each is released several times). The same
faces for every row. Times are the least of 30 of one release after calibration, alone and in a batch of 8, code to
code. The strip shows four faces, the original on the left.
"""

import pathlib
import time

import numpy as np
from absl import app, flags

import privai_tf
from benchmarks.strips import save_strip
from privai_tf.privacy import PrivacySpec, prepare, principal_directions
from privai_tf.privacy.codebook import Codebook
from privai_tf.privacy.resemblance import parse_weights

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "Which generator.")
_LATENT_SPACE = flags.DEFINE_enum("latent_space", "W", ["W", "W+", "Z"], "Of the codes.")
_EPSILON = flags.DEFINE_list("epsilon", ["1", "2", "4", "8", "16"], "Of one release.")
_FACES = flags.DEFINE_integer("faces", 256, "Generated faces that are released.", lower_bound=2)
_RELEASES = flags.DEFINE_integer("releases", 4, "Of each face.", lower_bound=1)
_CODEBOOK_SIZE = flags.DEFINE_integer("codebook_size", 1 << 17, "Of subset_selection.")
_RESEMBLE = flags.DEFINE_list("resemble", [], "As in the main job; needs boundaries by name.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "For strip.png; none without it.")

_MECHANISMS = {"gaussian": 1e-5, "l2_laplace": 0.0, "subset_selection": 0.0}
_SHOWN = (1.0, 4.0, 8.0)
_SHOWN_FACES = 4
# A stream of its own: neither codewords nor the samples that K was chosen by.
_STREAM = 2
_TIMED = 30
_BATCH = 8


def main(_: list[str]) -> None:
  generator = privai_tf.load_generator(_CHECKPOINT.value)
  codes, compared = _faces(generator)
  print(
    f"{'epsilon':>7} {'mechanism':<17} {'cosine':>24} {'alone ms':>9} {'of 8 ms':>8}  calibration"
  )
  for epsilon in map(float, _EPSILON.value):
    for name in _MECHANISMS:
      start = time.perf_counter()
      prepared = prepare(generator, _boundaries(), _spec(name, epsilon), _LATENT_SPACE.value)
      calibration = time.perf_counter() - start
      cosines = np.stack(
        [_cosines(compared, codes, _released(prepared, codes)) for _ in range(_RELEASES.value)]
      ).mean(axis=0)
      half = 1.96 * cosines.std(ddof=1) / np.sqrt(len(cosines))
      alone, together = (_milliseconds(prepared, codes[:rows]) for rows in (1, _BATCH))
      print(
        f"{epsilon:>7g} {name:<17} {cosines.mean():>8.3f} [{cosines.mean() - half:.3f}, "
        f"{cosines.mean() + half:.3f}] {alone:>9.2f} {together:>8.2f}  {calibration:.1f} s"
        f"{_chosen(prepared)}",
        flush=True,
      )
  if _OUTPUT_DIR.value:
    print(_strip(generator, codes[:_SHOWN_FACES]))


def _spec(name: str, epsilon: float) -> PrivacySpec:
  own = {}
  if name == "subset_selection":
    own = {"codebook_size": _CODEBOOK_SIZE.value, "resemble": parse_weights(_RESEMBLE.value)}
  return PrivacySpec(name, "image", epsilon, _MECHANISMS[name], **own)


def _boundaries() -> list:
  names = [name for name, _ in parse_weights(_RESEMBLE.value) if name != "rest"]
  return [
    privai_tf.Boundary.load(f"{_CHECKPOINT.value}/{name}", latent_space=_LATENT_SPACE.value)
    for name in names
  ]


def _faces(generator):
  """Codes of generated faces, and what turns codes into whitened numbers."""
  space = "Z" if _LATENT_SPACE.value == "Z" else "W"
  spec = PrivacySpec()
  found = principal_directions(generator, space, spec.calibration_count, spec.calibration_seed)
  k = found.components(None)
  codes = np.concatenate(list(Codebook(generator, space, _FACES.value, 0, _STREAM).blocks()))
  if _LATENT_SPACE.value == "W+":
    layers = len(generator.mean_latent("W+"))
    codes = np.repeat(codes[:, np.newaxis], layers, axis=1)
  return codes, (found.mean, found.basis[:, :k] / found.deviations[:k])


def _released(prepared, codes: np.ndarray) -> np.ndarray:
  return prepared.release(prepared.encode(codes))


def _cosines(compared, codes: np.ndarray, released: np.ndarray) -> np.ndarray:
  mean, axes = compared
  rows = [(code if code.ndim == 2 else code.mean(axis=1)) for code in (codes, released)]
  first, second = ((row.astype(np.float64) - mean) @ axes for row in rows)
  lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
  return (first * second).sum(axis=1) / lengths


def _milliseconds(prepared, codes: np.ndarray) -> float:
  """Least time a face: other processes only add to it."""
  times = []
  for _ in range(_TIMED):
    start = time.perf_counter()
    _released(prepared, codes)
    times.append(time.perf_counter() - start)
  return 1000 * min(times) / len(codes)


def _chosen(prepared) -> str:
  """K of each group of directions."""
  sizes = [getattr(block.mechanism, "subset_size", None) for block in prepared.blocks]
  return "" if None in sizes else f", K = {', '.join(f'{size:,}' for size in sizes)}"


def _strip(generator, codes: np.ndarray) -> pathlib.Path:
  """A row a face: the original, then each mechanism at each epsilon."""
  columns = [codes.astype(np.float32)]
  for name in _MECHANISMS:
    for epsilon in _SHOWN:
      prepared = prepare(generator, _boundaries(), _spec(name, epsilon), _LATENT_SPACE.value)
      columns.append(_released(prepared, codes))
  path = pathlib.Path(_OUTPUT_DIR.value) / "strip.png"
  return save_strip(generator, columns, _LATENT_SPACE.value, path)


if __name__ == "__main__":
  app.run(main)
