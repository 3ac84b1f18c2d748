"""`report.html`: the publishable page of a run, made from the publishable files alone.

Reading the folder instead of the run's memory has two merits: a resumed run reports everything, and
nothing private can slip in, since nothing private is at hand.
"""

import html
import json
import pathlib
import re
from collections.abc import Iterator, Sequence

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation import page
from privai_tf.privacy.figures import number_up, percent_up
from privai_tf.runtime import store_files
from privai_tf.runtime.files import shown
from privai_tf.runtime.stores import StorePath

# A page with thousands of embedded pictures opens on no phone; the rest is named, not shown.
_MOST_PICTURES = 200
_BOUNDS = ("epsilon", "delta")
_FIRST_PRECISION = "float32"  # Of releases from before there was a choice.
_RUN_RECORD = re.compile(r"run(-\d{5}-of-\d{5})?\.json")


def read_entries(output_dir: pathlib.Path | StorePath) -> Iterator[tuple[str, dict]]:
  """The finished releases of a folder, one by one: there may be millions.

  Args:
    output_dir: a publishable output folder.

  Yields:
    (name, content of NAME.json), sorted by name; pictures without JSON are unfinished and left out.

  Raises:
    ConfigurationError: if a JSON file is neither a release's nor a run's record.
  """
  present = {path.name for path in output_dir.iterdir()} if output_dir.is_dir() else set()
  paths = [
    output_dir / file
    for file in sorted(present)
    if file.endswith(".json") and not file.startswith(".")
  ]
  for path, text in zip(paths, _texts(paths), strict=True):
    content = _read(path, text)
    # A run's own record promises nothing.
    if "guarantee" not in content:
      continue
    picture = content["output"]
    # Asking a store for each would take as long as reading it.
    if picture in present or (not isinstance(path, StorePath) and (output_dir / picture).exists()):
      yield path.stem, content


def _texts(paths: list[pathlib.Path] | list[StorePath]) -> Iterator[bytes | Exception]:
  """The bytes of files, or what went wrong with one; a store's are asked for together."""
  if paths and isinstance(paths[0], StorePath):
    yield from store_files.read_many(paths)
    return
  for path in paths:
    try:
      yield path.read_bytes()
    except OSError as error:
      yield error


def _read(path: pathlib.Path | StorePath, text: bytes | Exception) -> dict:
  """A record, if it is one from which the page can be made."""
  try:
    if isinstance(text, Exception):
      raise text
    content = json.loads(text.decode("utf-8"))
    if "guarantee" not in content and _RUN_RECORD.fullmatch(path.name):
      return dict(content)
    parts = content["guarantee"], content["checkpoint"]
    texts = parts[0]["statement"], parts[0]["scope"], parts[1]["name"], content["output"]
    bound = content["attacker_bound"]
    if (
      content["output"] == f"{path.stem}.png"
      and all(isinstance(text, str) for text in texts)
      and isinstance(parts[0]["private"], bool)
      and isinstance(content["versions"], dict)
      and isinstance(content.get("precision", _FIRST_PRECISION), str)
      and (bound is None or 0 <= bound <= 1)
    ):
      return content
    problem = "something is missing in it"
  except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
    problem = str(error) or type(error).__name__
  raise ConfigurationError(
    f"{shown(path)}: no record of a release, or damaged ({problem}); all of the output folder may be "
    "published: restore it, move it away, or choose another --output_dir"
  )


def report_page(output_dir: pathlib.Path | StorePath, notes: Sequence[str] = ()) -> Iterator[str]:
  """The report on everything finished in a folder.

  Args:
    output_dir: a publishable output folder.
    notes: lines on how the releases were made, nothing private in them.

  Yields:
    The text of `report.html`, in pieces.
  """
  yield from page.pieces("Privatized faces", filter(None, _lines(output_dir, notes)))


def _lines(output_dir: pathlib.Path | StorePath, notes: Sequence[str]) -> Iterator[str]:
  groups: dict[str, tuple[dict, list[str], set[str]]] = {}
  for name, content in read_entries(output_dir):
    _, names, precisions = groups.setdefault(
      content["guarantee"]["statement"], (content, [], set())
    )
    names.append(name)
    precisions.add(content.get("precision", _FIRST_PRECISION))
  if not groups:
    yield "<p>No image was released in this run.</p>"
    return
  yield images_line(sum(len(names) for _, names, _ in groups.values()))
  yield page.notes(notes)
  shown = 0
  for _, (content, names, precisions) in sorted(groups.items()):
    # Several machines may have shared the work, or one after another.
    yield promise({**content, "precision": " and ".join(sorted(precisions))})
    visible = names[: max(0, _MOST_PICTURES - shown)]
    shown += len(visible)
    yield '<div class="gallery">'
    for name in visible:
      yield page.picture_of(output_dir / f"{name}.png", caption=name)
    yield "</div>"
    if len(visible) < len(names):
      yield f"<p>{len(names) - len(visible)} more are in the folder beside this page.</p>"
  yield footer(content["versions"])


def records_page(
  content: dict, images: int, record_files: int, notes: Sequence[str] = ()
) -> Iterator[str]:
  """The report on a run whose images are in TFRecord files, which no browser shows.

  Args:
    content: what is recorded with every image (as in `NAME.json`).
    images: how many were released.
    record_files: in how many files.
    notes: see `report_page`.

  Returns:
    The text of `report.html`, in pieces.
  """
  where = (
    f"<p>In {record_files} TFRecord file{'s' if record_files != 1 else ''} beside this page.</p>"
  )
  lines = [images_line(images), where, page.notes(notes), promise(content)]
  lines.append(footer(content["versions"]))
  return page.pieces("Privatized faces", filter(None, lines))


def images_line(count: int) -> str:
  """How many images there are, in a sentence.

  Args:
    count: of images, 0 or more.
  """
  return f"<p>{count} privatized image{'s' if count != 1 else ''}.</p>"


def footer(versions: dict) -> str:
  """What no setting hides, and what made the images."""
  made = ", ".join(f"{name} {version}" for name, version in versions.items())
  return (
    "<footer>Not hidden by any setting: file names, image sizes, the number of images and the time "
    f"a run took. Made with {html.escape(made)}.</footer>"
  )


def promise(content: dict) -> str:
  """The statement, the attacker's line and the parameters of one group of releases."""
  guarantee = content["guarantee"]
  rows = [(key, value) for key, value in guarantee.items() if key not in ("private", "statement")]
  # What is promised is never printed smaller than it is.
  rows = [(key, number_up(value) if key in _BOUNDS and value else value) for key, value in rows]
  bound = content["attacker_bound"]
  if bound is not None:
    through = " through the coordinate" if guarantee["scope"] == "attribute" else ""
    rows.append((f"attacker bound{through}", f"at most {percent_up(bound)} (a coin: 50%)"))
  rows.append(("checkpoint", content["checkpoint"]["name"]))
  rows.append(("drawn in", content.get("precision", _FIRST_PRECISION)))
  shown = [(name.replace("_", " "), value) for name, value in rows if value is not None]
  return page.statement(guarantee["statement"], guarantee["private"]) + page.table(shown)
