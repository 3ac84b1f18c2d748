"""A job goes on as it was begun, or it does not go on."""

import dataclasses
import json
import os
import threading

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.binding import BINDING, Binding, require_binding
from privai_tf.jobs.parts import Publication
from privai_tf.jobs.state_folder import state_folder
from privai_tf.privacy.ledger import Ledger
from privai_tf.runtime.manifest import Manifest, Staged


@pytest.fixture
def binding(tmp_path):
  """Of a job whose folders exist."""
  (tmp_path / "out").mkdir()
  return Binding(str(tmp_path / "out"), "/p", "f" * 32, "/ledger.db", "ada")


def _stage(folder, suffix=""):
  manifest = Manifest(folder, suffix, {})
  manifest.stage([Staged("a", b"png", {}, None)])
  manifest.close()


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"ledger": None, "ledger_path": None}, r"ledger=/ledger.db \(ffffffff\).* no ledger"),
    ({"ledger": "e" * 32}, r"ledger=/ledger.db \(ffffffff\).*\(eeeeeeee\)"),
    ({"subject_id": None}, "subject_id=ada, and is now given no subject_id"),
    ({"subject_id": "bob"}, "subject_id=ada, and is now given subject_id=bob"),
    ({"private_dir": None}, "private_dir=/p, and is now given no private_dir"),
    ({"private_dir": "/q"}, "private_dir=/p, and is now given private_dir=/q"),
  ],
)
@pytest.mark.parametrize("suffix", ["", "-00001-of-00002"])
def test_what_contradicts_the_record_is_refused_with_both_values(
  binding, tmp_path, changes, message, suffix
):
  require_binding(tmp_path, binding)
  _stage(tmp_path, suffix)
  require_binding(tmp_path, binding)
  with pytest.raises(ConfigurationError, match=message) as told:
    require_binding(tmp_path, dataclasses.replace(binding, **changes))
  assert "\n" not in str(told.value)
  require_binding(tmp_path, binding)


def test_a_ledger_that_was_moved_is_the_same(binding, tmp_path):
  require_binding(tmp_path, binding)
  _stage(tmp_path)
  require_binding(tmp_path, dataclasses.replace(binding, ledger_path="/elsewhere.db"))


def test_before_anything_is_drawn_everything_may_change(binding, tmp_path):
  require_binding(tmp_path, binding)
  Manifest(tmp_path, "", {}).close()
  other = dataclasses.replace(binding, ledger="e" * 32)
  require_binding(tmp_path, other)
  _stage(tmp_path)
  with pytest.raises(ConfigurationError):
    require_binding(tmp_path, binding)


def test_a_folder_may_move_and_two_may_not_share(binding, tmp_path):
  require_binding(tmp_path, binding)
  _stage(tmp_path)
  (tmp_path / "new").mkdir()
  moved = dataclasses.replace(binding, output_dir=str(tmp_path / "new"))
  with pytest.raises(ConfigurationError, match="out, and is now given output_dir="):
    require_binding(tmp_path, moved)
  (tmp_path / "out").rmdir()
  require_binding(tmp_path, moved)


def test_of_two_processes_one_decides(binding, tmp_path):
  others = [dataclasses.replace(binding, ledger=f"{number:032d}") for number in range(8)]
  _stage(tmp_path)  # As if each had drawn at once.
  refused = []

  def begin(one):
    try:
      require_binding(tmp_path, one)
    except ConfigurationError:
      refused.append(one)

  threads = [threading.Thread(target=begin, args=(one,)) for one in others]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert len(refused) == 7
  assert json.loads((tmp_path / BINDING).read_text())["ledger"] not in {
    one.ledger for one in refused
  }
  assert not list(tmp_path.glob(".tmp-*"))


def test_a_damaged_record_is_one_line(binding, tmp_path):
  for text in ("{", "[]", '{"ledger": 1}'):
    (tmp_path / BINDING).write_text(text)
    with pytest.raises(ConfigurationError, match=r"binding\.json: damaged"):
      require_binding(tmp_path, binding)


@pytest.fixture
def publication(tmp_path):
  return Publication(tmp_path / "out")


def test_the_binding_of_a_job(publication, tmp_path):
  told = dataclasses.replace(publication, private_dir=tmp_path / "private")
  with Ledger.create(tmp_path / "ledger.db") as ledger:
    found = Binding.of(told, ledger, "ada")
    assert found.ledger == ledger.identity
  assert found.subject_id == "ada"
  assert found.private_dir == os.path.realpath(tmp_path / "private")
  assert Binding.of(publication, None, None).differences(found) != []
  with Ledger.create(tmp_path / "other.db") as other:
    assert Binding.of(told, other, "ada").ledger != found.ledger


def test_the_place_follows_from_the_output_folder_alone(publication, tmp_path):
  place = tmp_path / "out.state"
  assert state_folder(publication) == place
  for change in ({"private_dir": tmp_path / "private"}, {"output_format": "tfrecord"}):
    assert state_folder(dataclasses.replace(publication, **change)) == place
  with pytest.raises(ConfigurationError, match=r"state_dir=.*elsewhere: .* in .*out\.state"):
    state_folder(dataclasses.replace(publication, state_dir=tmp_path / "elsewhere"))
  assert not (tmp_path / "elsewhere").exists()
  state_folder(dataclasses.replace(publication, state_dir=place))


def test_a_state_dir_is_followed_with_or_without_the_flag(publication, tmp_path):
  asked = dataclasses.replace(publication, state_dir=tmp_path / "secure" / "state")
  place = state_folder(asked)
  assert place.resolve() == tmp_path / "secure" / "state"
  assert (place.stat().st_mode & 0o777) == 0o700
  assert state_folder(publication) == state_folder(asked) == place
  with pytest.raises(ConfigurationError, match=r"another: .*secure.state"):
    state_folder(dataclasses.replace(publication, state_dir=tmp_path / "another"))
  (tmp_path / "secure").rename(tmp_path / "lost")
  with pytest.raises(ConfigurationError, match="is not there; put it back"):
    state_folder(publication)
