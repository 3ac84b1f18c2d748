"""The accounting against exact numbers and tensorflow-privacy's, through benchmarks/accounting.py."""

import importlib
import json
import pathlib

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
COPIES = REPOSITORY / "tests" / "data" / "dp_reference"


@pytest.fixture(scope="module")
def benchmark():
  with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(REPOSITORY)  # `pytest`, unlike `python -m pytest`, leaves it out
    yield importlib.import_module("benchmarks.accounting")


@pytest.mark.parametrize(
  "name",
  [
    "gaussian_analytic",
    "laplace_curve",
    "composition_exact",
    "attribute_inference_bound",
    "l2_mechanism",
    "tf_privacy_accounting",
    "baseline_latent_attribute_privacy",
  ],
)
def test_within_the_stated_tolerances(benchmark, name):
  rows = benchmark.deviations(name)
  assert rows
  for row in rows:
    assert row.holds, row


def test_every_part_is_tested_and_every_copy_used(benchmark):
  # What the mechanism of least error is compared with is no accounting: test_extremal.py uses it.
  copies = {path.stem for path in COPIES.glob("*.json")} - {"extremal"}
  assert set(benchmark.PARTS) == copies


def test_a_deviation_beyond_its_tolerance_is_noticed(benchmark):
  row = benchmark.compare("x", "y", [(1.0, 1.0), (1.0 + 1e-9, 1.0)], below=0.0, above=1e-10)
  assert not row.holds


def test_copies_equal_the_shared_files(shared_dir):
  def without_strings(value):
    if isinstance(value, dict):
      return {k: without_strings(v) for k, v in value.items() if not k.endswith("_str")}
    return [without_strings(v) for v in value] if isinstance(value, list) else value

  for path in COPIES.glob("*.json"):
    shared = json.loads((shared_dir / "dp_reference" / path.name).read_text())
    assert json.loads(path.read_text()) == without_strings(shared), path.name
