"""What users call attributes: files, names with and without a checkpoint, subspaces."""

import numpy as np
import pytest

from privai_tf.attributes.sources import boundary_source, load_boundaries
from privai_tf.attributes.subspaces import AttributeSubspace
from privai_tf.errors import InputError, LatentSpaceError


@pytest.mark.parametrize(
  ("attribute", "source"),
  [
    ("smile", "avatars/smile"),
    ("mobilestylegan-ffhq/smile", "mobilestylegan-ffhq/smile"),
    ("mine_w_boundary.npy", "mine_w_boundary.npy"),
    ("folder/mine.npz", "folder/mine.npz"),
  ],
)
def test_one_rule(attribute, source):
  assert boundary_source(attribute, "checkpoints/avatars") == source


def test_a_bare_and_a_full_name_are_the_same_boundary():
  bare, full = load_boundaries(["smile", "avatars/smile"], "avatars", "W+")
  assert bare.name == full.name == "smile"
  assert np.array_equal(bare.normal, full.normal)


def test_a_subspace_is_a_boundary_for_each_direction(tmp_path):
  basis = np.eye(2, 512)
  subspace = AttributeSubspace(basis, basis, np.zeros(512), "W", "smile", "inlp", (0.9, 0.6, 0.5))
  path = str(subspace.save(tmp_path / "smile.npz"))
  names = [boundary.name for boundary in load_boundaries([path, "age"], "avatars", "W")]
  assert names == ["smile_1", "smile_2", "age"]
  with pytest.raises(LatentSpaceError, match="is for latent space W"):
    load_boundaries([path], "avatars", "Z")


def test_unknown_names_say_what_there_is():
  with pytest.raises(InputError, match=r"No boundary 'avatars/smlie'.*avatars/smile"):
    load_boundaries(["smlie"], "avatars", "W")
