"""The strip of previews: a few epsilons, a few draws of each."""

import html
from collections.abc import Sequence

import numpy as np

from privai_tf.privacy.figures import number_up
from privai_tf.web import words
from privai_tf.web.choices import Choice
from privai_tf.web.pictures import data_uri, shown

_LEAST = 128


def strip(pictures: np.ndarray, choices: Sequence[Choice], chosen: float) -> str:
  """HTML of the strip.

  Args:
    pictures: uint8 [choices, draws, R, R, 3], simulated.
    choices: one a column, from strong to weak.
    chosen: the epsilon of the slider.
  """
  columns = "".join(
    _column(drawn, choice.epsilon, choice.epsilon == chosen)
    for drawn, choice in zip(pictures, choices, strict=True)
  )
  return (
    f'<section class="strip" aria-label="{words.preview_caption()}">'
    f'<p class="mark">{words.preview_caption()}</p>'
    "<p>Made with simulated chance: nothing is published or charged. Each column shows four results that "
    "could come out; the real one is drawn once, when you release.</p>"
    f'<div class="columns" role="group" tabindex="0" aria-label="Previews">{columns}</div>'
    '<div class="ends"><span>hides more</span><span>shows more</span></div></section>'
  )


def _column(drawn: np.ndarray, epsilon: float, chosen: bool) -> str:
  number = number_up(epsilon)
  images = "".join(
    f'<img src="{data_uri(shown(picture, _LEAST))}" '
    f'alt="preview {index + 1} at epsilon {html.escape(number)}">'
    for index, picture in enumerate(drawn)
  )
  kind = ' class="chosen"' if chosen else ""
  told = f'<b>✓ {number}</b><span class="unseen"> chosen</span>' if chosen else number
  return f"<div{kind}>{images}<p>{told}</p></div>"
