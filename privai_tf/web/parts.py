"""Pieces of the page as HTML. Everything that is not ours is escaped."""

import html
from collections.abc import Sequence

import numpy as np

from privai_tf.errors import PrivaiError
from privai_tf.serving.gateway.refusals import one_line
from privai_tf.web.estimate import duration
from privai_tf.web.photos import Photo, boxed
from privai_tf.web.pictures import data_uri, figure, shown

HEADER = (
  "<h1>Hide something in a face</h1>"
  '<p class="quiet">Choose a photo, say what shall be hidden and how strongly, and get a picture with a '
  "promise that you can check. Nothing leaves this machine; your photo is forgotten when you close this "
  "page.</p>"
)
LOADING = (
  '<div class="note" role="status"><b>The model is still loading.</b> This takes half a minute on an '
  "ordinary machine; the page goes on by itself.</div>"
)
_COMPARED = 384
LOOKING = '<div class="note" role="status">Looking for faces ...</div>'


def heading(number: int, title: str, told: str) -> str:
  """The heading of a step.

  Args:
    number: of the step, from 1.
    title, told: plain text.
  """
  return (
    f'<h2><span aria-hidden="true">{number}</span>{html.escape(title)}</h2>'
    f'<p class="quiet">{html.escape(told)}</p>'
  )


def trouble(error: PrivaiError | str) -> str:
  """Why something did not happen, in one line."""
  return f'<div class="bad" role="alert">{html.escape(one_line(error))}</div>'


def photo(taken: Photo, chosen: int) -> str:
  """The photo with its faces boxed.

  Args:
    taken: the photo.
    chosen: number of the chosen face, from 0.
  """
  if taken.is_face:
    return '<p role="status">The picture is a face already.</p>'
  count = len(taken.faces)
  told = "1 face found." if count == 1 else f"{count} faces found; the thick box is the chosen one."
  picture = data_uri(boxed(taken, chosen), photo=True)
  return (
    f'<div class="photo"><img src="{picture}" alt="Your photo. {told}">'
    f'<p role="status">{told}</p></div>'
  )


def progress(done: int, total: int, picture: np.ndarray | None) -> str:
  """How far the inversion is, and what it looks like.

  Args:
    done, total: steps.
    picture: uint8 [R, R, 3]; None: there is none yet.
  """
  share = done / max(1, total)
  told = f"Looking for your face in what the generator can draw: {100 * share:.0f}%"
  return _bar(told, share, picture)


def searching(done: int, total: int, picture: np.ndarray | None, left: float) -> str:
  """How far a long search is, what it looks like, and how long it may still take.

  Args:
    done, total: steps; none in all: others are searched first.
    picture: uint8 [R, R, 3]; None: there is none yet.
    left: seconds.
  """
  told = "another face is searched first, yours comes next"
  if total:
    told = f"{100 * done / total:.0f}%, {duration(left)}"
  return _bar(f"Searching until it is you: {told}", done / max(1, total), picture)


def _bar(told: str, share: float, picture: np.ndarray | None) -> str:
  image = '<div class="blank"></div>'
  if picture is not None:
    image = f'<img src="{data_uri(shown(picture))}" alt="what is found so far">'
  return (
    f'<div class="progress">{image}<div><p role="status">{told}</p>'
    f'<div class="bar"><div style="width:{100 * share:.0f}%"></div></div></div></div>'
  )


def found(face: np.ndarray, inversion: np.ndarray, warning: str | None) -> str:
  """The face beside what the generator makes of it.

  Args:
    face, inversion: uint8 [R, R, 3].
    warning: why the generator does not know such faces; None: it does. Not shown word for word.
  """
  told = ""
  if warning is not None:
    told = (
      '<div class="warm">This generator does not know faces like this one: what comes out will be '
      "somebody else. The demo model draws cartoons; for photos start the page with a model that was "
      "trained on photos.</div>"
    )
  pictures = figure(face, "your face") + figure(inversion, "as the generator can draw it")
  return f'<div class="three">{pictures}</div>{told}'


def triptych(face: np.ndarray, inversion: np.ndarray, release: np.ndarray) -> str:
  """Original, inversion and release.

  Args:
    face, inversion, release: uint8 [R, R, 3].
  """
  pictures: Sequence[str] = (
    figure(face, "original"),
    figure(inversion, "redrawn, nothing hidden"),
    figure(release, "released"),
  )
  return f'<div class="three">{"".join(pictures)}</div>'


def comparison(before: np.ndarray, after: np.ndarray) -> str:
  """Two pictures of equal size in one place, with a line between them that can be moved.

  Args:
    before, after: uint8 [R, R, 3], of one size.
  """
  first, second = (data_uri(shown(pixels, _COMPARED)) for pixels in (before, after))
  move = "this.parentNode.style.setProperty('--cut', this.value + '%')"
  return (
    '<p class="middle">Before and after: move the line.</p>'
    f'<div class="compare"><img src="{first}" alt="before"><img class="after" src="{second}" '
    'alt="after"><span class="left">before</span><span class="right">after</span>'
    '<input type="range" min="0" max="100" value="50" aria-label="Line between before and after" '
    f'oninput="{move}"></div>'
  )


def statement(text: str) -> str:
  """The promise, a sentence a line."""
  return f"<p>{html.escape(text).replace('. ', '.<br>')}</p>"
