"""The pages of a run: escaped, self-contained, made from the folder alone."""

import base64
import io
import json
import re
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import OutputError
from privai_tf.evaluation import page
from privai_tf.evaluation.comparison import comparison_page
from privai_tf.evaluation.report import read_entries, report_page

_GUARANTEE = {
  "private": True,
  "scope": "attribute",
  "statement": "The coordinate <smile> is hidden.",
  "mechanism": "laplace",
  "epsilon": 1.0,
  "delta": 0.0,
  "clip_radius": 8.0,
  "sensitivity": 16.0,
  "noise_scale": 16.0,
}


def _release(folder, name, shade=100, **changes):
  Image.fromarray(np.full((8, 8, 3), shade, np.uint8)).save(folder / f"{name}.png")
  content = {
    "output": f"{name}.png",
    "guarantee": _GUARANTEE | changes,
    "attacker_bound": 0.731,
    "checkpoint": {"name": "avatars"},
    "versions": {"privai-tf": "0.1.0"},
  }
  (folder / f"{name}.json").write_text(json.dumps(content))


def test_report_shows_statement_bound_and_every_image_once(tmp_path):
  _release(tmp_path, "ada")
  _release(tmp_path, "<b>bob</b>".replace("/", ""))
  text = "".join(report_page(tmp_path))
  assert text.count("<figure>") == 2
  assert text.count("The coordinate &lt;smile&gt; is hidden.") == 1
  assert "73.1%" in text
  assert "<b>" not in text
  assert 'name="viewport"' in text
  assert not re.search(r"<(script|link|iframe)|https?://", text)


def test_releases_with_different_promises_are_shown_apart(tmp_path):
  _release(tmp_path, "ada")
  _release(tmp_path, "bob", private=False, statement="A simulation.", epsilon=2.0)
  text = "".join(report_page(tmp_path))
  assert text.index("A simulation.") < text.index("is hidden.")
  assert text.count('class="statement warning"') == 1


def test_unfinished_images_are_left_out(tmp_path):
  _release(tmp_path, "ada")
  Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "half.png")
  (tmp_path / "run.json").write_text("{}")
  assert [name for name, _ in read_entries(tmp_path)] == ["ada"]
  assert "No image was released" in "".join(report_page(tmp_path / "empty"))


def test_embedded_picture_keeps_its_colours_and_limits_its_size():
  pixels = np.full((600, 300, 3), (200, 50, 10), np.uint8)
  data = re.search(r"base64,([^\"]+)", page.picture(pixels, "x", longest_side=256)).group(1)
  with Image.open(io.BytesIO(base64.b64decode(data))) as image:
    assert image.size == (128, 256)
    np.testing.assert_allclose(np.asarray(image)[100, 60], (200, 50, 10), atol=1)


def test_comparison_puts_three_pictures_in_a_row_and_warns(tmp_path):
  private, public = tmp_path / "private", tmp_path / "public"
  private.mkdir()
  public.mkdir()
  _release(public, "ada")
  for kind in ("original", "inversion"):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(private / f"ada.{kind}.png")
  (private / "ada.quality.json").write_text(json.dumps({"psnr_db": 27.123456}))
  text = "".join(comparison_page(private, public))
  assert "publishes the result that suits best gives away more" in text
  assert re.findall(r"<figcaption>(\w+)", text) == ["original", "inversion", "release"]
  assert 'alt="ada: original"' in text
  assert "27.12" in text
  assert "owner's eyes only" in text.replace("&#x27;", "'")


def test_comparison_shows_the_loss_curve_and_tells_warnings_apart(tmp_path):
  quality = {"psnr_db": 20.0, "loss_curve": [1.0, 0.1, 0.01], "warning": "<far> from the mean"}
  (tmp_path / "ada.quality.json").write_text(json.dumps(quality))
  text = "".join(comparison_page(tmp_path, tmp_path))
  points = re.search(r'points="([^"]+)"', text).group(1).split()
  heights = [float(point.split(",")[1]) for point in points]
  # Equal ratios are equal steps; the page's y axis points down.
  np.testing.assert_allclose(np.diff(heights), (heights[-1] - heights[0]) / 2, atol=0.11)
  assert heights[0] < heights[-1]
  assert text.count("&lt;far&gt; from the mean") == 1


def test_a_page_is_written_without_holding_its_pictures(tmp_path):
  private, public = tmp_path / "private", tmp_path / "public"
  private.mkdir()
  public.mkdir()
  noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8))
  for number in range(24):
    _release(public, f"face{number}")
    noise.save(public / f"face{number}.png")
    (private / f"face{number}.quality.json").write_text("{}")
    for kind in ("original", "inversion"):
      noise.save(private / f"face{number}.{kind}.png")
  for pieces in (report_page(public), comparison_page(private, public)):
    tracemalloc.start()
    try:
      length, most = sum(map(len, pieces)), tracemalloc.get_traced_memory()[1]
    finally:
      tracemalloc.stop()
    assert length > 2_000_000
    assert most < length / 2  # All of it was held twice before.


def test_a_damaged_picture_is_named(tmp_path):
  _release(tmp_path, "ada")
  (tmp_path / "ada.png").write_bytes(b"half")
  with pytest.raises(OutputError, match=r"ada\.png is no picture .*restore it"):
    "".join(report_page(tmp_path))


def test_a_curve_of_nothing_drawable_is_no_curve():
  assert page.curve([0.0, float("nan"), float("inf")]) == ""
  assert "polyline" in page.curve([2.0])
