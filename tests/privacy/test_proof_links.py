"""The proofs name the tests that check their steps: each of them is there, under that name."""

import re

import pytest

_LINK = re.compile(r"\[`(test_\w+\.py)::(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")


@pytest.mark.parametrize("name", ["proofs.md", "privacy.md", "threat_model.md"])
def test_every_test_that_is_named_exists(repository, name):
  links = _LINK.findall((repository / "docs" / name).read_text(encoding="utf-8"))
  assert len(links) >= 5
  for file, test, path in links:
    text = (repository / path).read_text(encoding="utf-8")
    assert path.endswith(f"/{file}")
    assert f"\ndef {test}(" in text, f"{name} names {path}::{test}"


def test_every_link_within_the_docs_leads_somewhere(repository):
  for name in ("proofs.md", "privacy.md", "threat_model.md"):
    text = (repository / "docs" / name).read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((\w+\.md)?#([\w-]+)\)", text):
      page = (repository / "docs" / (target or name)).read_text(encoding="utf-8")
      assert anchor in _anchors(page), f"{name} links to {target or name}#{anchor}"


def _anchors(text):
  titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
  return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
