"""What an experiment leaves: tidy CSV, plots as PNG and SVG, and one page that needs no other file."""

import base64
import csv
import html
import inspect
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from privai_tf.evaluation import page
from privai_tf.evaluation.experiments.experiment import Experiment, Report, Row
from privai_tf.runtime.files import write_bytes, write_text

_DPI = 150
_STYLE = (
  "figure { max-width: 60rem; margin: 1rem 0; } figure img { background: #fff; border-radius: 0; }"
)
_MOST_SHOWN = 200  # Rows of a table in the page; its CSV has all.


def write_report(folder: Path, experiment: Experiment, rows: Sequence[Row], command: str) -> Report:
  """Writes rows.csv, NAME.csv of every table, NAME.png (and .svg) of every picture, report.html.

  Args:
    folder: exists.
    experiment: whose `report` is written.
    rows: of all its cells.
    command: that made it, for the page.

  Raises:
    OutputError: if a file cannot be written.
  """
  report = experiment.report(rows)
  write_text(folder / "rows.csv", csv_text(rows))
  for name, table in report.tables.items():
    write_text(folder / f"{name}.csv", csv_text(table))
  pngs = {}
  for name, drawn in report.pictures.items():
    pngs[name] = _png(drawn)
    write_bytes(folder / f"{name}.png", pngs[name])
    if hasattr(drawn, "savefig"):
      write_bytes(folder / f"{name}.svg", _saved(drawn, "svg"))
  write_text(folder / "report.html", _page(experiment, report, pngs, command))
  return report


def csv_text(rows: Sequence[Row]) -> str:
  """Rows as CSV: one header of all their names, in the order in which they first appear."""
  names = list(dict.fromkeys(name for row in rows for name in row))
  text = io.StringIO()
  writer = csv.DictWriter(text, names, lineterminator="\n")
  writer.writeheader()
  writer.writerows(rows)
  return text.getvalue()


def _png(drawn: Any) -> bytes:
  if hasattr(drawn, "savefig"):
    return _saved(drawn, "png")
  buffer = io.BytesIO()
  drawn.save(buffer, format="PNG", optimize=True)
  return buffer.getvalue()


def _saved(figure: Any, kind: str) -> bytes:
  buffer = io.BytesIO()
  # No date: equal rows make equal files.
  metadata = {"Date": None} if kind == "svg" else None
  figure.savefig(buffer, format=kind, dpi=_DPI, metadata=metadata)
  return buffer.getvalue()


def _page(experiment: Experiment, report: Report, pngs: dict[str, bytes], command: str) -> str:
  about = inspect.getdoc(sys.modules[type(experiment).__module__]) or ""
  parts = ["<ul>", *(f"<li>{html.escape(text)}</li>" for text in report.findings), "</ul>"]
  for name, data in pngs.items():
    caption = html.escape(report.captions.get(name, name.replace("_", " ")))
    source = f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
    parts.append(
      f'<figure><img alt="{caption}" src="{source}"><figcaption>{caption}</figcaption></figure>'
    )
  for name, table in report.tables.items():
    parts.append(f"<h2>{html.escape(name.replace('_', ' '))}</h2>{_table(table)}")
  if command:
    parts.append(f"<h2>Command</h2><pre>{html.escape(command)}</pre>")
  parts.append(page.folded("About this experiment", f"<pre>{html.escape(about)}</pre>"))
  parts.append("<footer>All rows are in rows.csv beside this page.</footer>")
  return page.page(experiment.title, "\n".join(parts), _STYLE)


def _table(rows: Sequence[Row]) -> str:
  names = list(dict.fromkeys(name for row in rows for name in row))
  head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in names)
  body = "".join(
    f"<tr>{''.join(_cell(row.get(name)) for name in names)}</tr>" for row in rows[:_MOST_SHOWN]
  )
  more = f"<p>{len(rows) - _MOST_SHOWN} more rows are in the CSV.</p>" * (len(rows) > _MOST_SHOWN)
  return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>{more}'


def _cell(value: Any) -> str:
  if value is None:
    return "<td></td>"
  if isinstance(value, float):
    return f'<td class="number">{value:.4g}</td>'
  kind = ' class="number"' if isinstance(value, int) else ""
  return f"<td{kind}>{html.escape(str(value))}</td>"
