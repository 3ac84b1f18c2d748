"""Workers that hang: others are served, memory stays bounded, and the process ends when told to."""

import dataclasses
import signal
import subprocess
import sys
import threading
import time

import pytest

from privai_tf.errors import PrivaiError
from privai_tf.serving.gateway import server
from privai_tf.serving.gateway.readiness import Readiness
from privai_tf.serving.gateway.workers import Workers

_PATIENCE = 120.0  # Seconds; a starved machine's threads begin late.


@pytest.fixture
def hang():
  """A function that says it has begun, and hangs until the test's end."""
  end = threading.Event()

  def function(begun):
    begun.set()
    end.wait(300)

  yield function
  end.set()


def _stuck(workers, hang):
  """A job that hangs in a thread."""
  begun = threading.Event()
  job = workers.submit(hang, begun)
  assert begun.wait(_PATIENCE)
  return job


def test_results_and_errors_come_back():
  workers = Workers(2)
  jobs = [workers.submit(lambda value: 10 // value, value) for value in (5, 0)]
  assert jobs[0].result.result(_PATIENCE) == 2
  with pytest.raises(ZeroDivisionError):
    jobs[1].result.result(_PATIENCE)
  workers.close(_PATIENCE)


def test_who_hangs_loses_its_place_to_another(hang):
  workers = Workers(1)
  stuck = _stuck(workers, hang)
  waiting = workers.submit(str, 7)
  time.sleep(0.05)
  assert not waiting.result.done()
  workers.replace(stuck)
  assert waiting.result.result(_PATIENCE) == "7"
  workers.replace(stuck)  # Once is enough.
  workers.replace(waiting)  # Done: its thread keeps its place.
  assert workers.submit(str, 8).result.result(_PATIENCE) == "8"
  assert not workers.exhausted


def test_one_that_got_done_after_all_makes_room_for_the_next():
  workers, ends = Workers(1), [threading.Event() for _ in range(5)]
  for end in ends:
    stuck = workers.submit(lambda event: event.wait(_PATIENCE), end)
    while not stuck.result.running():
      time.sleep(0.001)
    workers.replace(stuck)
    end.set()
    assert stuck.result.result(_PATIENCE)
  assert workers.submit(str, 1).result.result(_PATIENCE) == "1"


def test_only_so_many_may_hang(hang):
  workers = Workers(1)
  before = threading.active_count()
  for _ in range(3):
    workers.replace(_stuck(workers, hang))
  for _ in range(3):  # Nobody is left to begin these.
    workers.replace(workers.submit(hang, threading.Event()))
  assert workers.exhausted
  assert threading.active_count() - before == 2
  workers.close(0.1)


def test_closing_waits_only_so_long_and_begins_nothing_more(hang):
  workers = Workers(1)
  _stuck(workers, hang)
  waiting = workers.submit(str, 1)
  began = time.monotonic()
  workers.close(0.2)
  assert time.monotonic() - began < 60
  assert waiting.result.cancelled()


def test_a_stuck_worker_is_not_waited_for_by_other_callers(gateway, client_of, headers_of, photo):
  """With one worker; the first request's picture hangs in the backend."""
  token = gateway.caller("ada")
  gateway.backend.hold = threading.Event()
  service = gateway.service(1, request_timeout=0.5, align=("none",))
  from privai_tf.serving.gateway.app import create_app

  client = client_of(create_app(service))
  target = "/v1/privatize?epsilon=1"
  assert client.post(target, content=photo, headers=headers_of(token)).status_code == 503
  hanging, gateway.backend.hold = gateway.backend.hold, None
  service.settings = dataclasses.replace(service.settings, request_timeout=_PATIENCE)
  statuses = [client.post(target, content=photo, headers=headers_of(token)).status_code]
  assert client.get("/healthz").status_code == 200
  hanging.set()
  assert statuses == [200]


def test_a_process_whose_workers_all_hang_says_so(gateway, client_of, hang):
  gateway.caller("ada")
  service = gateway.service(1)
  from privai_tf.serving.gateway.app import create_app

  client = client_of(create_app(service))
  for _ in range(3):
    service.workers.replace(_stuck(service.workers, hang))
  for path in ("/healthz", "/readyz"):
    assert client.get(path).status_code == 503


def test_readiness_never_waits_and_is_looked_at_once_a_period():
  looks, hold = [], threading.Event()

  def check():
    looks.append(time.monotonic())
    if len(looks) == 2:
      raise PrivaiError("away")
    if len(looks) == 3:
      hold.wait(_PATIENCE)

  before = Readiness(check, period=_PATIENCE)
  assert before.ready  # Nobody has looked yet.
  before.close()
  readiness = Readiness(check, period=0.1, longest=0.2)
  while readiness.ready:
    time.sleep(0.005)
  while len(looks) < 3:
    assert not readiness.ready
  time.sleep(0.3)
  assert not readiness.ready
  hold.set()
  while not readiness.ready:
    time.sleep(0.005)
  readiness.close()
  assert looks[1] - looks[0] >= 0.09


def test_a_look_that_hangs_is_a_failed_one():
  hold = threading.Event()
  readiness = Readiness(lambda: hold.wait(_PATIENCE) and None, period=0.01, longest=0.1)
  while readiness.ready:
    time.sleep(0.005)
  hold.set()
  while not readiness.ready:
    time.sleep(0.005)
  readiness.close()


_HANGS = """
import threading
from fastapi import FastAPI
from privai_tf.runtime import command
from privai_tf.serving.gateway import server
from privai_tf.serving.gateway.settings import GatewaySettings

server._FINISHING_SECONDS, server._GRACE_SECONDS = 0.2, 1.0
app = FastAPI()

@app.get("/")
def hang():
  print("begun", flush=True)
  while True:  # A thread of an executor, which the interpreter waits for at its end.
    pass

command.run(lambda _: server.serve(app, GatewaySettings(attributes=("smile",)), "127.0.0.1", 0))
"""


def test_sigterm_ends_the_process_whatever_its_threads_do(repository):
  assert server._GRACE_SECONDS + 1 < 10
  process = subprocess.Popen(
    [sys.executable, "-c", _HANGS], cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE
  )
  try:
    port = int(process.stdout.readline().rsplit(b":", 1)[1])
    import socket

    with socket.create_connection(("127.0.0.1", port)) as wire:
      wire.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      assert process.stdout.readline() == b"begun\n"
      process.send_signal(signal.SIGTERM)
      log = process.communicate(timeout=_PATIENCE)[1]
  finally:
    process.kill()
  assert process.returncode == 128 + signal.SIGTERM
  assert b"did not finish in time" in log
