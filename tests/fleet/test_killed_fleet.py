"""Fleets, killed between pictures and started again under other flags, end as if nothing had happened."""

import os
import subprocess
import sys

import pytest


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_forty_kills_between_pictures(repository, tmp_path):
  """Nothing that could be seen is unpaid, paid for twice or exchanged, see the worker."""
  worker = repository / "tests" / "fleet" / "killed_fleet_worker.py"
  environment = {**os.environ, "PYTHONPATH": str(repository), "TF_CPP_MIN_LOG_LEVEL": "3"}
  command = [sys.executable, str(worker), str(tmp_path), "1", "40"]
  subprocess.run(command, env=environment, check=True)
