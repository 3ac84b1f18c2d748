"""The page's end: by a signal, whatever is under way, or because it cannot begin."""

import contextlib
import os
import signal
import threading

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the page needs the extra `web`")

from privai_tf.errors import CheckpointError  # noqa: E402
from privai_tf.runtime.interruption import Terminated, raise_on_termination  # noqa: E402
from privai_tf.web import server  # noqa: E402
from privai_tf.web.settings import WebSettings  # noqa: E402


class _Desk:
  """Loads for ever, or fails."""

  def __init__(self, failure: Exception | None):
    self.failure, self.closed, self.sessions = failure, False, self
    self.never = threading.Event()

  def load(self):
    if self.failure:
      raise self.failure
    self.never.wait()

  def sweep(self):
    pass

  def warm_up(self):
    pass


@pytest.fixture
def page(monkeypatch, tmp_path):
  """Runs a page of nothing; gives what it told and its desk."""
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  monkeypatch.setattr(server, "start_tensorflow", lambda: None)
  monkeypatch.setattr(server, "_quiet_tensorflow", lambda: None)
  monkeypatch.setattr(server, "_LEAVING_SECONDS", 0.5)

  async def app(scope, receive, send):
    pass

  def run(failure=None, number=None):
    desk, told = _Desk(failure), []

    @contextlib.contextmanager
    def opened(settings, folder):
      (folder / "upload.png").write_bytes(b"a photo")
      yield desk, app
      raise AssertionError("it ended without a reason")

    def tell(line):
      told.append(line)
      if number is not None and line.startswith("The page"):
        threading.Timer(0.3, os.kill, (os.getpid(), number)).start()

    monkeypatch.setattr(server, "_opened", opened)
    try:
      server.run(WebSettings(port=0), tell)
    finally:
      desk.never.set()
      assert not any((tmp_path / "web").iterdir())
    return told

  return run


@pytest.fixture
def terminable():
  """SIGTERM is an exception for the test."""
  before = signal.getsignal(signal.SIGTERM)
  raise_on_termination()
  yield
  signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("interruptible", "terminable")
@pytest.mark.parametrize(
  ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_a_signal_ends_it_while_the_model_loads(page, number, raised):
  with pytest.raises(raised):
    page(number=number)


@pytest.mark.usefixtures("interruptible")
def test_a_signal_is_not_kept_waiting_by_what_takes_none(page, monkeypatch):
  """A thread within TensorFlow goes on; its page ends."""
  stuck = threading.Event()
  monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: stuck.wait())
  with pytest.raises(KeyboardInterrupt):
    page(number=signal.SIGINT)
  assert not stuck.is_set()
  stuck.set()


@pytest.mark.parametrize("failure", [CheckpointError("broken"), ValueError("a defect of ours")])
def test_a_model_that_cannot_be_loaded_ends_it_with_the_reason(page, failure):
  with pytest.raises(type(failure)) as raised:
    page(failure)
  assert raised.value is failure
