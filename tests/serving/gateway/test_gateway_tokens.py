"""Who may call: tokens, the file that knows them, and what callers without one see."""

import hashlib
import hmac
import json
import os
import time
import types
from concurrent.futures import ThreadPoolExecutor

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.serving.gateway.tokens import Caller, TokenFile, add_caller, read_callers, token_hash


def test_the_file_holds_hashes_only_and_is_its_owners(tmp_path):
  path = tmp_path / "tokens.json"
  token = add_caller(path, "ada", epsilon=3, delta=1e-5, composition="adaptive")
  other = add_caller(path, "bob", epsilon=1, each_subject=True, metrics=True)
  assert path.stat().st_mode & 0o777 == 0o600
  assert token not in path.read_text()
  assert len(token) >= 43  # 256 bits
  callers = read_callers(path)
  assert callers[0] == Caller(
    "ada", hashlib.sha256(token.encode()).hexdigest(), 3, 1e-5, "adaptive"
  )
  assert callers[1].each_subject
  assert callers[1].metrics
  tokens = TokenFile(path)
  assert tokens.caller_of(token).name == "ada"
  assert tokens.caller_of(other).name == "bob"
  for wrong in ("", token[:-1], token + "x", callers[0].sha256, "ä", "\ud800", "x" * 10**6):
    assert tokens.caller_of(wrong) is None
  with pytest.raises(ConfigurationError, match="there already"):
    add_caller(path, "ada", epsilon=1)


def test_a_removed_caller_is_out_at_once_and_a_broken_file_shuts_all_out(tmp_path, caplog):
  path = tmp_path / "tokens.json"
  ada, bob = add_caller(path, "ada", epsilon=1), add_caller(path, "bob", epsilon=1)
  tokens = TokenFile(path)
  content = json.loads(path.read_text())
  content["callers"] = content["callers"][1:]
  path.write_text(json.dumps(content))
  assert tokens.caller_of(ada) is None
  assert tokens.caller_of(bob).name == "bob"
  path.write_text("{")
  caplog.clear()
  for _ in range(3):
    assert tokens.caller_of(bob) is None
  # Said once, not at each request.
  assert sum("every token is refused" in record.message for record in caplog.records) == 1
  path.write_text(json.dumps(content))
  assert tokens.caller_of(bob).name == "bob"
  path.chmod(0o644)
  assert tokens.caller_of(bob) is None
  path.unlink()
  assert tokens.caller_of(bob) is None


GOOD = {"name": "ada", "sha256": token_hash("t"), "epsilon": 1}


@pytest.mark.parametrize(
  "content",
  [
    "",
    "[]",
    "[" * 100_000,
    '{"callers": {}}',
    '{"callers": [1]}',
    json.dumps({"callers": [{**GOOD, "admin": True}]}),
    json.dumps({"callers": [GOOD, GOOD]}),
    json.dumps({"callers": [{**GOOD, "name": "a/b"}]}),
    json.dumps({"callers": [{**GOOD, "name": ["a"]}]}),
    json.dumps({"callers": [{**GOOD, "sha256": "00"}]}),
    json.dumps({"callers": [{**GOOD, "sha256": GOOD["sha256"].upper()}]}),
    json.dumps({"callers": [{**GOOD, "epsilon": 0}]}),
    json.dumps({"callers": [{**GOOD, "epsilon": True}]}),
    json.dumps({"callers": [{**GOOD, "epsilon": "1"}]}),
    json.dumps({"callers": [{**GOOD, "epsilon": float("inf")}]}),
    json.dumps({"callers": [{**GOOD, "delta": 1}]}),
    json.dumps({"callers": [{**GOOD, "composition": "hopeful"}]}),
    json.dumps({"callers": [{**GOOD, "each_subject": "yes"}]}),
  ],
)
def test_other_files_are_refused_with_one_line(tmp_path, content):
  path = tmp_path / "tokens.json"
  path.write_text(content)
  path.chmod(0o600)
  with pytest.raises(ConfigurationError, match=r"tokens\.json") as caught:
    TokenFile(path)
  assert "\n" not in str(caught.value)


def test_an_entry_needs_three_fields_and_what_it_may_have_is_told(tmp_path):
  path = tmp_path / "tokens.json"
  for name, entry in (("good", GOOD), ("odd", {**GOOD, "admin": True})):
    (tmp_path / name).write_text(json.dumps({"callers": [entry]}))
    (tmp_path / name).chmod(0o600)
  assert TokenFile(tmp_path / "good").caller_of("t") == Caller(**GOOD)
  with pytest.raises(ConfigurationError) as caught:
    TokenFile(tmp_path / "odd")
  assert str(caught.value).endswith("may have composition, delta, each_subject, metrics")
  path.write_text(json.dumps({"callers": [{**GOOD, "sha256": token_hash("x" * 200)}]}))
  path.chmod(0o600)
  # No more than that is hashed, however long it is.
  assert TokenFile(path).caller_of("x" * 199) is None
  assert TokenFile(path).caller_of("x" * 200) == TokenFile(path).caller_of("x" * 201) is not None


def test_a_missing_file_is_told_with_the_remedy(tmp_path):
  with pytest.raises(ConfigurationError, match="--add_caller"):
    TokenFile(tmp_path / "tokens.json")


def test_a_file_that_others_can_read_is_refused(tmp_path):
  path = tmp_path / "tokens.json"
  add_caller(path, "ada", epsilon=1)
  path.chmod(0o640)
  with pytest.raises(ConfigurationError, match="chmod 600"):
    TokenFile(path)


ROUTES = [
  ("GET", "/v1/attributes"),
  ("GET", "/v1/budget"),
  ("POST", "/v1/privatize?epsilon=1"),
  ("POST", "/v1/privatize_latents?epsilon=1"),
  ("GET", "/metrics"),
]


@pytest.mark.parametrize(
  "authorization",
  [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic YWRhOmFkYQ==", "{token}", "Token {token}"],
)
def test_without_a_token_nothing_but_the_probes_is_told(gateway, client_of, authorization):
  token = gateway.caller("ada", metrics=True)
  client = client_of(gateway.app())
  headers = {}
  if authorization is not None:
    headers["Authorization"] = authorization.format(token=token)
  for method, path in ROUTES:
    answer = client.request(method, path, headers=headers)
    assert answer.status_code == 401, (method, path)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert list(answer.json()) == ["error"]
  for path in ("/healthz", "/readyz", "/openapi.json"):
    assert client.get(path, headers=headers).status_code == 200
  # Before the parameters are looked at: a stranger learns nothing about them.
  assert client.post("/v1/privatize?epsilon=x", headers=headers).status_code == 401


def test_metrics_are_for_callers_who_may_read_them(gateway, client_of, headers_of, photo):
  ada, monitor = gateway.caller("ada"), gateway.caller("monitor", metrics=True)
  client = client_of(gateway.app())
  assert client.post("/v1/privatize?epsilon=0.5", content=photo, headers=headers_of(ada))
  client.get("/nowhere/ada-secret")
  assert client.get("/metrics", headers=headers_of(ada)).status_code == 403
  answer = client.get("/metrics", headers=headers_of(monitor))
  assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
  lines = answer.text.splitlines()
  releases = (
    'privai_gateway_releases_total{caller="ada",mechanism="extremal",scope="attribute"} 1.0'
  )
  assert releases in lines
  assert 'privai_gateway_epsilon_total{caller="ada"} 0.5' in lines
  assert 'privai_gateway_requests_total{route="/v1/privatize",status="200"} 1.0' in lines
  assert 'privai_gateway_requests_total{route="other",status="404"} 1.0' in lines
  assert "secret" not in answer.text


def test_two_gateways_in_one_process_count_apart(gateway):
  gateway.caller("ada")
  one, two = gateway.service(), gateway.service()
  one.metrics.count_release("ada", "attribute", "laplace", 1.0)
  assert b'caller="ada"' in one.metrics.text()
  assert b'caller="ada"' not in two.metrics.text()


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_new_token_file_appears_whole(tmp_path):
  with pytest.raises(ConfigurationError):
    add_caller(tmp_path / "tokens.json", "no such name!", epsilon=1)
  assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [0, 7, 8, 31, 32, 62, 63])
def test_every_digit_of_the_hash_counts(tmp_path, place):
  path = tmp_path / "tokens.json"
  token = add_caller(path, "ada", epsilon=1)
  content = json.loads(path.read_text())
  digest = content["callers"][0]["sha256"]
  other = "0" if digest[place] != "0" else "1"
  content["callers"][0]["sha256"] = digest[:place] + other + digest[place + 1 :]
  path.write_text(json.dumps(content))
  assert TokenFile(path).caller_of(token) is None


def test_all_hashes_are_compared_whole_and_in_constant_time(tmp_path, monkeypatch):
  """Also after the right one is found: the time tells nothing of which it was."""
  path = tmp_path / "tokens.json"
  tokens = [add_caller(path, name, epsilon=1) for name in ("ada", "bob", "eve")]
  file = TokenFile(path)
  compared = []

  def compare(one, other):
    compared.append({len(one), len(other)})
    return hmac.compare_digest(one, other)

  monkeypatch.setattr(
    "privai_tf.serving.gateway.tokens.hmac", types.SimpleNamespace(compare_digest=compare)
  )
  for token, name in zip([*tokens, "wrong"], ["ada", "bob", "eve", None], strict=True):
    found = file.caller_of(token)
    assert (found and found.name) == name
    assert compared == [{64}] * 3
    compared.clear()


def test_callers_added_at_once_are_all_kept(tmp_path, monkeypatch):
  """In the worst order: each would read before any other writes."""
  path = tmp_path / "tokens.json"
  add_caller(path, "first", epsilon=1)

  def slowly(path):
    callers = read_callers(path)
    time.sleep(0.05)
    return callers

  monkeypatch.setattr("privai_tf.serving.gateway.tokens.read_callers", slowly)
  with ThreadPoolExecutor(8) as threads:
    for number in range(8):
      threads.submit(add_caller, path, f"caller{number}", epsilon=1)
  assert len(read_callers(path)) == 9
  assert [p.name for p in tmp_path.iterdir()] == ["tokens.json"]
