"""The page's actions, without a page: figures are the API's, charges are made once, nothing stays."""

import json
import os
import stat

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import PrivaiError
from privai_tf.jobs.publication import PublicFolder
from privai_tf.privacy import PrivacySpec, prepare
from privai_tf.privacy.figures import percent_up
from privai_tf.serving.gateway.tokens import Caller, token_hash
from privai_tf.web import words
from privai_tf.web.choices import WHOLE_FACE, Choice
from tests.web.conftest import picture

SMILE = Choice("smile", 1.0)


def files_below(folder):
  """All files but the sample portraits, which are nobody's."""
  return [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "samples"]


@pytest.mark.parametrize("hidden", ["smile", WHOLE_FACE])
@pytest.mark.parametrize("epsilon", [0.1, 1.0])
def test_figures_are_the_apis(desk, studio, hidden, epsilon):
  choice = Choice(hidden, epsilon)
  boundary = [] if hidden == WHOLE_FACE else [studio.usual.boundaries["smile"]]
  spec = PrivacySpec("extremal", epsilon=epsilon, decode="sample")
  if hidden == WHOLE_FACE:
    spec = PrivacySpec("subset_selection", scope="image", epsilon=epsilon, inputs="faces")
  public = None if hidden == WHOLE_FACE else studio.usual.public
  api = prepare(studio.generator, boundary, spec, "W", public)
  ours = desk().prepared(choice)
  assert ours.guarantee == api.guarantee
  assert ours.attacker_bound == api.attacker_bound
  told = words.meaning(choice, ours)
  assert f"at most <b>{percent_up(api.attacker_bound)}</b>" in told
  assert "right 50% of the time" in told


def test_a_release_is_charged_once_and_says_what_the_main_job_says(ready, tmp_path):
  desk, session = ready()
  payer = desk.payer(session)
  assert payer.remaining().releases == 0
  released = desk.release(session, SMILE)
  left = payer.remaining()
  assert (left.releases, left.spent_epsilon) == (1, 1.0)
  record = json.loads(released.record.read_text())
  api = desk.prepared(SMILE)
  assert record["guarantee"]["statement"] == api.guarantee.statement
  assert record["guarantee"]["private"] is True
  assert record["attacker_bound"] == api.attacker_bound
  folder = PublicFolder(tmp_path / "out", {"checkpoint": desk.studio.facts})
  theirs = folder.content("privatized", api.guarantee, api.attacker_bound)
  assert record == json.loads(json.dumps(theirs))
  with Image.open(released.picture) as image:
    assert image.format == "PNG"
    assert not image.info
    assert np.array_equal(np.asarray(image), released.pixels)


def test_previews_are_simulations_that_cost_nothing(ready):
  desk, session = ready()
  choices = [Choice("smile", value) for value in (0.4, 0.8, 1.0, 2.0, 4.0)]
  shown = desk.previews(session, choices)
  assert shown.shape == (5, 4, 32, 32, 3)
  assert np.array_equal(shown, desk.previews(session, choices))
  assert desk.payer(session).remaining().releases == 0
  simulated = desk.studio.simulated(SMILE)
  assert not simulated.spec.private
  assert "NOT PRIVATE" in simulated.guarantee.statement


def test_a_spent_budget_refuses_in_one_line_and_draws_nothing(ready, monkeypatch):
  desk, session = ready()
  for epsilon in (1.0, 1.5):
    desk.release(session, Choice("smile", epsilon))
  monkeypatch.setattr(
    desk.studio, "release", lambda *_: pytest.fail("drawn without being paid for")
  )
  with pytest.raises(PrivaiError, match="The budget is spent") as caught:
    desk.release(session, SMILE)
  assert "\n" not in str(caught.value)
  assert "epsilon 0 of 2.5 left after 2 releases" in desk.budget(session, SMILE)


def test_too_little_left_names_both_amounts(ready):
  desk, session = ready()
  desk.release(session, Choice("smile", 2.0))
  with pytest.raises(PrivaiError, match=r"would cost epsilon 1, and 0\.5 of 2\.5 is left"):
    desk.release(session, SMILE)


def test_what_an_earlier_release_hid_is_not_shown_by_a_later_one(ready):
  desk, session = ready()
  desk.release(session, Choice(WHOLE_FACE, 1.0))
  with pytest.raises(PrivaiError, match="An earlier release hid something else"):
    desk.release(session, SMILE)
  assert desk.payer(session).remaining().releases == 1


def test_two_sessions_know_nothing_of_each_other(ready):
  desk, one = ready(seed=1)
  _, other = ready(seed=2, one=desk, key="b")
  assert one.folder != other.folder
  assert not np.array_equal(desk.face(one), desk.face(other))
  released = desk.release(one, SMILE)
  assert desk.payer(one).remaining().releases == 1
  assert desk.payer(other).remaining().releases == 0
  assert files_below(other.folder) == []
  assert one.id in str(released.picture)
  assert len(one.id) == 32
  assert other.released == []


def test_a_sample_is_for_practice_and_each_sessions_own(desk):
  one = desk()
  sessions = [one.sessions.open(key) for key in "ab"]
  for session in sessions:
    one.take_sample(session, 3)
    for _ in one.invert(session):
      pass
  one.release(sessions[0], SMILE)
  assert [one.payer(session).remaining().releases for session in sessions] == [1, 0]


def test_callers_accounts_are_apart_and_have_their_own_budgets(ready):
  ada, bob = (
    Caller(name, token_hash(name), epsilon=4, each_subject=True) for name in ("ada", "bob")
  )
  desk, one = ready(seed=1, caller=ada)
  _, other = ready(seed=1, one=desk, key="b", caller=bob)
  desk.release(one, SMILE)
  left = [desk.payer(session).remaining() for session in (one, other)]
  assert [account.releases for account in left] == [1, 0]
  assert left[0].budget_epsilon == 4
  assert left[0].subject.startswith("ada/pixels:")


def test_a_persons_photos_share_a_budget(ready):
  desk, one = ready(seed=1)
  _, other = ready(seed=2, one=desk, key="b")
  desk.release(one, SMILE, "Ada Lovelace")
  assert desk.payer(other, "Ada Lovelace ").remaining().releases == 1


def test_an_upload_is_gone_once_it_is_read(desk, uploaded):
  one = desk()
  session = one.sessions.open("a")
  path = uploaded(picture())
  one.take_upload(session, path)
  assert not path.parent.exists()
  assert files_below(one.root) == []


@pytest.mark.parametrize(
  ("data", "told"),
  [
    (b"no picture at all", "is no PNG, JPEG or WebP"),
    (picture()[:400], "damaged or incomplete"),
    (picture(side=600), r"larger than 0\.005 MB"),
    (b"", "no PNG"),
  ],
)
def test_what_cannot_be_read_is_refused_in_one_line_and_removed(desk, uploaded, data, told):
  one = desk(max_upload_bytes=5000)
  session = one.sessions.open("a")
  path = uploaded(data)
  with pytest.raises(PrivaiError, match=told) as caught:
    one.take_upload(session, path)
  assert "\n" not in str(caught.value)
  assert not path.exists()
  assert session.photo is None


def test_too_many_pixels_are_not_decoded(desk, uploaded):
  one = desk(max_pixels=1000)
  with pytest.raises(PrivaiError, match="the limit is 1000"):
    one.take_upload(one.sessions.open("a"), uploaded(picture()))


def test_nothing_is_left_of_a_session_that_ends(ready):
  desk, session = ready()
  desk.release(session, SMILE)
  assert sorted(path.suffix for path in files_below(desk.root)) == [".json", ".png"]
  assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700
  desk.sessions.close("a")
  assert list(desk.root.iterdir()) == [desk.root / "samples"]
  assert session.photo is None
  assert session.inverted is None
  with pytest.raises(PrivaiError, match="This visit has ended"):
    desk.take_sample(session, 0)


def test_sessions_that_nobody_comes_back_to_and_lost_uploads_go(ready, uploaded):
  desk, session = ready()
  desk.release(session, SMILE)
  lost, fresh = uploaded(picture(8)), uploaded(picture(9))
  os.utime(lost.parent, (0, 0))
  session.seen -= 60 * desk.settings.session_minutes + 1
  desk.sessions.sweep()
  assert files_below(desk.root) == [fresh]
  assert session.photo is None


def test_another_photo_forgets_the_one_before(ready, uploaded):
  desk, session = ready()
  desk.release(session, SMILE)
  desk.take_upload(session, uploaded(picture(5)))
  assert session.inverted is None
  assert files_below(desk.root) == []
  with pytest.raises(PrivaiError, match="has not been read yet"):
    desk.release(session, SMILE)


def test_an_epsilon_beyond_the_pages_is_refused(ready):
  desk, session = ready()
  with pytest.raises(PrivaiError, match="more than this page allows"):
    desk.release(session, Choice("smile", 20.0))


def test_inversion_tells_of_each_tenth(desk, uploaded):
  one = desk()
  session = one.sessions.open("a")
  one.take_upload(session, uploaded(picture()))
  told = list(one.invert(session))
  assert [done for done, _, _ in told] == list(range(1, 11))
  assert all(shown.shape == (32, 32, 3) and shown.dtype == np.uint8 for _, _, shown in told)


@pytest.mark.parametrize("left", ["put away", "closed"])
def test_who_puts_the_photo_away_lets_the_model_go(desk, uploaded, left):
  """After a tenth of the steps at most; and no code of it comes in later."""
  one = desk()
  session = one.sessions.open("a")
  one.take_upload(session, uploaded(picture()))
  steps = one.invert(session)
  next(steps)
  session.forget() if left == "put away" else one.sessions.close("a")
  with pytest.raises(PrivaiError, match="put away meanwhile"):
    for _ in steps:
      pass
  assert session.inverted is None


def test_before_the_model_is_there_everything_says_so(desk):
  one = desk()
  one.studio = None
  with pytest.raises(PrivaiError, match="still loading"):
    one.take_sample(one.sessions.open("a"), 0)
