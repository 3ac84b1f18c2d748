"""Killed at any moment, a job goes on: everything once, paid once, nothing half-written."""

import csv
import itertools
import json
import os
import subprocess
import sys

import pytest

from privai_tf.privacy.ledger import Ledger

_ITEMS = 40
_NAMES = {f"face{row:03d}" for row in range(_ITEMS)}


@pytest.mark.parametrize(("output_format", "kills"), [("png", 12), ("tfrecord", 3)])
def test_killed_at_random_moments(repository, tmp_path, output_format, kills):
  """The bug looked for shows in nearly every kill, not in few: each hits a batch under way."""
  worker = repository / "tests" / "jobs" / "settlement_crash_worker.py"
  arguments = [str(tmp_path), str(_ITEMS), str(kills), output_format]
  environment = {**os.environ, "PYTHONPATH": str(repository)}
  subprocess.run([sys.executable, str(worker), *arguments], env=environment, check=True)
  seen = [json.loads(line) for line in (tmp_path / "seen.jsonl").read_text().splitlines()]
  assert len(seen) == kills + 1
  # Whatever could be seen once was never exchanged for another draw.
  for earlier, later in itertools.pairwise(seen):
    assert earlier.items() <= later.items()
  assert len(seen[0]) < len(seen[-1])
  with Ledger.open(tmp_path / "ledger.db") as ledger:
    releases = ledger.releases()
  assert sorted(release["subject"] for release in releases) == sorted(
    f"owner of {name}" for name in _NAMES
  )
  assert len({release["release_id"] for release in releases}) == _ITEMS
  files = {path.name for path in (tmp_path / "out").iterdir()}
  assert not any(name.startswith(".tmp-") for name in files)
  if output_format == "png":
    assert files == {f"{n}.{s}" for n in _NAMES for s in ("png", "json")} | {"run.json"}
    for name in _NAMES:
      assert json.loads((tmp_path / "out" / f"{name}.json").read_text())["output"] == f"{name}.png"
  else:
    assert _record_names(tmp_path / "out") == sorted(_NAMES)
  private = {path.name for path in (tmp_path / "private").iterdir()}
  kinds = ["quality.json", "latent.npy"]
  kinds += ["published.png"] if output_format == "tfrecord" else []
  assert private == {f"{n}.{s}" for n in _NAMES for s in kinds} | {"README.txt", "charges.csv"}
  # Every charge once, with the picture that it paid for.
  rows = csv.DictReader((tmp_path / "private" / "charges.csv").read_text().splitlines())
  paid = {row["release_id"]: (row["subject"], row["name"]) for row in rows}
  assert paid == {
    release["release_id"]: (release["subject"], release["subject"].removeprefix("owner of "))
    for release in releases
  }


def _record_names(folder):
  from privai_tf.jobs.records import read_records

  return sorted(name for path in folder.glob("*.tfrecord") for name, _, _ in read_records(path))
