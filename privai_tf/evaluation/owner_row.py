"""One face on the owner's page: three pictures, what changed, one warning; the rest is folded."""

import html
import pathlib
from typing import Any

from privai_tf.evaluation import page
from privai_tf.evaluation.owner_faces import Face
from privai_tf.runtime.stores import StorePath

_WIDTH, _HEIGHT, _MARGIN = 120, 14, 7  # Of the line with a mark for before and one for after.
_ARROW = "→"


def row(face: Face, reason: str | None = None) -> str:
  """HTML of one face.

  Args:
    face: the face.
    reason: why it was not released, where that is known.
  """
  pictures = [
    _picture(face.name, "original", face.original),
    _picture(face.name, "inversion", face.inversion),
    _picture(face.name, "release (whole photo)" if face.whole else "release", face.picture),
  ]
  hidden = {name: known for name, known in face.attributes.items() if known["hidden"]}
  lines = "".join(_change(name, known) for name, known in hidden.items())
  told = face.warning
  if not face.released:
    told = f"Not released: {reason or told}" if reason or told else "Not released."
  warning = f'<p class="warned">{html.escape(told)}</p>' if told else ""
  return (
    f'<article><div class="pictures">{"".join(pictures)}</div><div class="facts">'
    f"<h3>{html.escape(face.name)}</h3>{warning}"
    f"{f'<ul>{lines}</ul>' if lines else ''}{_details(face)}</div></article>"
  )


def _picture(name: str, kind: str, path: pathlib.Path | StorePath | None) -> str:
  if path is None:
    return f'<figure class="none"><div>none</div><figcaption>{kind}</figcaption></figure>'
  return page.picture_of(path, caption=kind, described=f"{name}: {kind}")


def _change(name: str, known: dict[str, Any]) -> str:
  """A hidden attribute before and after: by the classifier, else along its boundary."""
  if "probability" in known:
    before, after = known["probability"]
    text, marks = f"{before:.0%} {_ARROW} {after:.0%}", (before, after)
  else:
    before, after = known["coordinate"]
    text = f"{before:+.3g} {_ARROW} {after:+.3g}"
    text += ", other side of the boundary" if before * after < 0 else ", same side"
    reach = 2 * max(abs(before), abs(after), 1e-9)
    marks = (0.5 + before / reach, 0.5 + after / reach)
  return f"<li><b>{html.escape(name)}</b> {_line(*marks)} {text}</li>"


def _line(before: float, after: float) -> str:
  """A hollow mark for before, a full one for after, from 0 (left) to 1."""
  middle, length = _HEIGHT / 2, _WIDTH - 2 * _MARGIN
  places = [_MARGIN + length * min(1.0, max(0.0, share)) for share in (before, after)]
  return (
    f'<svg width="{_WIDTH}" height="{_HEIGHT}" aria-hidden="true">'
    f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{middle}" y2="{middle}"/>'
    f'<line x1="{_WIDTH / 2}" x2="{_WIDTH / 2}" y1="3" y2="{_HEIGHT - 3}"/>'
    f'<circle class="before" cx="{places[0]:.1f}" cy="{middle}" r="4"/>'
    f'<circle cx="{places[1]:.1f}" cy="{middle}" r="4"/></svg>'
  )


def _details(face: Face) -> str:
  """Everything that is recorded, folded."""
  rows: list[tuple[str, object]] = []
  for name, known in face.attributes.items():
    for measure in ("probability", "coordinate"):
      if measure in known:
        before, after = known[measure]
        rows.append((f"{name}, {measure}", f"{before:.4g} {_ARROW} {after:.4g}"))
  rows += [
    (key.replace("_", " "), value)
    for key, value in face.figures.items()
    if key != "warning" and value is not None
  ]
  if face.output != face.name:
    rows.append(("output", face.output))
  return page.folded("Figures", page.table(rows))
