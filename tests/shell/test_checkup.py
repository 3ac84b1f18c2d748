"""The check-up: what is there, what may be had, what has to be mended first."""

from privai_tf.runtime import cache, search_path
from privai_tf.shell import checkup as module
from privai_tf.shell.checkup import MISSING, OK, PROBLEM, Check, checkup, next_step


def _named(checks):
  return {check.name: check for check in checks}


def test_this_installation_has_no_problem(monkeypatch, tmp_path):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path / "cache"))
  checks = _named(checkup())
  assert PROBLEM not in {check.state for check in checks.values()}
  assert "tensorflow 2." in checks["packages"].found
  assert checks["network avatars"].found == "boundaries: age, eyeglasses, gender, pose, smile"
  assert list((tmp_path / "cache").iterdir()) == []  # Nothing is left of the trial.
  assert next_step(checks.values()).startswith("Next: privai privatize ")


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
  (tmp_path / "file").write_text("")
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path / "file" / "cache"))
  check = _named(module._folders())["cache folder"]
  assert check.state == PROBLEM
  assert str(cache.cache_base()) in check.remedy


def test_without_networks_the_remedy_comes_first(monkeypatch, tmp_path):
  monkeypatch.setattr(search_path, "search_path", lambda kind: (tmp_path / kind,))
  (check,) = module._networks()
  assert check.state == PROBLEM
  assert str(tmp_path / "checkpoints") in check.found
  assert next_step([Check("packages", OK, ""), check]) == f"Next: {check.remedy}"


def test_what_may_be_had_is_said_last():
  wish = Check("extra video", MISSING, "films", "pip install 'privai-tf[video]': films")
  lines = next_step([wish]).splitlines()
  assert lines[0].startswith("Next: privai privatize")
  assert lines[1] == "May be had: pip install 'privai-tf[video]': films"


def test_a_missing_package(monkeypatch):
  monkeypatch.setattr(module, "_PACKAGES", ("no-such-package",))
  assert module._packages().state == PROBLEM
