"""The whole way in a real browser, from the upload to the download, wide and narrow; run by hand.

  python -m pytest -m very_slow -s tests/web/test_web_browser.py

Needs Chromium (Debian: `apt-get install chromium`) and Playwright (`pip install playwright`). With
`PRIVAI_AXE=FILE` (`axe.min.js` of the npm package `axe-core`) accessibility is checked in every state,
with `PRIVAI_SHOTS=FOLDER` pictures of all states are kept.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from privai_tf.serving.gateway.tokens import add_caller

pytestmark = [pytest.mark.very_slow, pytest.mark.timeout(1800)]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WAIT = 300_000  # Milliseconds; machines may be busy.
THUMBNAIL = "#samples button.thumbnail-item"


@pytest.fixture(scope="module")
def browser():
  """Chromium, with a camera that is none."""
  pytest.importorskip("gradio", reason="the page needs the extra `web`")
  api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
  if CHROMIUM is None:
    pytest.skip("there is no chromium on this machine")
  with api.sync_playwright() as playwright:
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    one = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
    yield one
    one.close()


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


@pytest.fixture(scope="module")
def server(tmp_path_factory, repository):
  """The page of the demo's model, and its files."""
  one = Server(tmp_path_factory.mktemp("web"), repository)
  yield one
  if one.process.poll() is None:
    one.end()


@pytest.fixture
def visiting(browser, server):
  """Opens visits, and closes those that a test left open."""
  opened = []

  def visit(width: int) -> "Visit":
    opened.append(Visit(browser, server.address, width))
    return opened[-1]

  yield visit
  for one in opened:
    one.close()


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


@pytest.mark.parametrize("width", [1280, 390])
def test_the_whole_way(visiting, tmp_path, width):
  began = time.monotonic()
  visit = visiting(width)
  visit.page.wait_for_selector("#step-1")
  visit.look("0-begin")  # Loading, the first time.
  visit.ready()
  visit.look("1-start")
  began = time.monotonic()
  visit.page.reload()
  visit.ready().sample(0)
  visit.release()
  print(f"{width}: from page load to the released sample {time.monotonic() - began:.1f} s")
  visit.look("2-released")
  for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
    before = visit.page.locator("#strip").inner_html()
    began = time.monotonic()
    visit.page.locator("#strength input[type=range]").focus()
    visit.page.keyboard.press(key)
    visit.page.wait_for_function(
      "before => document.querySelector('#strip').innerHTML !== before", arg=before
    )
    print(f"{width}: new previews after {time.monotonic() - began:.2f} s")
  for kind, suffix in (("image", "png"), ("record", "json")):
    with visit.page.expect_download() as download:
      visit.page.locator(f"#{kind}-file").click()
    assert download.value.suggested_filename == f"privatized.{suffix}"
    download.value.save_as(tmp_path / f"privatized.{suffix}")
  record = json.loads((tmp_path / "privatized.json").read_text())
  assert record["guarantee"]["private"] is True
  assert not Image.open(tmp_path / "privatized.png").info
  visit.page.wait_for_selector("#release:not([disabled])")
  reached = visit.reached()
  wanted = {"again", "hidden", "strength", "release", "image-file", "record-file", "compare"}
  assert wanted <= reached


@pytest.mark.parametrize("width", [1280, 390])
def test_the_ways_that_end(visiting, tmp_path, width):
  visit = visiting(width).ready()
  noise = np.random.default_rng(width).integers(0, 256, (300, 400, 3)).astype(np.uint8)
  Image.fromarray(noise).save(tmp_path / "noise.png")
  (tmp_path / "broken.png").write_bytes((tmp_path / "noise.png").read_bytes()[:2000])
  told = {"noise": "No face was found", "broken": "damaged or incomplete"}
  for name, words in told.items():
    visit.upload(tmp_path / f"{name}.png")
    visit.page.wait_for_function(
      "words => (document.querySelector('#step-1 .bad') || {innerText: ''}).innerText.includes(words)",
      arg=words,
    )
    visit.look(f"3-{name}")
  visit.upload(portrait(tmp_path / "two.png", count=2, mark=width))
  visit.page.wait_for_selector("#strip img")
  assert visit.page.locator("#faces label").count() == 2
  visit.look("4-two-faces")
  visit.strength("End", "8")
  visit.release()
  visit.strength("Home", "0.1")
  visit.page.locator("#release").click()
  visit.page.wait_for_selector("#step-3 .bad")
  assert "The budget is spent" in visit.page.locator("#step-3 .bad").inner_text()
  visit.look("5-spent")


def test_two_visitors_at_once_and_nothing_left(visiting, server, tmp_path):
  visits = [visiting(1280).ready() for _ in range(2)]
  visits[0].upload(portrait(tmp_path / "one.png"))
  visits[1].sample(4)
  visits[0].page.wait_for_selector("#strip img")
  visits[1].release()
  budgets = [visit.page.locator("#budget").inner_text() for visit in visits]
  assert "0 releases" in budgets[0]
  assert "1 release" in budgets[1]
  pictures = [
    visit.page.locator("#step-1 img").evaluate_all("all => all.map(one => one.src)")
    for visit in visits
  ]
  assert not set(pictures[0]) & set(pictures[1])
  assert (
    len({path.parent for path in server.left()}) == 1
  )  # The upload was removed once it was read.
  for visit in visits:
    visit.close()
  assert waiting(lambda: server.left() == []), server.left()
  assert server.end() == 143
  assert list((server.cache / "web").iterdir()) == []
  assert list(server.temporary.rglob("*")) == []


def test_signing_in(browser, tmp_path, repository):
  """With a wrong token one is told so, with the right one the page opens; wide, narrow, by keyboard."""
  tokens = tmp_path / "tokens.json"
  token = add_caller(tokens, "ada", epsilon=3.0)
  server = Server(tmp_path, repository, f"--auth_file={tokens}")
  for width in (1280, 390):
    visit = Visit(browser, server.address, width)
    visit.page.wait_for_selector("input[type=password]")
    visit.look("6-sign-in")
    for given in ("wrong", token):
      visit.page.locator("input").first.fill("ada")
      visit.page.locator("input[type=password]").fill(given)
      visit.page.keyboard.press("Enter")
      if given == "wrong":
        visit.page.wait_for_function("document.body.innerText.includes('Incorrect')")
        visit.look("7-sign-in-refused")
    visit.page.wait_for_selector("#step-1")
    visit.close()
  server.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["loading", "ready", "reading", "idle"])
def test_a_signal_ends_the_page_at_once_and_cleanly(browser, tmp_path, repository, moment, number):
  """Also within TensorFlow's code, which takes no signals: it is left, not waited for."""
  server = Server(tmp_path, repository)
  if moment != "loading":
    server.said("The model is ready.")
  if moment == "reading":
    visit = Visit(browser, server.address, 1280).ready()
    visit.page.locator(THUMBNAIL).first.click()
    visit.page.wait_for_selector("#step-1 .progress")
  if moment == "idle":
    time.sleep(45)  # Now it computes in advance what visitors may choose.
  began = time.monotonic()
  code = server.end(number)
  print(f"{moment}, {signal.Signals(number).name}: ended after {time.monotonic() - began:.1f} s")
  assert code == 128 + number
  told = server.log.read_text().splitlines()
  word = "Interrupted" if number == signal.SIGINT else "Terminated"
  assert told[-1] == f"{word}: the page is closed, and no photo is kept."
  assert [line for line in told[:-1] if not line.startswith(("The page: ", "The model "))] == []
  assert server.left() == []
