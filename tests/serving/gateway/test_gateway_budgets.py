"""Fifty clients at once never overspend, whatever they ask for and however many gateways there are."""

import collections
import dataclasses
import fractions
import http.client
import random
import threading

import pytest

from privai_tf.artifacts import Guarantee
from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger import (
  BudgetExceededError,
  Ledger,
  LedgerMissingError,
  LedgerUnknownError,
  reconciling,
)
from privai_tf.privacy.relation import Relation
from privai_tf.serving.gateway.budgets import Budgets, account
from privai_tf.serving.gateway.refusals import Refusal
from privai_tf.serving.gateway.tokens import Caller, token_hash

CLIENTS, REQUESTS = 50, 3


def _ask(address, token, photo, epsilons, outcomes):
  connection = http.client.HTTPConnection(*address, timeout=120)
  for epsilon in epsilons:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/png"}
    connection.request("POST", f"/v1/privatize?epsilon={epsilon}", photo, headers)
    answer = connection.getresponse()
    answer.read()
    outcomes.append((epsilon, answer.status))
  connection.close()


@pytest.mark.slow
@pytest.mark.parametrize(("gateways", "kind"), [(1, "file"), (2, "file"), (2, "postgres")])
def test_fifty_clients_never_overspend(request, gateway, serve, photo, gateways, kind):
  if kind == "postgres":
    gateway.ledger = request.getfixturevalue("new_database")()
  token = gateway.caller("ada", epsilon=10)
  limits = {"max_concurrent": 2 * CLIENTS, "max_per_caller": 2 * CLIENTS, "workers": 8}
  addresses = [serve(gateway.app(**limits)) for _ in range(gateways)]
  outcomes: list[tuple[str, int]] = []
  choice = random.Random(1)
  threads = []
  for number in range(CLIENTS):
    epsilons = choice.choices(["0.1", "0.3", "0.7", "1.1"], k=REQUESTS)
    arguments = (addresses[number % gateways], token, photo, epsilons, outcomes)
    threads.append(threading.Thread(target=_ask, args=arguments))
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  counts = collections.Counter(status for _, status in outcomes)
  assert set(counts) == {200, 402}
  assert sum(counts.values()) == CLIENTS * REQUESTS
  released = sum(fractions.Fraction(epsilon) for epsilon, status in outcomes if status == 200)
  assert released <= 10
  with Ledger.open(gateway.ledger) as ledger:
    charged = [fractions.Fraction(row["epsilon"]) for row in ledger.releases("ada")]
    left = ledger.remaining("ada")
  assert sum(charged) == released  # Exactly: what was sent was paid, and nothing else.
  assert len(gateway.backend.synthesized) == counts[200] == len(charged)
  # Nothing that was affordable was left lying: the smallest request no longer fits, or none failed.
  assert left.epsilon < 1.1


def _caller(**settings) -> Caller:
  return Caller("ada", token_hash("t"), **{"epsilon": 2.0, **settings})


def test_the_smaller_budget_of_tokens_file_and_ledger_holds(tmp_path):
  with Ledger.create(tmp_path / "ledger.db") as ledger:
    ledger.grant("ada", 1)
  budgets = Budgets(tmp_path / "ledger.db")
  assert budgets.remaining(_caller(), None).epsilon == 1
  assert budgets.remaining(_caller(epsilon=0.5), None).epsilon == 0.5
  assert budgets.remaining(Caller("bob", token_hash("b"), epsilon=3), None).epsilon == 3
  budgets.close()


def test_gateways_on_two_machines_share_a_callers_budget(new_database, tmp_path, monkeypatch):
  """One database, a state folder for each machine; four threads on each, until both are refused."""
  place, guarantee = new_database(), Guarantee(True, "image", "Hidden.", "laplace", 0.1, 0, 1, 2, 4)
  gateways, accepted, relation = [], [], Relation.unknown_image()
  for name in ("one", "other"):
    monkeypatch.setenv("PRIVAI_STATE_DIR", str(tmp_path / name))
    if gateways:
      with pytest.raises(LedgerUnknownError, match="ledger adopt"):
        Budgets(place, create=True)
      reconciling.adopt(place)
    gateways.append(Budgets(place, create=True))
    assert gateways[-1].remaining(_caller(), None).epsilon == 2

  def spend(budgets):
    while True:
      try:
        budgets.charge(_caller(), None, guarantee, None, relation)
      except BudgetExceededError:
        return
      accepted.append(budgets)

  threads = [threading.Thread(target=spend, args=(budgets,)) for budgets in gateways * 4]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert len(accepted) == 20
  assert [budgets.remaining(_caller(), None).epsilon for budgets in gateways] == [0, 0]
  for budgets in gateways:
    budgets.close()


def test_what_one_release_hid_another_is_not_given(tmp_path):
  budgets = Budgets(tmp_path / "ledger.db", create=True)
  guarantee = Guarantee(True, "attribute", "Hidden.", "laplace", 0.5, 0.0, 1.0, 2.0, 4.0)
  old, image = Relation.unknown_attribute(), Relation.unknown_image()
  budgets.require(_caller(), None, guarantee, old)
  budgets.charge(_caller(), None, guarantee, None, old)
  for refused in (
    lambda: budgets.require(_caller(), None, guarantee, old),
    lambda: budgets.charge(_caller(), None, guarantee, None, old),
  ):
    with pytest.raises(Refusal, match="Hide the same as then, or use scope image") as caught:
      refused()
    assert caught.value.status == 409
    assert "--" not in str(caught.value)
  assert budgets.charge(_caller(), None, guarantee, None, image).spent_epsilon == 1
  budgets.close()


def test_what_plain_addition_forbids_is_refused_before_the_work_and_no_more_than_that(tmp_path):
  """Other rules may allow more than what plain addition leaves: the charge decides there."""
  budgets, relation = Budgets(tmp_path / "ledger.db", create=True), Relation.unknown_image()
  all_of_it, more = (
    Guarantee(True, "image", "Hidden.", "laplace", epsilon, 0.0, 1.0, 2.0, 4.0)
    for epsilon in (2.0, 2.1)
  )
  budgets.require(_caller(), None, all_of_it, relation)
  with pytest.raises(BudgetExceededError, match=r"epsilon 2\.1"):
    budgets.require(_caller(), None, more, relation)
  other = dataclasses.replace(_caller(composition="adaptive", delta=1e-5), name="bob")
  budgets.require(other, None, more, relation)
  budgets.close()


def test_a_missing_ledger_is_refused(tmp_path):
  with pytest.raises(LedgerMissingError):
    Budgets(tmp_path / "ledger.db")


def test_accounts_of_callers_and_subjects_never_meet():
  each, one = _caller(each_subject=True), _caller()
  assert account(one, None) == account(one, "x") == "ada"
  assert account(each, "x") == "ada/x"
  assert account(each, "x" * 200)
  for subject in ("", "a/b", "a b", "ä", "x" * 201, "a\n", None):
    with pytest.raises(Refusal) as caught:
      account(each, subject)
    assert caught.value.status == 422
  with pytest.raises(ConfigurationError):
    Caller("ada/x", token_hash("t"), epsilon=1)
