"""The plot of `whereabouts` as SVG: no script, no file, readable without colours."""

import html
from typing import TYPE_CHECKING

import numpy as np

from privai_tf.web.choices import WHOLE_FACE, Choice, ends

if TYPE_CHECKING:  # It needs TensorFlow, which the page does not wait for.
  from privai_tf.web.whereabouts import Whereabouts

_WIDTH, _HEIGHT, _BASE = 640.0, 190.0, 170.0


def plot(found: "Whereabouts", choice: Choice) -> str:
  """HTML of the plot with its legend.

  Args:
    found: what to draw.
    choice: what is hidden.
  """
  if choice.hidden == WHOLE_FACE:
    title = "How alike to your face"
    sides = ("quite another face", "your face")
    public, released = "faces in general", "where the released face may lie"
  else:
    name = html.escape(choice.hidden)
    title = f"Where faces lie: {name}"
    sides = tuple(map(html.escape, ends(choice.hidden)))
    public, released = "faces in general", "where the release may fall"
  low, high = found.edges[0], found.edges[-1]
  here = _WIDTH * (found.here - low) / (high - low)
  here = min(max(here, 4.0), _WIDTH - 4.0)
  return f"""<figure class="where"><figcaption><b>{title}</b> <span class="eyes">for your eyes only: it
shows what is to be hidden</span></figcaption>
<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{title}: {public}, your photo, {released}">
<path class="public" d="{_steps(found.public)}"/><path class="released" d="{_steps(found.released)}"/>
<line class="axis" x1="0" x2="{_WIDTH:g}" y1="{_BASE:g}" y2="{_BASE:g}"/>
<line class="here" x1="{here:.1f}" x2="{here:.1f}" y1="14" y2="{_BASE:g}"/>
<circle class="here" cx="{here:.1f}" cy="14" r="6"/></svg>
<div class="ends"><span>{sides[0]}</span><span>{sides[1]}</span></div>
<ul class="legend"><li><i class="public"></i>{public}</li><li><i class="here"></i>your photo</li>
<li><i class="released"></i>{released}</li></ul></figure>"""


def _steps(shares: np.ndarray) -> str:
  """A histogram's outline, the highest bin as high as the plot."""
  heights = (_BASE - 30) * shares / max(float(shares.max()), 1e-12)
  width = _WIDTH / len(shares)
  points = [f"M0,{_BASE:g}"]
  for index, height in enumerate(heights):
    y = _BASE - height
    points.append(f"L{index * width:.1f},{y:.1f}L{(index + 1) * width:.1f},{y:.1f}")
  return "".join([*points, f"L{_WIDTH:g},{_BASE:g}Z"])
