"""What a guarantee costs of the picture: expected error over epsilon, for every mechanism and decoding.

  python -m benchmarks.distortion --output=distortion

Scope attribute. A coordinate is drawn from the public distribution, released through the very
mechanism that a run would use, decoded, and compared: once for a normal coordinate, and for every
attribute of a demo checkpoint, by the codes that its encoder makes of generated pictures. Errors are
in standard deviations of the coordinate. The table gives means with 95% intervals; `optimum` is the
least that any mechanism can reach (the program's own value, between the means of 61 cells; what a
number is off from its cell's mean, 0.004 squared for a normal one, comes on top).
"""

import dataclasses
import json
import pathlib
import time
from collections.abc import Iterator, Sequence

import numpy as np
from absl import app, flags
from scipy import stats

from privai_tf.privacy.decoding import make_decoder
from privai_tf.privacy.extremal.cells import make_cells
from privai_tf.privacy.extremal.program import solve
from privai_tf.privacy.extremal.table import expected_loss
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.mechanisms import Mechanism, make_mechanism, mechanism_class
from privai_tf.privacy.radius import best_radius

_DELTA = 1e-5
_POINTS = 4096
_SPACE = "W"
# The main job's settings before the best radius and decoding: Laplace noise at the 0.99 quantile.
_OLD = "laplace, 0.99 quantile"

_EPSILONS = flags.DEFINE_list("epsilon", ["0.25", "0.5", "1", "2", "4", "8", "16"], "Of a release.")
_RELEASES = flags.DEFINE_integer("releases", 5 * _POINTS, "Releases of each row.", lower_bound=100)
_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "Whose attributes; empty: none.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder of distortion.json, .md and .png.")
_SEED = flags.DEFINE_integer("seed", 0, "Of the coordinates that are released, never of noise.")


@dataclasses.dataclass(frozen=True)
class Row:
  """One mechanism, decoding and epsilon on one coordinate; errors in its standard deviations.

  Attributes:
    coordinate, mechanism, decode, loss, epsilon: what was released, and how.
    absolute, squared: mean errors; absolute_half, squared_half: half their 95% intervals.
    edge: share of releases that lie on the clip set's edge.
    exact: expected absolute and squared error by summation, for extremal's values; else None.
    optimum: the least expected error for `loss` between the cells' means.
    microseconds: of one release of one face, decoding included.
  """

  coordinate: str
  mechanism: str
  decode: str
  loss: str
  epsilon: float
  absolute: float
  absolute_half: float
  squared: float
  squared_half: float
  edge: float
  exact: tuple[float, float] | None
  optimum: float
  microseconds: float


def main(_: list[str]) -> None:
  rows = []
  for name, samples in _coordinates():
    for epsilon in map(float, _EPSILONS.value):
      for row in _rows(name, samples / samples.std(), epsilon):
        rows.append(row)
        print(_line(row), flush=True)
  if _OUTPUT.value:
    _write(pathlib.Path(_OUTPUT.value), rows)


def _coordinates() -> Iterator[tuple[str, np.ndarray]]:
  """Public samples of coordinates, float64 [n]."""
  yield "normal", stats.norm.ppf((np.arange(_POINTS) + 0.5) / _POINTS)
  if _CHECKPOINT.value:
    yield from _attributes(_CHECKPOINT.value)


def _attributes(checkpoint: str) -> Iterator[tuple[str, np.ndarray]]:
  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()
  import privai_tf
  from privai_tf.attributes.boundary import Boundary
  from privai_tf.attributes.boundary_files import attribute_in_name, shipped_boundaries
  from privai_tf.inversion.public_codes import public_codes
  from privai_tf.inversion.spec import InversionSpec
  from privai_tf.privacy.split import fit_split
  from privai_tf.privacy.subspace import attribute_basis

  generator = privai_tf.load_generator(checkpoint)
  codes = public_codes(generator, InversionSpec(latent_space=_SPACE, steps=0))
  for path in shipped_boundaries(checkpoint, _SPACE):
    name = attribute_in_name(path.stem)
    boundary = Boundary.load(f"{checkpoint}/{name}", latent_space=_SPACE)
    split = fit_split(codes, attribute_basis([boundary]), tied=True)
    yield name, split.parts(codes.codes.astype(np.float64))[0][:, 0]


def _rows(coordinate: str, samples: np.ndarray, epsilon: float) -> Iterator[Row]:
  """Every mechanism and decoding of scope attribute."""
  column = samples[:, np.newaxis]
  radius = float(np.quantile(np.abs(samples), 0.99))
  old = make_mechanism("laplace", epsilon=epsilon, clip_radius=radius)
  yield _measured(coordinate, _OLD, "raw", "l2", old, column)
  for name in ("laplace", "gaussian", "exponential"):
    for decode in mechanism_class(name).decodings:
      delta = 0.0 if mechanism_class(name).pure else _DELTA
      best = best_radius(name, epsilon, delta, column, decode=decode)
      made = make_mechanism(name, epsilon=epsilon, delta=delta, clip_radius=best)
      yield _measured(coordinate, name, decode, "l2", made, column)
  middle = float(np.median(samples))
  distance = float(np.median(np.abs(samples - middle)))
  sides = {"threshold": middle, "side_distance": distance}
  made = make_mechanism("randomized_response", epsilon=epsilon, **sides)
  for decode in mechanism_class("randomized_response").decodings:
    yield _measured(coordinate, "randomized_response", decode, "l2", made, column)
  for loss in ("l1", "l2"):
    made = make_mechanism("extremal", epsilon=epsilon, samples=samples, loss=loss)
    for decode in mechanism_class("extremal").decodings:
      yield _measured(coordinate, "extremal", decode, loss, made, column)


def _measured(
  coordinate: str, label: str, decode: str, loss: str, mechanism: Mechanism, samples: np.ndarray
) -> Row:
  random = np.random.default_rng(_SEED.value)
  # Every public number about equally often: less left to chance than by drawing them.
  people = np.resize(random.permutation(samples[:, 0]), _RELEASES.value)[:, np.newaxis]
  encoded = mechanism.encode(people)
  decoder = make_decoder(decode, mechanism, samples)

  def released(rows: np.ndarray) -> np.ndarray:
    if decoder is None:
      return from_grid(mechanism.release(rows))
    return decoder(from_grid(mechanism.noisy(rows)), np.random.default_rng().random(rows.shape))

  outputs = released(encoded)
  errors = np.abs(outputs - people)[:, 0]
  radius = mechanism.clip_radius
  cells, exact = make_cells(samples[:, 0]), None
  if decode == "value":
    exact = tuple(expected_loss(mechanism.cells, mechanism.table, kind) for kind in ("l1", "l2"))
  return Row(
    coordinate=coordinate,
    mechanism=label,
    decode=decode,
    loss=loss,
    epsilon=mechanism.epsilon,
    absolute=float(errors.mean()),
    absolute_half=_half(errors),
    squared=float((errors**2).mean()),
    squared_half=_half(errors**2),
    edge=0.0 if radius is None else float((np.abs(outputs) >= radius).mean()) * (decoder is None),
    exact=exact,
    optimum=solve(cells.points, cells.mass, mechanism.epsilon, loss).optimum,
    microseconds=_microseconds(lambda: released(encoded[:1])),
  )


def _half(values: np.ndarray) -> float:
  return float(1.96 * values.std() / np.sqrt(len(values)))


def _microseconds(once) -> float:
  """Median of single releases."""
  times = []
  for _ in range(30):
    start = time.perf_counter_ns()
    once()
    times.append(time.perf_counter_ns() - start)
  return float(np.median(times)) / 1e3


def _line(row: Row) -> str:
  exact = "" if row.exact is None else "{:.4f}, {:.4f}".format(*row.exact)
  return (
    f"| {row.coordinate} | {row.epsilon:g} | {row.mechanism} | {row.decode} | {row.loss} "
    f"| {row.absolute:.3f} ± {row.absolute_half:.3f} | {row.squared:.3f} ± {row.squared_half:.3f} "
    f"| {exact} | {row.optimum:.3f} | {row.edge:.1%} | {row.microseconds:.0f} |"
  )


def _write(folder: pathlib.Path, rows: Sequence[Row]) -> None:
  folder.mkdir(parents=True, exist_ok=True)
  table = [
    "| coordinate | epsilon | mechanism | decode | loss | absolute | squared | exact | optimum "
    "| on the edge | microseconds |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    *map(_line, rows),
  ]
  (folder / "distortion.md").write_text("\n".join(table) + "\n", encoding="utf-8")
  content = {"rows": [dataclasses.asdict(row) for row in rows]}
  (folder / "distortion.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
  _draw([row for row in rows if row.coordinate == "normal"], folder / "distortion.png")


def _draw(rows: Sequence[Row], path: pathlib.Path) -> None:
  """Errors over epsilon on the normal coordinate: one panel for absolute, one for squared error."""
  import matplotlib.figure

  figure = matplotlib.figure.Figure(figsize=(12, 5), layout="constrained")
  panels = figure.subplots(1, 2)
  names = list(dict.fromkeys(row.mechanism for row in rows))
  for axes, field, loss in zip(panels, ("absolute", "squared"), ("l1", "l2"), strict=True):
    shown = [row for row in rows if row.mechanism != "extremal" or row.loss == loss]
    for label in dict.fromkeys((row.mechanism, row.decode) for row in shown):
      own = [row for row in shown if (row.mechanism, row.decode) == label]
      style = {"raw": "-", "value": "-", "mean": "--", "sample": ":"}[label[1]]
      epsilons = [row.epsilon for row in own]
      values = [getattr(row, field) for row in own]
      colour = f"C{names.index(label[0])}"
      axes.plot(epsilons, values, style, color=colour, label=", ".join(label))
    best = {row.epsilon: row.optimum for row in shown if row.loss == loss}
    axes.plot(list(best), list(best.values()), "k", linewidth=3, alpha=0.3, label="optimum")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("epsilon")
    axes.set_ylabel(f"mean {field} error, in standard deviations")
    axes.set_ylim(bottom=0.02)
  panels[0].legend(fontsize="x-small", ncols=2)
  figure.savefig(path, dpi=120)


if __name__ == "__main__":
  app.run(main)
