"""Runs an experiment's cells, each kept on disk as it is finished, and writes what people read."""

import concurrent.futures
import functools
import hashlib
import multiprocessing
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.evaluation.experiments import experiment_class
from privai_tf.evaluation.experiments.experiment import Cell, Experiment, Row, Settings
from privai_tf.evaluation.experiments.writing import write_report
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, remove_leftovers, shown, write_json
from privai_tf.runtime.progress import progress_bar

_CELLS, _SETTINGS = "cells", "settings.json"


def run_experiment(
  name: str, settings: Settings, output_dir: Path, *, workers: int = 1, command: str = ""
) -> list[Row]:
  """Runs what is not finished yet, then writes rows.csv, plots and report.html.

  Args:
    name: one of `experiments.NAMES`.
    settings: what is asked for; a folder begun with others is refused.
    output_dir: created. Finished cells lie in its `cells`.
    workers: processes.
    command: for the page.

  Returns:
    All rows, in the order of the cells.

  Raises:
    ConfigurationError: if the folder was begun with other settings.
    OutputError: if it cannot be written.
  """
  experiment = experiment_class(name)(settings)
  folder = make_folder(output_dir)
  _require_settings(folder, name, settings)
  kept = make_folder(folder / _CELLS)
  remove_leftovers(kept)
  cells = experiment.cells()
  done = {cell: rows for cell in cells if (rows := _read(kept, cell)) is not None}
  waiting = [cell for cell in cells if cell not in done]
  with progress_bar(name, unit="cell") as progress:
    progress(len(done), len(cells))
    for cell, rows in _finished(experiment, waiting, workers):
      write_json(_place(kept, cell), {"cell": list(cell), "rows": rows})
      done[cell] = rows
      progress(len(done), len(cells))
  rows = [row for cell in cells for row in done[cell]]
  write_report(folder, experiment, rows, command)
  return rows


def _finished(
  experiment: Experiment, cells: Sequence[Cell], workers: int
) -> Iterator[tuple[Cell, list[Row]]]:
  """Cells with their rows, as they get ready."""
  # The first one alone: it makes the codes that all need, which are kept on disk.
  alone = len(cells) if workers == 1 else 1
  for cell in cells[:alone]:
    yield cell, experiment.run(cell)
  cells = cells[alone:]
  if not cells:
    return
  # Spawned: a forked TensorFlow hangs.
  spawning = multiprocessing.get_context("spawn")
  with concurrent.futures.ProcessPoolExecutor(workers, mp_context=spawning) as pool:
    try:
      waited = {
        pool.submit(_in_worker, experiment.name, experiment.settings, cell): cell for cell in cells
      }
      for future in concurrent.futures.as_completed(waited):
        yield waited[future], future.result()
    except BaseException:
      pool.shutdown(cancel_futures=True)
      raise


def _in_worker(name: str, settings: Settings, cell: Cell) -> list[Row]:
  return _experiment(name, settings).run(cell)


@functools.cache
def _experiment(name: str, settings: Settings) -> Experiment:
  """Once a process: what cells share stays loaded."""
  return experiment_class(name)(settings)


def _require_settings(folder: Path, name: str, settings: Settings) -> None:
  path = folder / _SETTINGS
  # As JSON has them: tuples are lists there.
  wanted = {"experiment": name} | {
    key: list(value) if isinstance(value, tuple) else value
    for key, value in asdict(settings).items()
  }
  if outside.exists(path):
    begun = outside.read_json(path, remedy="choose another --output_dir")
    if begun != wanted:
      begun = begun if isinstance(begun, dict) else {}
      changed = [key for key in wanted if begun.get(key) != wanted[key]]
      raise ConfigurationError(
        f"{shown(folder)} was begun with other settings ({', '.join(changed)}): give the same ones, or "
        "choose another --output_dir."
      )
    return
  write_json(path, wanted)


def _place(folder: Path, cell: Cell) -> Path:
  """A cell's file: readable, and never two cells' (the digest is of the exact key)."""
  words = re.sub(r"[^A-Za-z0-9.]+", "_", "_".join(map(str, cell)))[:80]
  return folder / f"{words}-{hashlib.sha256(repr(cell).encode()).hexdigest()[:12]}.json"


def _read(folder: Path, cell: Cell) -> list[Row] | None:
  """The rows of a finished cell; None if it is not finished, or its file is no such file."""
  path = _place(folder, cell)
  if not outside.exists(path):
    return None
  try:
    content = outside.read_json(path)
  except InputError:
    return None
  if not isinstance(content, dict) or content.get("cell") != list(cell):
    return None
  return content.get("rows")
