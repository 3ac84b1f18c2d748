"""`report.html`: the publishable page of a run, made from the publishable files alone.

Reading the folder instead of the run's memory has two merits: a resumed run reports everything, and
nothing private can slip in, since nothing private is at hand.
"""

import html
import itertools
import json
import pathlib

import numpy as np
from PIL import Image

from privai_tf.evaluation import page
from privai_tf.privacy.statement import percent

# A page with thousands of embedded pictures opens on no phone; the rest is named, not shown.
_MOST_PICTURES = 200


def read_entries(output_dir: pathlib.Path) -> list[tuple[str, dict]]:
  """The finished releases of a folder.

  Args:
    output_dir: a publishable output folder.

  Returns:
    (name, content of NAME.json), sorted by name; pictures without JSON are unfinished and left out.
  """
  entries = []
  for path in sorted(output_dir.glob("*.json")):
    if path.name == "run.json":
      continue
    content = json.loads(path.read_text(encoding="utf-8"))
    if "guarantee" in content and (output_dir / content["output"]).exists():
      entries.append((path.stem, content))
  return entries


def report_page(output_dir: pathlib.Path) -> str:
  """The report on everything finished in a folder.

  Args:
    output_dir: a publishable output folder.

  Returns:
    The text of `report.html`.
  """
  entries = read_entries(output_dir)
  if not entries:
    return page.page("Privatized faces", "<p>No image was released in this run.</p>")
  parts = [f"<p>{len(entries)} privatized image{'s' if len(entries) != 1 else ''}.</p>"]
  ordered = sorted(entries, key=lambda entry: (entry[1]["guarantee"]["statement"], entry[0]))
  shown = 0
  for _, group in itertools.groupby(ordered, key=lambda entry: entry[1]["guarantee"]["statement"]):
    members = list(group)
    parts.append(_promise(members[0][1]))
    visible = members[: max(0, _MOST_PICTURES - shown)]
    shown += len(visible)
    pictures = (_picture(output_dir, name, content) for name, content in visible)
    parts.append(f'<div class="gallery">{"".join(pictures)}</div>')
    if len(visible) < len(members):
      parts.append(f"<p>{len(members) - len(visible)} more are in the folder beside this page.</p>")
  versions = entries[0][1]["versions"]
  made = ", ".join(f"{name} {version}" for name, version in versions.items())
  parts.append(
    "<footer>Not hidden by any setting: file names, image sizes, the number of images and the time "
    f"a run took. Made with {html.escape(made)}.</footer>"
  )
  return page.page("Privatized faces", "\n".join(parts))


def _promise(content: dict) -> str:
  """The statement, the attacker's line and the parameters of one group of releases."""
  guarantee = content["guarantee"]
  rows = [(key, value) for key, value in guarantee.items() if key not in ("private", "statement")]
  bound = content["attacker_bound"]
  if bound is not None:
    # What it bounds is in the statement; here it stands beside the other figures.
    rows.append(("attacker bound", f"{percent(bound)} (a coin: 50%)"))
  rows.append(("checkpoint", content["checkpoint"]["name"]))
  shown = [(name.replace("_", " "), value) for name, value in rows if value is not None]
  return page.statement(guarantee["statement"], guarantee["private"]) + page.table(shown)


def _picture(output_dir: pathlib.Path, name: str, content: dict) -> str:
  with Image.open(output_dir / content["output"]) as image:
    return page.picture(np.asarray(image.convert("RGB")), caption=name)
