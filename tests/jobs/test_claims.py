"""An input is known by itself: what comes or goes beside it neither renames nor releases it again."""

import pytest

from privai_tf.jobs.claims import Claims
from privai_tf.jobs.item_lists import picture_items
from privai_tf.jobs.job import Shard
from privai_tf.jobs.names import apart
from privai_tf.runtime.manifest import Manifest, Staged


@pytest.fixture
def run(tmp_path):
  """One run over a pattern: names of what was released now, of what was kept, and failures."""

  def go(pattern):
    items = picture_items(str(pattern))
    manifest = Manifest(tmp_path / "state", "", {})
    claims = Claims(manifest, items)
    released, kept, failures = {}, [], []
    for item in map(claims.named, items):
      failure = claims.changed(item)
      if failure is not None:
        failures.append(str(failure))
      elif manifest.is_known(item.name):
        kept.append(item.name)
      else:
        manifest.stage([Staged(item.name, b"png", {}, None, None, item.key)], [item.seen()])
        manifest.finish(item.name)
        released[item.name] = item.path
    manifest.close(complete=True)
    return released, kept, failures

  return go


def _touch(path, content="x"):
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(content)
  return path


def test_a_newcomer_of_the_same_name_changes_nothing(run, tmp_path):
  folder = tmp_path / "in"
  _touch(folder / "a.png")
  assert run(folder)[0].keys() == {"a"}
  newcomer = _touch(folder / "a.jpg", "y")  # Sorted before the other.
  _touch(folder / "A.PNG", "z")
  names = {apart("a", "a.jpg"), apart("A", "A.PNG")}
  released, kept, failures = run(folder)
  assert (released.keys(), kept, failures) == (names, ["a"], [])
  assert released[apart("a", "a.jpg")] == newcomer
  (folder / "a.png").unlink()
  assert run(folder) == ({}, [apart("A", "A.PNG"), apart("a", "a.jpg")], [])


def test_a_folder_that_is_exchanged_under_a_pattern_is_new(run, tmp_path):
  _touch(tmp_path / "sub" / "x" / "a.png", "ada")
  pattern = tmp_path / "sub" / "*" / "a.png"
  assert run(pattern)[0].keys() == {"a"}
  (tmp_path / "sub" / "x").rename(tmp_path / "gone")
  _touch(tmp_path / "sub" / "y" / "a.png", "bob")
  assert run(pattern)[0].keys() == {apart("a", "y/a.png")}


def test_another_picture_under_the_same_path_is_told_and_not_left_out(run, tmp_path):
  path = _touch(tmp_path / "in" / "a.png", "ada")
  run(tmp_path / "in")
  path.write_text("bob")
  released, kept, (failure,) = run(tmp_path / "in")
  assert (released, kept) == ({}, [])
  assert "a.png: is not what was released as a before" in failure
  path.write_text("ada")  # The same bytes, though written anew.
  assert run(tmp_path / "in") == ({}, ["a"], [])


def test_bytes_are_read_again_only_where_the_file_was_touched(run, tmp_path, monkeypatch):
  _touch(tmp_path / "in" / "a.png")
  run(tmp_path / "in")
  monkeypatch.setattr("privai_tf.jobs.inputs.Photo._digest", lambda _: pytest.fail("read"))
  assert run(tmp_path / "in") == ({}, ["a"], [])


def test_a_path_at_the_front_of_a_list_is_new_and_nothing_else_is(run, tmp_path):
  old = [_touch(tmp_path / place / "face.png", place) for place in ("p1", "p2")]
  listing = _touch(tmp_path / "list.txt", "\n".join(map(str, old)))
  first = run(f"@{listing}")[0]
  assert first == {"face": old[0], apart("face", str(old[1])): old[1]}
  new = _touch(tmp_path / "p0" / "face.png", "p0")
  listing.write_text("\n".join(map(str, [new, *old, old[0]])))
  released, kept, failures = run(f"@{listing}")
  assert released == {apart("face", str(new)): new}
  assert (sorted(kept), failures) == (sorted(first), [])


def test_the_same_pictures_named_in_another_way_are_the_same(run, tmp_path):
  _touch(tmp_path / "in" / "x" / "a.png", "ada")
  _touch(tmp_path / "in" / "x" / "b.png", "bob")
  run(tmp_path / "in" / "x")
  listing = _touch(tmp_path / "list.txt", "\n".join(map(str, (tmp_path / "in" / "x").iterdir())))
  for pattern in (tmp_path / "in" / "*" / "*.png", f"@{listing}", tmp_path / "in" / "x" / "*"):
    released, kept, failures = run(pattern)
    assert (released, sorted(kept), failures) == ({}, ["a", "b"], [])
  assert run(tmp_path / "in" / "x" / "a.png") == ({}, ["a"], [])


def test_two_of_the_same_bytes_are_two_inputs(run, tmp_path):
  _touch(tmp_path / "in" / "x" / "a.png", "ada")
  pattern = tmp_path / "in" / "*" / "a.png"
  run(pattern)
  _touch(tmp_path / "in" / "y" / "a.png", "ada")
  assert run(pattern)[0].keys() == {apart("a", "y/a.png")}


def test_names_that_meet_are_in_one_shard():
  """So that one manifest knows both, also where the file system takes no notice of case."""
  shards = [[Shard(index, 7).holds(name) for index in range(7)] for name in ("IMG_1", "img_1")]
  assert shards[0] == shards[1]


def test_what_was_refused_leaves_its_name_to_others(tmp_path):
  (first,) = picture_items(str(_touch(tmp_path / "a.png")))
  (second,) = picture_items(str(_touch(tmp_path / "a.jpg", "y")))
  manifest = Manifest(tmp_path / "state", "", {})
  manifest.stage([Staged("a", b"png", {}, None, None, first.key)], [first.seen()])
  manifest.drop(["a"])
  claims = Claims(manifest, picture_items(str(tmp_path / "a.*")))
  assert claims.named(second).name == "a"
  assert claims.named(first).name == apart("a", "a.png")
  manifest.close()


def test_names_do_not_depend_on_how_many_portraits_or_codes_there_are(job_on_codes):
  from privai_tf.jobs.item_lists import find_items

  def names(count):
    job = job_on_codes(1, input_latents=None, num_portraits=count)
    return [(item.name, item.digest()) for item in find_items(job.sources, None, None)]

  assert names(12)[:3] == names(3)


def test_a_hash_that_two_share_is_made_longer(tmp_path, monkeypatch):
  monkeypatch.setattr(
    "privai_tf.jobs.claims.apart", lambda name, key, digits: f"{name}~{digits}{key * (digits > 8)}"
  )
  paths = [_touch(tmp_path / "in" / f"a.{suffix}", suffix) for suffix in ("bmp", "jpg", "png")]
  items = picture_items(str(tmp_path / "in"))
  manifest = Manifest(tmp_path / "state", "", {})
  named = list(map(Claims(manifest, items).named, items))
  assert [item.name for item in named] == ["a", "a~8", "a~16a.png"]
  assert [item.path for item in named] == paths
  manifest.close()
