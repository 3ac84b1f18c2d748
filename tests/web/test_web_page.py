"""The page as its server gives it: nothing is fetched from elsewhere, nobody comes in who may not."""

import re

import pytest

gradio = pytest.importorskip("gradio", reason="the page needs the extra `web`")
httpx = pytest.importorskip("httpx", reason="a client for the page")

from starlette.testclient import TestClient  # noqa: E402

from privai_tf.serving.gateway.tokens import TokenFile, add_caller  # noqa: E402

LOCAL = "http://127.0.0.1:7860"


@pytest.fixture
def client(desk, monkeypatch):
  """Clients of a page over the desk."""
  from privai_tf.web.server import create_app

  def make(tokens=None, base_url=LOCAL, **settings):
    one = desk(**settings)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(one.root))
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    return TestClient(create_app(one, tokens), base_url=base_url)

  return make


def test_the_page_names_no_other_machine(client):
  page = client().get("/")
  assert page.status_code == 200
  assert "Hide something in a face" in page.text
  assert page.text.count("<title>PrivAI</title>") == 1
  assert int(page.headers["content-length"]) == len(page.content)
  policy = page.headers["content-security-policy"]
  assert "default-src 'self'" in policy
  assert "http" not in policy
  fetched = re.findall(
    r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(https?://[^\"]*)", page.text
  )
  assert [address for address in fetched if not address.startswith(LOCAL)] == []
  assert "fonts.googleapis" not in page.text


def test_only_the_price_that_the_button_named_is_paid(ready):
  """Who moves the slider and presses at once, or presses twice, pays nothing that was not told."""
  from privai_tf.web.events import Events
  from privai_tf.web.page import build_page

  desk, session = ready()
  events = Events(desk, build_page(desk)[1])
  on = events.on
  chosen = ("smile", desk.epsilons.index(1.0), None, None, "")
  for pressed, releases in (
    ("Release (costs epsilon 0.1)", 0),
    ("Release (costs epsilon 1)", 1),
    ("Release (costs epsilon 1)", 1),
    ("Releasing ...", 1),
  ):
    *_, last = events.release(session, *chosen, pressed)
    assert desk.payer(session).remaining().releases == releases, pressed
  assert "press again" in last[on.refused]["value"]
  assert last[on.release]["value"] == "Release once more (costs epsilon 1)"


def test_a_photo_that_is_put_away_while_it_is_read_is_no_trouble(desk):
  from privai_tf.web.events import Events
  from privai_tf.web.page import build_page

  one = desk()
  session = one.sessions.open("a")
  events = Events(one, build_page(one)[1])
  chosen = ("smile", 3, None, None, "")
  shown = []
  for update in events._taken(session, lambda: one.take_sample(session, 0), chosen):
    shown.append(update)
    if len(shown) == 2:
      events.again(session)
  assert shown[-1] == events.views.start()
  assert session.inverted is None


def test_a_name_that_only_leads_here_is_refused(client):
  one = client()
  assert one.get("/", headers={"host": "evil.example:7860"}).status_code == 403
  for host in ("localhost:7860", "127.0.0.1:7860", "[::1]:7860"):
    assert one.get("/config", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
  "path", ["/gradio_api/file=http://192.0.2.1/a", "/gradio_api/proxy=http://192.0.2.1/a"]
)
def test_the_server_fetches_nothing_for_its_callers(client, path):
  assert client().get(path).status_code == 403


def test_no_file_but_the_pages_own_is_given(client, tmp_path):
  secret = tmp_path / "ledger.db"
  secret.write_text("secret")
  assert client().get(f"/gradio_api/file={secret}").status_code == 403


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\0\0\0\x18ftypheic" + bytes(99)])
def test_a_file_that_no_decoder_knows_gets_as_far_as_our_own_words(ready, uploaded, content):
  """The library's field would have refused it with a trace."""
  from gradio.data_classes import ImageData

  from privai_tf.web.events import Events
  from privai_tf.web.page import build_page

  one, session = ready()
  widgets = build_page(one)[1]
  assert widgets.upload.get_block_name() == "image"
  given = ImageData(path=str(uploaded(content, "photo.heic")), orig_name="photo.heic")
  path = widgets.upload.preprocess(given)
  *_, last = Events(one, widgets).upload(session, path, "smile", 3, None, None, "")
  assert "is no PNG, JPEG or WebP" in last[widgets.trouble]["value"]
  assert widgets.upload.preprocess(None) is None


def test_an_upload_beyond_the_limit_is_refused(client):
  one = client(max_upload_bytes=1000)
  with one:
    answer = one.post("/gradio_api/upload", files={"files": ("a.png", b"x" * 2000)})
  assert answer.status_code == 413


def test_who_signs_in_needs_the_name_and_its_own_token(client, tmp_path):
  path = tmp_path / "tokens.json"
  token = add_caller(path, "ada", epsilon=3.0)
  other = add_caller(path, "bob", epsilon=3.0)
  one = client(TokenFile(path), "http://page.example", host="0.0.0.0", auth_file=path)
  assert one.get("/config").status_code == 401
  assert one.get("/").text.count("<title>PrivAI</title>") == 1
  for name, given in (("ada", "wrong"), ("ada", other), ("eve", token), ("ada", "")):
    answer = one.post("/login", data={"username": name, "password": given})
    assert answer.status_code in (400, 422), name
  assert one.get("/config").status_code == 401
  assert one.post("/login", data={"username": "ada", "password": token}).status_code == 200
  assert one.get("/config").status_code == 200
