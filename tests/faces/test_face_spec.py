"""What may be asked of the search for faces."""

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.faces import FaceSpec


def test_defaults():
  spec = FaceSpec()
  assert (spec.align, spec.faces, spec.landmarks, spec.paste_back) == (
    "auto",
    "largest",
    "mtcnn",
    False,
  )
  assert spec.index is None


@pytest.mark.parametrize(("faces", "index"), [("0", 0), ("12", 12), (3, 3), ("all", None)])
def test_index(faces, index):
  assert FaceSpec(faces=faces).index == index


@pytest.mark.parametrize(
  ("settings", "message"),
  [
    ({"align": "eyes"}, "align=eyes: choose one of auto, ffhq, celeba, none"),
    ({"landmarks": "guess"}, "landmarks=guess: choose one of mtcnn, dlib"),
    ({"faces": "-1"}, "faces=-1: choose largest, all, or one face's number"),
    ({"faces": ""}, "faces=: choose"),
    ({"faces": "1.5"}, "faces=1.5"),
    ({"faces": "٣"}, "faces="),
    ({"faces": -1}, "faces=-1"),
    ({"faces": "9" * 5000}, "faces=9"),
  ],
)
def test_refused(settings, message):
  with pytest.raises(ConfigurationError, match=message) as caught:
    FaceSpec(**settings)
  assert "\n" not in str(caught.value)
