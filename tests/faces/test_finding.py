"""Which faces of a photo are taken, what they are called, and what is refused. No detector here."""

import numpy as np
import pytest

from privai_tf.errors import InputError
from privai_tf.faces import FaceSpec, find_faces, finding, paste_back
from privai_tf.faces.detection import Detection


def detection(x: float, size: float) -> Detection:
  return Detection(
    box=(x - size, 100 - size, x + size, 100 + size),
    eyes=((x - size / 2, 90.0), (x + size / 2, 90.0)),
    mouth=((x - size / 2, 90 + size), (x + size / 2, 90 + size)),
    confidence=1.0,
  )


@pytest.fixture
def photo():
  return np.random.default_rng(0).integers(0, 256, (200, 400, 3), dtype=np.uint8)


@pytest.fixture
def three(monkeypatch):
  """Three faces, the middle one largest."""
  faces = [detection(60, 12), detection(200, 25), detection(330, 10)]
  monkeypatch.setattr(finding, "detect", lambda *_, **__: faces)


@pytest.fixture
def nobody(monkeypatch):
  monkeypatch.setattr(finding, "detect", lambda *_, **__: [])


@pytest.fixture
def no_detector(monkeypatch):
  def refuse(*_, **__):
    raise AssertionError("nothing is to be detected")

  monkeypatch.setattr(finding, "detect", refuse)


def find(pixels, resolution=32, **settings):
  return find_faces(pixels, resolution, FaceSpec(**settings), name="a", source="x/a.png")


def test_largest(photo, three):
  (face,) = find(photo)
  assert (face.name, face.source, face.index, face.count) == ("a", "x/a.png", 1, 3)
  assert face.image.shape == (32, 32, 3)
  assert face.image.dtype == np.float32
  assert -1 <= face.image.min() < face.image.max() <= 1
  assert face.placement.frame == (200, 400)
  assert face.placement.center[0] == pytest.approx(200)


def test_all_are_numbered_from_left_to_right(photo, three):
  faces = find(photo, faces="all")
  assert [face.name for face in faces] == ["a-face0", "a-face1", "a-face2"]
  assert [face.index for face in faces] == [0, 1, 2]
  assert [round(face.placement.center[0]) for face in faces] == [60, 200, 330]


def test_one_by_number(photo, three):
  (face,) = find(photo, faces="2")
  assert (face.name, face.index, face.count) == ("a", 2, 3)
  assert face.placement.center[0] == pytest.approx(330)


def test_number_beyond_the_last(photo, three, monkeypatch):
  with pytest.raises(InputError, match=r"x/a\.png: 3 faces found, .*faces=3.*0 to 2"):
    find(photo, faces="3")
  monkeypatch.setattr(finding, "detect", lambda *_, **__: [detection(60, 12)])
  with pytest.raises(InputError, match=r"1 face found, so faces=1 is none of them; use 0,"):
    find(photo, faces="1")


def test_nobody(photo, nobody):
  for faces in ("largest", "all", "0"):
    with pytest.raises(InputError, match=r"x/a\.png: no face found; .*align=none"):
      find(photo, faces=faces)


def test_largest_alone_is_refused_where_the_frame_is_published_too(photo, three):
  """The others would be published by oversight."""
  with pytest.raises(InputError, match=r"x/a\.png: 3 faces found; .*faces=all"):
    find(photo, paste_back=True)
  assert len(find(photo, paste_back=True, faces="all")) == 3
  assert len(find(photo, paste_back=True, faces="1")) == 1


def test_one_face_may_be_pasted_back(photo, monkeypatch):
  monkeypatch.setattr(finding, "detect", lambda *_, **__: [detection(60, 12)])
  assert len(find(photo, paste_back=True)) == 1


def test_no_alignment_takes_the_middle_without_looking(photo, no_detector):
  (face,) = find(photo, align="none")
  assert (face.name, face.index, face.count) == ("a", 0, 1)
  assert (face.placement.center, face.placement.half_axis) == ((200.0, 100.0), (100.0, 0.0))
  result = paste_back(photo, [face], np.zeros((1, 32, 32, 3), np.uint8))
  np.testing.assert_array_equal(result[:, :100], photo[:, :100])
  assert (result[60:140, 160:240] == 0).all()
  assert find(photo, align="none", faces="all")[0].name == "a-face0"
  with pytest.raises(InputError, match=r"align=none.*faces=1"):
    find(photo, align="none", faces="1")


def test_auto_takes_a_square_of_the_right_size_as_it_is(photo, no_detector):
  square = photo[:64, :64]
  (face,) = find(square, resolution=64)
  np.testing.assert_allclose(face.image, square / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize(("side", "align"), [(64, "ffhq"), (64, "celeba"), (65, "auto")])
def test_other_squares_are_searched(photo, nobody, side, align):
  with pytest.raises(InputError, match="no face found"):
    find(photo[:side, :side], resolution=64, align=align)


@pytest.mark.parametrize("align", ["auto", "none"])
@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
def test_too_small(no_detector, size, align):
  width, height = size
  with pytest.raises(InputError, match=rf"a\.png has {width} x {height} pixels.*larger picture"):
    find(np.zeros((height, width, 3), np.uint8), align=align)
