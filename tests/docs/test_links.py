"""Links on the pages lead to files and headings that are there."""

import re

from tests.docs.pages import pages

_LINK = re.compile(r"\]\(([^)\s#]*)(?:#([\w-]+))?\)")
_KINDS = ("researcher", "batch_operator", "service_owner", "privacy_reviewer")


def test_every_link_leads_somewhere(repository):
  lost = []
  for page, text in pages(repository).items():
    for target, anchor in _LINK.findall(text):
      if target.startswith(("http:", "https:", "mailto:")):
        continue
      file = (repository / page).parent / target if target else repository / page
      if not file.exists():
        lost.append(f"{page}: {target}")
      elif anchor and anchor not in _anchors(file.read_text(encoding="utf-8")):
        lost.append(f"{page}: {target}#{anchor}")
  assert not lost, "\n".join(lost)


def _anchors(text):
  titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
  return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_a_guide_for_each_kind_of_user_on_one_page(repository):
  for kind in _KINDS:
    text = (repository / "docs" / f"guide_{kind}.md").read_text(encoding="utf-8")
    assert 60 <= len(text.splitlines()) <= 120, kind
    for heading in ("## What to decide", "## What to look out for"):
      assert f"\n{heading}\n" in text, kind
