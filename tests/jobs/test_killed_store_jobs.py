"""Jobs on an object store, killed at their requests and gone on with, end as if nothing had happened."""

import os
import subprocess
import sys

import pytest


def _kill_jobs(repository, folder, url, every: int, random_kills: int) -> None:
  worker = repository / "tests" / "jobs" / "killed_store_worker.py"
  arguments = [str(folder), url, str(every), "1", str(random_kills)]
  paths = [str(repository), os.environ.get("PYTHONPATH", "")]
  environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"}
  subprocess.run([sys.executable, str(worker), *arguments], env=environment, check=True)


@pytest.mark.slow
def test_killed_at_some_requests(repository, object_store, tmp_path):
  """Before and after every sixth write, see the worker."""
  _kill_jobs(repository, tmp_path, f"{object_store}/some", every=6, random_kills=0)


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_killed_at_every_request_and_at_random(repository, object_store, tmp_path):
  """Before and after every write, and at forty random moments."""
  _kill_jobs(repository, tmp_path, f"{object_store}/every", every=1, random_kills=40)
