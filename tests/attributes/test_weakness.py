"""A boundary that is wrong too often is named at once."""

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.weakness import weakness


def _boundary(name, provenance):
  return Boundary(np.ones(4), name=name, provenance=provenance)


def test_weak_boundaries_are_named_with_how_often_they_are_right():
  boundaries = [
    _boundary("smile", {"accuracy_held_out": 0.72199}),
    _boundary("age", {"accuracy": {"train": 1.0, "validation": 0.7999}}),
    _boundary("pose", {"accuracy_held_out": 0.9}),
    _boundary("gender", {}),
  ]
  line = weakness(boundaries)
  assert "\n" not in line
  assert "right 'smile' on 72.1%, 'age' on 79.9% of held-out faces (below 80%)" in line
  assert "--scope=image" in line
  assert "pose" not in line
  assert "gender" not in line


@pytest.mark.parametrize("accuracy", [0.8, 1.0, None])
def test_others_are_not(accuracy):
  assert weakness([_boundary("smile", {"accuracy_held_out": accuracy})]) is None
