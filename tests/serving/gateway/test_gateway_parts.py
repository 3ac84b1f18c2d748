"""The smaller parts: Accept headers, batches, settings, log lines."""

import logging
import threading

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError, InputError, PrivaiError
from privai_tf.privacy.ledger import LedgerCorruptError
from privai_tf.serving.gateway.answers import JSON, PNG, chosen_type
from privai_tf.serving.gateway.batching import Batcher
from privai_tf.serving.gateway.refusals import Refusal, one_line, refusal_of
from privai_tf.serving.gateway.server import PlaceOnlyFormatter
from privai_tf.serving.gateway.settings import GatewaySettings


@pytest.mark.parametrize(
  ("accept", "expected"),
  [
    (None, JSON),
    ("", JSON),
    ("*/*", JSON),
    ("application/json", JSON),
    ("image/png", PNG),
    ("image/*", PNG),
    ("IMAGE/PNG", PNG),
    ("text/html, image/png;q=0.9, */*;q=0.8", PNG),
    ("application/json;q=0.2, image/png;q=0.3", PNG),
    ("application/json;q=0, */*", PNG),
    ("image/png, application/json", JSON),
    ("text/html", None),
    ("image/png;q=0", None),
    ("image/png;q=nonsense", None),
    (";;;,,,", None),
  ],
)
def test_the_answers_type_follows_accept(accept, expected):
  if expected is None:
    with pytest.raises(Refusal) as caught:
      chosen_type(accept)
    assert caught.value.status == 406
  else:
    assert chosen_type(accept) == expected


def test_what_waits_goes_through_together_and_comes_back_in_order():
  sizes, begun, go = [], threading.Event(), threading.Event()

  def double(values):
    sizes.append(len(values))
    begun.set()
    go.wait(120)
    return values * 2

  batcher = Batcher({"double": double, "negate": np.negative}, largest=4)
  results = {}

  def ask(name, value):
    results[name, value] = batcher.run(name, np.float32(value))

  threads = [threading.Thread(target=ask, args=("double", 0))]
  threads[0].start()
  begun.wait(120)  # The thread is busy; what follows has to wait.
  for value in range(1, 7):
    threads.append(threading.Thread(target=ask, args=("double", value)))
    threads.append(threading.Thread(target=ask, args=("negate", value)))
  for thread in threads[1:]:
    thread.start()
  while len(batcher._waiting) < 12:
    pass
  go.set()
  for thread in threads:
    thread.join()
  batcher.close()
  assert sizes == [1, 4, 2]
  assert results["double", 0] == 0
  assert all(results["double", value] == 2 * value for value in range(1, 7))
  assert all(results["negate", value] == -value for value in range(1, 7))
  with pytest.raises(RuntimeError):
    batcher.run("double", np.float32(1))


def test_one_rows_fault_is_not_the_others():
  begun, go = threading.Event(), threading.Event()

  def picky(values):
    begun.set()
    go.wait(120)
    if (values < 0).any():
      raise InputError("negative")
    return values

  def broken(values):
    raise ZeroDivisionError

  batcher = Batcher({"picky": picky, "broken": broken}, largest=8)
  outcomes = {}

  def ask(value):
    try:
      outcomes[value] = batcher.run("picky", np.float32(value))
    except InputError as error:
      outcomes[value] = str(error)

  threads = [threading.Thread(target=ask, args=(value,)) for value in (1, 2, -3, 4)]
  threads[0].start()
  begun.wait(120)
  for thread in threads[1:]:
    thread.start()
  while len(batcher._waiting) < 3:
    pass
  go.set()
  for thread in threads:
    thread.join()
  assert outcomes == {1: 1, 2: 2, -3: "negative", 4: 4}
  with pytest.raises(ZeroDivisionError):
    batcher.run("broken", np.float32(1))
  assert batcher.run("picky", np.float32(5)) == 5  # The thread lives on.
  batcher.close()


@pytest.mark.parametrize(
  "settings",
  [
    {"attributes": ()},
    {"scopes": ()},
    {"scopes": ("metric",)},
    {"mechanisms": ()},
    {"mechanisms": ("reference_postclip",)},
    {"mechanisms": ("metric_laplace",)},
    {"mechanisms": ("nonsense",)},
    {"on_failure": "stop"},
    {"on_failure": "stand-in", "scopes": ("attribute",)},
    {"align": ()},
    {"align": ("sideways",)},
    {"max_epsilon": 0},
    {"max_epsilon": float("nan")},
    {"max_upload_bytes": 0},
    {"max_concurrent": 0},
    {"body_timeout": 0},
    {"request_timeout": float("inf")},
  ],
)
def test_settings_that_cannot_be_are_refused(settings):
  with pytest.raises(ConfigurationError):
    GatewaySettings(**{"attributes": ("smile",), **settings})


def test_what_concerns_the_operator_is_not_told_to_callers():
  corrupt = refusal_of(LedgerCorruptError("/srv/ledger.db: damaged"), 2)
  assert corrupt.status == 503
  assert "/srv" not in str(corrupt)
  assert corrupt.headers == {"Retry-After": "2"}
  assert refusal_of(PrivaiError("/srv/x"), 2).status == 503
  assert refusal_of(InputError("too dark"), 2).status == 422
  assert one_line("a\nb\0c" + "x" * 1000) == "a bc" + "x" * 496


def test_the_log_shows_where_a_defect_is_and_not_what_it_held():
  try:
    raise ValueError("secret value of a request")
  except ValueError:
    record = logging.LogRecord(
      "n", logging.ERROR, "p", 1, "failed", (), __import__("sys").exc_info()
    )
  text = PlaceOnlyFormatter("%(message)s").format(record)
  assert "test_gateway_parts.py" in text
  assert "ValueError" in text
  assert "secret value" not in text.replace('raise ValueError("secret value of a request")', "")


def test_a_defect_is_a_plain_500(gateway, client_of, headers_of, photo):
  token = gateway.caller("ada")
  client = client_of(gateway.app())
  gateway.backend.failure = KeyError("secret")
  answer = client.post("/v1/privatize?epsilon=1", content=photo, headers=headers_of(token))
  assert answer.status_code == 500
  assert answer.json() == {"error": "The gateway has a defect; its log says where."}


@pytest.mark.parametrize(
  ("method", "path", "status"),
  [
    ("GET", "/", 404),
    ("GET", "/v1/privatize", 405),
    ("PUT", "/healthz", 405),
    ("GET", "/docs", 404),
  ],
)
def test_other_addresses_are_refused_in_the_same_form(gateway, client_of, method, path, status):
  gateway.caller("ada")
  answer = client_of(gateway.app()).request(method, path)
  assert answer.status_code == status
  assert list(answer.json()) == ["error"]
