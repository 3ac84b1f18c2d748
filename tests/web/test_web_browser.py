"""The whole way in a real browser, from the upload to the download, wide and narrow; run by hand.

  python -m pytest -m very_slow -s tests/web/test_web_browser.py

Needs Chromium (Debian: `apt-get install chromium`) and Playwright (`pip install playwright`). With
`PRIVAI_AXE=FILE` (`axe.min.js` of the npm package `axe-core`) accessibility is checked in every state,
with `PRIVAI_SHOTS=FOLDER` pictures of all states are kept.
"""

import json
import shutil
import signal
import time

import numpy as np
import pytest
from PIL import Image

from privai_tf.serving.gateway.tokens import add_caller
from tests.web.driving import THUMBNAIL, Server, Visit, portrait, waiting

pytestmark = [pytest.mark.very_slow, pytest.mark.timeout(1800)]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


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
