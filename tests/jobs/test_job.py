"""Jobs that contradict their promise are refused when they are made."""

import dataclasses

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.jobs.job import Job
from privai_tf.privacy.spec import PrivacySpec


def _privacy(**settings):
  usual = {"mechanism": "gaussian", "scope": "image", "epsilon": 8.0, "delta": 1e-5}
  return PrivacySpec(**{**usual, "components": 4, "calibration_count": 100, **settings})


@pytest.mark.parametrize("inputs_of", ["any", "faces"])
def test_choices_that_publish_how_many_faces_there_are_are_refused(tmp_path, inputs_of):
  privacy = _privacy(inputs=inputs_of)
  job = Job("tiny", ("smile",), _privacy(), tmp_path / "out")
  with pytest.raises(ConfigurationError, match="how many faces a photo has"):
    dataclasses.replace(job, privacy=privacy, faces=FaceSpec(faces="all"))
  second = {"privacy": privacy, "faces": FaceSpec(faces="1")}
  if inputs_of == "any":
    dataclasses.replace(job, **second)
  else:
    with pytest.raises(ConfigurationError, match="which photos have so many faces"):
      dataclasses.replace(job, **second)


def test_what_the_promise_says_of_inputs_is_checked():
  with pytest.raises(ConfigurationError, match="inputs"):
    _privacy(inputs="some")
  with pytest.raises(ConfigurationError, match="scope attribute"):
    PrivacySpec(inputs="faces")
