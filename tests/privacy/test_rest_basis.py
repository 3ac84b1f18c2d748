"""The rest's directions: what the promise needs of them holds, whatever the cache says."""

import numpy as np
import pytest

from privai_tf.privacy import rest_basis as module
from privai_tf.privacy.rest_basis import rest_basis


@pytest.fixture
def made(tmp_path, monkeypatch):
  """Codes of 300 numbers whose variance falls, two normals, and an empty cache."""
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  random = np.random.default_rng(0)
  rest = random.standard_normal((500, 300)) * 0.97 ** np.arange(300)
  normals = np.linalg.qr(random.standard_normal((300, 2)))[0].T
  return rest, normals


def _check(basis, normals):
  np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-9)
  np.testing.assert_allclose(normals @ basis, 0, atol=1e-9)


def test_a_later_process_reads_the_same_directions(made, tmp_path, monkeypatch):
  rest, normals = made
  first = rest_basis(rest, None, None, normals)
  _check(first, normals)
  assert 100 < first.shape[1] < 298
  monkeypatch.setattr(module, "_principal", None)
  np.testing.assert_array_equal(rest_basis(rest, None, None, normals), first)
  assert len(list(tmp_path.glob("rest_basis/*.npz"))) == 1


@pytest.mark.parametrize("change", ["normals", "rest", "asked"])
def test_other_codes_and_planes_have_other_directions(made, tmp_path, change):
  rest, normals = made
  rest_basis(rest, None, 20, normals)
  rest_basis(
    rest + (change == "rest") * 1e-3 * rest**2,
    None,
    21 if change == "asked" else 20,
    normals[::-1] if change == "normals" else normals,
  )
  assert len(list(tmp_path.glob("rest_basis/*.npz"))) == 2


@pytest.mark.parametrize(
  "forged", ["along a normal", "not orthonormal", "other width", "not a number"]
)
def test_forged_directions_are_not_used(made, tmp_path, forged):
  rest, normals = made
  right = rest_basis(rest, None, 20, normals)
  wrong = {
    "along a normal": np.concatenate([normals[:1].T, right[:, 1:]], axis=1),
    "not orthonormal": right * 2,
    "other width": right[:200],
    "not a number": np.full_like(right, np.nan),
  }[forged]
  (path,) = tmp_path.glob("rest_basis/*.npz")
  np.savez(path, basis=wrong)
  again = rest_basis(rest, None, 20, normals)
  _check(again, normals)
  assert again.shape == right.shape


def test_small_codes_are_not_kept(made, tmp_path):
  rest, _ = made
  normals = np.eye(40)[:1]
  _check(rest_basis(rest[:, :40], None, 10, normals), normals)
  assert not list(tmp_path.glob("rest_basis/*"))
