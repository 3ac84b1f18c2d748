"""Drives the page for tests in a real browser: the command as a server, a visit, photos to upload."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

WAIT = 300_000  # Milliseconds; machines may be busy.
THUMBNAIL = "#samples button.thumbnail-item"


class Server:
  """The command, and what it keeps on the disk."""

  def __init__(self, folder: pathlib.Path, repository: pathlib.Path, *flags: str):
    self.cache = folder / "cache"
    environment = os.environ | {
      "PRIVAI_CACHE_DIR": str(self.cache),
      "PRIVAI_STATE_DIR": str(folder / "state"),
      "TMPDIR": str(folder / "tmp"),
    }
    (folder / "tmp").mkdir()
    self.log = folder / "log"
    with open(self.log, "wb") as log:
      self.process = subprocess.Popen(
        [sys.executable, "-m", "privai_tf.web", "--port=0", *flags],
        cwd=repository,
        env=environment,
        stdout=log,
        stderr=log,
        # A shell starts jobs in the background with SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
      )
    self.temporary = folder / "tmp"
    self.address = self._address()

  def _address(self) -> str:
    for _ in range(600):
      if found := re.search(r"http://127\.0\.0\.1:\d+", self.log.read_text()):
        return found[0]
      time.sleep(0.2)
    raise AssertionError(self.log.read_text())

  def left(self) -> list[pathlib.Path]:
    """All files of visitors: uploads, the page's own, temporary ones."""
    places = [*(self.cache / "web").rglob("*"), *self.temporary.rglob("*")]
    public = ("samples", "practice")
    return [path for path in places if path.is_file() and not set(public) & set(path.parts)]

  def end(self, number: int = signal.SIGTERM) -> int:
    self.process.send_signal(number)
    return self.process.wait(60)

  def said(self, words: str) -> None:
    assert waiting(lambda: words in self.log.read_text(), 300), self.log.read_text()


class Visit:
  """A page in a context of its own: a visitor."""

  def __init__(self, browser, address: str, width: int):
    self.address, self.width = address, width
    self.context = browser.new_context(
      viewport={"width": width, "height": 880}, bypass_csp=True, accept_downloads=True
    )
    self.page = self.context.new_page()
    self.page.set_default_timeout(WAIT)
    self.asked: list[str] = []
    self.page.on("request", lambda request: self.asked.append(request.url))
    self.page.goto(address)

  def ready(self) -> "Visit":
    self.page.wait_for_selector(THUMBNAIL)
    return self

  def sample(self, number: int) -> None:
    self.page.locator(THUMBNAIL).nth(number).click()
    self.page.wait_for_selector("#strip img")

  def upload(self, path: pathlib.Path) -> None:
    self.page.set_input_files("#upload input[type=file]", str(path))

  def strength(self, key: str, told: str) -> None:
    self.page.locator("#strength input[type=range]").focus()
    self.page.keyboard.press(key)
    self.page.wait_for_function(
      "told => document.querySelector('#release').innerText.includes(told)", arg=told
    )

  def release(self) -> None:
    self.page.locator("#release").click()
    self.page.wait_for_selector("#result .three img")

  def look(self, state: str) -> None:
    """Nothing is cut off, nothing is asked of other machines, and axe finds nothing."""
    page = self.page
    page.wait_for_timeout(400)
    if folder := os.environ.get("PRIVAI_SHOTS"):
      page.screenshot(path=str(pathlib.Path(folder) / f"{self.width}-{state}.png"), full_page=True)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0, state
    outside = [url for url in self.asked if not url.startswith((self.address, "data:", "blob:"))]
    assert outside == []
    if axe := os.environ.get("PRIVAI_AXE"):
      page.evaluate(pathlib.Path(axe).read_text(encoding="utf-8"))
      rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
      found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
      assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], state

  def reached(self) -> set[str]:
    """What the tabulator reaches: ids of the parts of the page."""
    seen: set[str] = set()
    where = "(one => (one.closest('[id]') || {}).id || '')(document.activeElement)"
    parts = (
      "(one => [...document.querySelectorAll('[id]')].filter(p => p.contains(one)).map(p => p.id))"
    )
    self.page.evaluate("document.activeElement.blur()")
    for _ in range(80):
      self.page.keyboard.press("Tab")
      seen |= {self.page.evaluate(where), *self.page.evaluate(f"{parts}(document.activeElement)")}
    return seen

  def close(self) -> None:
    self.context.close()


def portrait(path: pathlib.Path, count: int = 1, mark: int = 0) -> pathlib.Path:
  """A photograph of so many people (NASA's, in the public domain); each mark has its own budget."""
  data = pytest.importorskip("skimage.data")
  pixels = np.concatenate([data.astronaut()[:, :400]] * count, axis=1)
  pixels[0, 0] = mark % 256
  Image.fromarray(pixels).save(path)
  return path


def waiting(condition, seconds: float = 30) -> bool:
  end = time.monotonic() + seconds
  while not condition() and time.monotonic() < end:
    time.sleep(0.2)
  return condition()
