"""Self-contained HTML pages: one style, readable on a phone, no script and nothing fetched."""

import base64
import html
import math
import pathlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PIL import Image

from privai_tf.errors import OutputError
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown
from privai_tf.runtime.pictures import png
from privai_tf.runtime.stores import StorePath

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1a1a1a; --quiet: #595959; --line: #8884; --soft: #8882;
  --accent: #17804f; --warn: #b0460f; --on-warn: #fff; --warned: #9c3d0c; }
@media (prefers-color-scheme: dark) { :root { --page: #16181b; --text: #e9e9e9; --quiet: #a9adb2;
  --accent: #3ecf8e; --warn: #f0a070; --on-warn: #16181b; --warned: #f0a070; } }
* { box-sizing: border-box; }
body { background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 70rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p.statement { border-left: .35rem solid var(--accent); background: var(--soft); padding: .7rem 1rem; margin: 1rem 0; }
p.warning { border-left-color: var(--warn); }
p.note { overflow-wrap: anywhere; color: var(--warned); }
table { border-collapse: collapse; font-size: .9rem; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); }
td.number { font-variant-numeric: tabular-nums; text-align: right; }
.gallery { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
.row { display: grid; gap: .5rem; grid-template-columns: repeat(3, minmax(0, 12rem)); margin: 0 0 1rem; }
figure { margin: 0; } figcaption { font-size: .8rem; overflow-wrap: anywhere; color: var(--quiet); }
img { width: 100%; height: auto; border-radius: .4rem; display: block; }
footer { margin-top: 2rem; font-size: .8rem; color: var(--quiet); }
.scroll { overflow-x: auto; margin: 0 0 1.5rem; }
"""


def page(title: str, body: str, style: str = "") -> str:
  """A complete HTML document; see `pieces`."""
  return "".join(pieces(title, [body], style))


def pieces(title: str, lines: Iterable[str], style: str = "") -> Iterator[str]:
  """A complete HTML document, piece by piece: hundreds of pictures need not be held together.

  Args:
    title: plain text, escaped here.
    lines: HTML of the body, each to be followed by a line's end.
    style: CSS beside what all pages have.

  Yields:
    Parts of the document's text, in order.
  """
  yield (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    f"<title>{html.escape(title)}</title><style>{_STYLE}{style}</style></head>\n"
    f"<body><h1>{html.escape(title)}</h1>\n"
  )
  for line in lines:
    yield line
    yield "\n"
  yield "</body></html>\n"


def picture(
  pixels: np.ndarray, caption: str = "", longest_side: int = 256, described: str | None = None
) -> str:
  """A figure with the image inside the page.

  Args:
    pixels: uint8 [H, W, 3].
    caption: plain text, escaped here.
    longest_side: larger images are scaled down to this many pixels; smaller ones are enlarged by a
      whole factor, so that browsers do not blur them unevenly.
    described: for those who do not see it; None: the caption.

  Returns:
    HTML of a `figure`.
  """
  image = Image.fromarray(pixels)
  longest = max(image.size)
  if longest > longest_side:
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
  elif longest * 2 <= longest_side:
    factor = longest_side // longest
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.BICUBIC)
  data = base64.b64encode(png(np.asarray(image))).decode("ascii")
  text = html.escape(caption)
  described = html.escape(caption if described is None else described, quote=True)
  return (
    f'<figure><img alt="{described}" src="data:image/png;base64,{data}">'
    f"<figcaption>{text}</figcaption></figure>"
  )


def picture_of(
  path: pathlib.Path | StorePath, caption: str = "", described: str | None = None
) -> str:
  """A figure with the picture of a file; see `picture`.

  Raises:
    OutputError: if the file is damaged.
  """
  with outside.opened(path) as file:
    try:
      with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB"))
    except OSError as error:
      raise OutputError(
        f"{shown(path)} is no picture ({error}); restore it: the page is made of the folder's files."
      ) from error
  return picture(pixels, caption, described=described)


def curve(values: Sequence[float], width: int = 240, height: int = 48) -> str:
  """A line through positive values from left to right, logarithmic from bottom to top.

  Args:
    values: at least one; those that are not finite or not above 0 are left out.
    width, height: pixels.

  Returns:
    HTML of an `svg`, with first and last value beside the line.
  """
  points = [(i, math.log(v)) for i, v in enumerate(values) if math.isfinite(v) and v > 0]
  if not points:
    return ""
  low, high = min(y for _, y in points), max(y for _, y in points)
  across, up = width / max(1, len(values) - 1), (height - 4) / max(high - low, 1e-9)
  path = " ".join(f"{x * across:.1f},{height - 2 - (y - low) * up:.1f}" for x, y in points)
  ends = f"{values[points[0][0]]:.3g} to {values[points[-1][0]]:.3g}"
  return (
    f'<svg width="{width}" height="{height}" role="img" aria-label="{ends}"><polyline fill="none" '
    f'stroke="var(--accent)" stroke-width="2" points="{path}"/></svg> {ends}'
  )


def table(rows: Sequence[tuple[str, object]]) -> str:
  """A two-column table of names and values, both escaped; floats are shown with four digits, lists
  of numbers as a curve."""
  cells = []
  for name, value in rows:
    if isinstance(value, list | tuple) and value and all(isinstance(v, float) for v in value):
      cells.append(f"<tr><th>{html.escape(name)}</th><td>{curve(value)}</td></tr>")
      continue
    number = isinstance(value, int | float) and not isinstance(value, bool)
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    kind = ' class="number"' if number else ""
    cells.append(f"<tr><th>{html.escape(name)}</th><td{kind}>{html.escape(shown)}</td></tr>")
  return f'<div class="scroll"><table>{"".join(cells)}</table></div>'


def folded(title: str, body: str) -> str:
  """HTML that shows when its title is touched; the title is plain text, escaped here."""
  return f"<details><summary>{html.escape(title)}</summary>{body}</details>"


def notes(lines: Sequence[str]) -> str:
  """What a reader should know of how something was made, a paragraph each; plain text, escaped here."""
  return "".join(f'<p class="note">{html.escape(line)}</p>' for line in lines)


def statement(text: str, private: bool) -> str:
  """The guarantee's sentence as a highlighted paragraph; coloured as a warning if not private."""
  kind = "statement" if private else "statement warning"
  return f'<p class="{kind}">{html.escape(text)}</p>'
