"""Detection on a real photograph, with both detectors."""

import math
import sys
import threading

import numpy as np
import pytest
from PIL import Image, ImageFilter

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.faces import FaceSpec, find_faces, finding
from privai_tf.faces.detection import MOST_FACES, CrowdError, Detection
from privai_tf.faces.refinement import confirmed
from privai_tf.faces.search import detect


@pytest.fixture(scope="module")
def mtcnn():
  pytest.importorskip("mtcnn")
  return lambda pixels: detect(pixels, "mtcnn")


@pytest.fixture(scope="module")
def dlib():
  pytest.importorskip("dlib")
  pytest.importorskip("face_recognition_models", exc_type=ImportError)
  return lambda pixels: detect(pixels, "dlib")


def head(astronaut, size: int) -> np.ndarray:
  """The astronaut's head alone, square."""
  return np.asarray(Image.fromarray(astronaut[0:250, 100:350]).resize((size, size)))


def ten_faces(astronaut, size: int) -> np.ndarray:
  """Two rows of five heads, every second one mirrored."""
  one = head(astronaut, size)
  photo = np.full((int(2.4 * size), int(5.5 * size), 3), 180, np.uint8)
  for number in range(10):
    top, left = int(number // 5 * 1.2 * size), int(number % 5 * 1.1 * size)
    photo[top : top + size, left : left + size] = one[:, ::-1] if number % 2 else one
  return photo


def farthest(found, truth) -> float:
  """The largest distance of a point from the truth, in eye distances."""
  eyes = np.array(truth.eyes)
  return float(np.abs(found.points - truth.points).max() / np.hypot(*(eyes[1] - eyes[0])))


def test_astronaut(astronaut, astronaut_face, mtcnn, capfd):
  (face,) = mtcnn(astronaut)
  assert farthest(face, astronaut_face) < 0.06
  assert face.confidence > 0.9
  assert capfd.readouterr().out == ""


def test_same_photo_same_faces(astronaut, mtcnn):
  assert mtcnn(astronaut) == mtcnn(astronaut.copy())


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [-50, 25, 90, 180])
def test_turned_heads_are_found_as_exactly_as_upright_ones(
  astronaut, astronaut_face, mtcnn, degrees
):
  photo = np.asarray(
    Image.fromarray(astronaut).rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC)
  )
  (face,) = mtcnn(photo)
  angle = math.radians(degrees)
  matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
  middle = np.array([photo.shape[1], photo.shape[0]]) / 2
  truth = astronaut_face.moved(lambda points: (points - 256) @ matrix + middle, (0, 0, 1, 1))
  assert farthest(face, truth) < 0.08


@pytest.mark.slow
@pytest.mark.parametrize("size", [40, 160, 3000])
def test_small_and_large_pictures(astronaut, mtcnn, size):
  (face,) = mtcnn(head(astronaut, size))
  assert 0.25 * size < face.box[2] - face.box[0] < 0.5 * size
  np.testing.assert_allclose(
    np.array(face.eyes) / size, [(0.416, 0.404), (0.587, 0.412)], atol=0.02
  )


def blurred(photo):
  return np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(4)))


def masked(photo):
  photo = photo.copy()
  photo[120:175, 180:270] = (200, 220, 240)
  return photo


def with_sunglasses(photo):
  photo = photo.copy()
  photo[90:115, 190:260] = 20
  return photo


@pytest.mark.slow
@pytest.mark.parametrize("change", [blurred, masked, with_sunglasses, lambda photo: photo // 8])
def test_hard_to_see(astronaut, astronaut_face, mtcnn, change):
  (face,) = mtcnn(change(astronaut))
  assert farthest(face, astronaut_face) < 0.3


def test_ten_faces_in_order(astronaut, mtcnn):
  found = mtcnn(ten_faces(astronaut, 90))
  assert len(found) == 10
  middles = [(face.box[0] + face.box[2]) / 2 for face in found]
  assert middles == sorted(middles)


@pytest.mark.parametrize("content", ["black", "noise", "strip"])
def test_nobody(mtcnn, content):
  photos = {
    "black": np.zeros((300, 200, 3), np.uint8),
    "noise": np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8),
    "strip": np.full((16, 2000, 3), 90, np.uint8),
  }
  assert mtcnn(photos[content]) == []


def test_several_threads(astronaut, mtcnn):
  photo = head(astronaut, 160)
  expected, found = mtcnn(photo), []
  threads = [threading.Thread(target=lambda: found.append(mtcnn(photo))) for _ in range(4)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert found == [expected] * 4


def test_aligned_crop_is_ffhqs(astronaut, mtcnn):
  """Detected again in its own crop, eyes and mouth are where FFHQ has them."""
  (face,) = find_faces(astronaut, 256, FaceSpec(), name="a", source="a.png")
  pixels = np.rint((face.image + 1) * 127.5).astype(np.uint8)
  (again,) = mtcnn(pixels)
  eyes, mouth = np.array(again.eyes) / 256, np.array(again.mouth) / 256
  assert eyes[:, 1] == pytest.approx(0.48, abs=0.02)
  assert eyes.mean(axis=0)[0] == pytest.approx(0.5, abs=0.02)
  assert eyes[1, 0] - eyes[0, 0] == pytest.approx(0.25, abs=0.02)
  assert mouth.mean(axis=0)[1] == pytest.approx(0.71, abs=0.03)


def test_dlib_agrees(astronaut, astronaut_face, dlib):
  found = dlib(astronaut)
  assert dlib(astronaut) == found
  (face,) = found
  assert farthest(face, astronaut_face) < 0.08


def test_dlib_nobody(dlib):
  assert dlib(np.zeros((300, 200, 3), np.uint8)) == []


@pytest.mark.parametrize(
  ("landmarks", "module", "message"),
  [
    ("mtcnn", "mtcnn", r"needs the package mtcnn .*'privai-tf\[align\]'.*align=none"),
    ("dlib", "dlib", r"needs the package dlib-bin: .*'privai-tf\[dlib\]'"),
  ],
)
def test_absent_package_is_one_line(monkeypatch, landmarks, module, message):
  import privai_tf.faces.dlib_detector
  import privai_tf.faces.mtcnn_detector

  detectors = {
    "mtcnn": privai_tf.faces.mtcnn_detector.MTCNNDetector,
    "dlib": privai_tf.faces.dlib_detector.DlibDetector,
  }
  monkeypatch.setitem(sys.modules, module, None)
  with pytest.raises(ConfigurationError, match=message) as caught:
    detectors[landmarks]()
  assert "\n" not in str(caught.value)


def test_absent_landmark_file(monkeypatch, dlib):
  from privai_tf.faces import dlib_detector

  monkeypatch.setattr(dlib_detector, "_PREDICTOR", "absent.dat")
  with pytest.raises(ConfigurationError, match="needs the package face-recognition-models"):
    dlib_detector.DlibDetector()


def test_unknown_detector():
  with pytest.raises(ConfigurationError, match="landmarks=guess"):
    detect(np.zeros((20, 20, 3), np.uint8), "guess")


def test_weights_in_the_current_folder_are_not_unpickled(tmp_path, monkeypatch, mtcnn):
  """The package takes them from there if it is let: a pickle in a photo folder would run."""
  from privai_tf.faces.mtcnn_detector import MTCNNDetector

  monkeypatch.chdir(tmp_path)
  for name in ("pnet", "rnet", "onet"):
    (tmp_path / f"{name}.lz4").write_bytes(b"cposix\nmkdir\n(Vran\ntR.")
  MTCNNDetector()
  assert not (tmp_path / "ran").exists()


def test_every_direction_is_searched_where_the_frame_is_published(astronaut, mtcnn):
  """An upright face beside one on its side: without looking for it, it would be published."""
  size = 240
  photo = np.full((size + 40, 2 * size + 60, 3), 180, np.uint8)
  photo[20 : 20 + size, 20 : 20 + size] = head(astronaut, size)
  photo[20 : 20 + size, 40 + size : 40 + 2 * size] = np.rot90(head(astronaut, size))
  assert len(detect(photo, "mtcnn")) == 1
  upright, lying = detect(photo, "mtcnn", every_direction=True)
  assert upright.eyes[0][1] == pytest.approx(upright.eyes[1][1], abs=15)
  assert lying.eyes[0][0] == pytest.approx(lying.eyes[1][0], abs=15)
  spec = FaceSpec(align="ffhq", faces="all", paste_back=True)
  assert len(find_faces(photo, 32, spec, name="two", source="two.png")) == 2


def test_one_face_is_found_once_from_all_sides(astronaut, mtcnn):
  assert len(detect(astronaut, "mtcnn", every_direction=True)) == 1


def test_the_second_look_takes_a_few_squares_at_a_time(astronaut):
  """Its memory must not follow from what a picture shows."""
  face = Detection((10, 10, 50, 50), ((20, 20), (40, 20)), ((22, 40), (38, 40)), 0.9)
  sizes = []

  def look(pictures):
    sizes.append(len(pictures))
    return [[] for _ in pictures]

  assert confirmed(astronaut, [face] * 100, look) == []
  assert max(sizes) == 16
  assert sum(sizes) == 100


def test_a_crowd_is_refused_in_one_line(monkeypatch):
  face = Detection((10, 10, 50, 50), ((20, 20), (40, 20)), ((22, 40), (38, 40)), 0.9)

  def look(pictures):
    raise AssertionError("nobody is to be looked at")

  with pytest.raises(CrowdError):
    confirmed(np.zeros((100, 100, 3), np.uint8), [face] * (MOST_FACES + 1), look)

  def crowd(*_, **__):
    raise CrowdError

  monkeypatch.setattr(finding, "detect", crowd)
  with pytest.raises(InputError, match=r"many\.png: it shows more than 256 faces") as refused:
    find_faces(np.zeros((100, 100, 3), np.uint8), 32, FaceSpec(), name="many", source="many.png")
  assert "\n" not in str(refused.value)
