"""Jobs on an object store, killed at their requests and gone on with, end as if nothing had happened."""

import os
import subprocess
import sys

import pytest

from privai_tf import pipeline
from privai_tf.runtime import stores
from tests.jobs.drawing import DrawingStages
from tests.jobs.store_round import StoreRound


class _Died(BaseException):
  """As if the process were killed: from then on, nothing of it reaches the store."""


class _Store:
  """Lets a process die before or after its n-th write."""

  def __init__(self, monkeypatch):
    self._system, self._put = stores._system, stores._put
    self.writes, self._last, self._after, self._dead = 0, 0, False, False
    monkeypatch.setattr(stores, "_system", self.system)
    monkeypatch.setattr(stores, "_put", self.put)

  def lives(self, last: int = 0, after: bool = False) -> None:
    """A new process, which dies at that write; never, if that is 0."""
    self.writes, self._last, self._after, self._dead = 0, last, after, False

  def system(self, url):
    if self._dead:
      raise _Died
    return self._system(url)

  def put(self, path, data, mode):
    self.writes += 1
    last = self.writes == self._last
    self._dead = self._dead or (last and not self._after)
    try:
      self._put(path, data, mode)
    finally:
      self._dead = self._dead or last
      if last:
        raise _Died


def test_death_before_and_after_every_write(tmp_path, monkeypatch):
  """In this process, on fsspec's store in memory; the next process has no file of the one that died."""
  pytest.importorskip("fsspec")
  monkeypatch.setattr(pipeline, "Stages", DrawingStages)
  store, url = _Store(monkeypatch), f"memory://{tmp_path.name}"
  whole = StoreRound(tmp_path / "whole", f"{url}/whole")
  store.lives()
  whole.complete()
  whole.finished()
  writes = store.writes
  for last in range(1, writes + 1):
    for after in (False, True):
      one = StoreRound(tmp_path / f"{last}{after}", f"{url}/{last}{after}")
      store.lives(last, after)
      with pytest.raises(_Died):
        one.complete()
      store.lives()
      one.look()
      one.complete()
      one.finished()


def _kill_jobs(repository, folder, url, every: int, random_kills: int) -> None:
  worker = repository / "tests" / "jobs" / "killed_store_worker.py"
  arguments = [str(folder), url, str(every), "1", str(random_kills)]
  paths = [str(repository), os.environ.get("PYTHONPATH", "")]
  environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"}
  subprocess.run([sys.executable, str(worker), *arguments], env=environment, check=True)


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_killed_at_every_request_and_at_random(repository, object_store, tmp_path):
  """Before and after every write, and at twenty random moments."""
  _kill_jobs(repository, tmp_path, f"{object_store}/every", every=1, random_kills=20)
