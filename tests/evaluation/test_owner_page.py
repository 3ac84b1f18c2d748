"""The owner's page: what needs a look first, escaped, readable in light and dark."""

import csv
import json
import re

import numpy as np
import pytest
from PIL import Image

from privai_tf.artifacts import Guarantee
from privai_tf.errors import OutputError
from privai_tf.evaluation import page
from privai_tf.evaluation.comparison import comparison_page
from privai_tf.evaluation.owner_style import STYLE

_GUARANTEE = Guarantee(
  private=True,
  scope="attribute",
  statement="The coordinate <smile> is hidden.",
  mechanism="extremal",
  epsilon=0.75,
  delta=0.0,
  clip_radius=None,
  sensitivity=None,
  noise_scale=None,
)
_CONFIGURATION = {"attributes": ["<smile>"], "checkpoint": {"name": "avatars", "resolution": 64}}


@pytest.fixture
def folders(tmp_path):
  """An empty private and an empty publishable folder."""
  folders = tmp_path / "private", tmp_path / "public"
  for folder in folders:
    folder.mkdir()
  return folders


def _picture(path, shade=100):
  Image.fromarray(np.full((8, 8, 3), shade, np.uint8)).save(path)


def _face(folders, name, *, attributes=None, published=True, **figures):
  private, public = folders
  for kind in ("original", "inversion"):
    _picture(private / f"{name}.{kind}.png")
  (private / f"{name}.quality.json").write_text(json.dumps(figures))
  if attributes:
    (private / f"{name}.release.json").write_text(json.dumps({"attributes": attributes}))
  if published:
    _picture(public / f"{name}.png")


def _table(path, rows):
  with open(path, "w", newline="") as file:
    table = csv.DictWriter(file, rows[0].keys())
    table.writeheader()
    table.writerows(rows)


def _names(text):
  return re.findall(r"<h3>([^<]*)</h3>", text)


def test_the_summary_says_what_was_done_and_what_is_left(folders):
  _face(folders, "ada", warning="It is far.", unexplained=0.5)
  _face(folders, "bob", unexplained=0.1)
  private, _ = folders
  failed = {"name": "<c>", "stage": "read", "reason": "<c>: no face", "published": "no"}
  _table(private / "failures.csv", [failed])
  paid = [{"subject": "ada", "left_epsilon": left} for left in ("2.25", "1.5")]
  # Of another process that shares the folder.
  _table(private / "charges-00001-of-00002.csv", [*paid, {"subject": "bob", "left_epsilon": "2"}])
  text = "".join(comparison_page(*folders, _GUARANTEE, _CONFIGURATION))
  facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", text))
  assert facts == {
    "Released": "2 faces, 1 input failed",
    "With a warning": "1 of 2",
    "Hidden": "&lt;smile&gt; (scope attribute)",
    "Epsilon": "0.75 a face",
    "Mechanism": "extremal",
    "Checkpoint": "avatars, 64 x 64 pixels",
    "Budget": "at least epsilon 1.5 left of each of 2 subjects; 3 releases paid",
  }
  assert text.index("</dl>") < text.index("<h3>")
  assert "The coordinate &lt;smile&gt; is hidden." in text
  assert "<td>&lt;c&gt;: no face</td>" in text
  assert not re.search(r"<(script|link|iframe|c>|smile>)|https?://", text)


def test_what_needs_a_look_comes_first(folders):
  _face(folders, "a-good", unexplained=0.02)
  _face(folders, "b-bad", warning="<far> away", unexplained=0.6)
  _face(folders, "c-worse", warning="farther", unexplained=2.0)
  _face(folders, "d-unpaid", unexplained=0.01, published=False, attributes={"smile": {}})
  reason = {"name": "d-unpaid", "reason": "epsilon 0.1 is left", "published": "no"}
  _table(folders[0] / "failures.csv", [reason])
  text = "".join(comparison_page(*folders))
  assert _names(text) == ["d-unpaid", "c-worse", "b-bad", "a-good"]
  assert re.findall(r'class="warned">([^<]*)<', text) == [
    "Not released: epsilon 0.1 is left",
    "farther",
    "&lt;far&gt; away",
  ]


@pytest.mark.parametrize(
  ("known", "line"),
  [
    ({"probability": [0.971, 0.118], "coordinate": [4.0, -1.0]}, "97% → 12%"),
    ({"coordinate": [4.02, -1.304]}, "+4.02 → -1.3, other side of the boundary"),
    ({"coordinate": [4.02, 1.304]}, "+4.02 → +1.3, same side"),
  ],
)
def test_a_hidden_attribute_is_shown_before_and_after(folders, known, line):
  """By the classifier where there is one; what was not to be hidden is among the figures."""
  other = {"hidden": False, "probability": [0.2, 0.9]}
  _face(folders, "ada", attributes={"smile": {"hidden": True, **known}, "age": other})
  text = "".join(comparison_page(*folders))
  assert re.findall(r"<li><b>([^<]*)</b> <svg.*?</svg> ([^<]*)</li>", text) == [("smile", line)]
  assert "<th>age, probability</th><td>0.2 → 0.9</td>" in text


def test_the_privatized_face_is_shown_where_it_is_no_file_of_its_own(folders):
  """Pasted back, in TFRecords, and both; and of what a killed run had drawn, the whole photo."""
  private, public = folders
  for name, output in (("a-face0", "a"), ("b-face0", "b")):
    _face(folders, name, output=output, pasted=True, published=False)
    _picture(public / f"{output}.png")
  _picture(private / "a-face0.release.png")
  _face(folders, "c", output="c", pasted=False, published=False)
  _picture(private / "c.published.png")
  text = "".join(comparison_page(*folders))
  assert _names(text) == ["a-face0", "b-face0", "c"]
  assert re.findall(r"<figcaption>(release[^<]*)", text) == [
    "release",
    "release (whole photo)",
    "release",
  ]
  assert "<div>none</div>" not in text


def test_a_face_is_not_shown_before_its_frame_is_published(folders):
  """A picture of an earlier run, whose output was removed, is not passed off as released."""
  _face(folders, "a-face0", output="a", pasted=True, published=False)
  _picture(folders[0] / "a-face0.release.png")
  text = "".join(comparison_page(*folders))
  assert "Not released" in text
  assert text.count("<img") == 2


def _luminance(colour):
  colour = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
  values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
  linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
  return float(linear @ [0.2126, 0.7152, 0.0722])


def _contrast(one, other):
  darker, lighter = sorted([_luminance(one), _luminance(other)])
  return (lighter + 0.05) / (darker + 0.05)


def test_colours_reach_wcag_aa_in_light_and_dark():
  """4.5 : 1 for text, 3 : 1 for marks; WCAG 2.2, 1.4.3 and 1.4.11."""
  style = page.page("", "", STYLE)
  schemes = [dict(re.findall(r"--([\w-]+): (#\w+);", part)) for part in style.split("@media")[:2]]
  assert set(schemes[0]) - set(schemes[1]) == {"line", "soft"}
  for colours in schemes:
    for text in ("text", "quiet", "warned"):
      assert _contrast(colours[text], colours["page"]) >= 4.5, text
    assert _contrast(colours["on-warn"], colours["warn"]) >= 4.5
    assert _contrast(colours["accent"], colours["page"]) >= 3
  assert "opacity" not in style


@pytest.mark.parametrize("content", ["{", "[" * 5000, "[]"])
def test_a_damaged_record_is_one_line(tmp_path, content):
  (tmp_path / "face.quality.json").write_text(content)
  with pytest.raises(OutputError, match=r"face\.quality\.json.*remove it") as refused:
    "".join(comparison_page(tmp_path, tmp_path / "out", None, None))
  assert "\n" not in str(refused.value)
