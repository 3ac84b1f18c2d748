"""Objects by URL: whole, created once, told in one line; a manifest and a checkpoint of such."""

import contextlib
import errno
import pickle
import sys
import threading

import pytest

from privai_tf.errors import CheckpointError, ConfigurationError, OutputError
from privai_tf.runtime import files, outside, store_files, stores
from privai_tf.runtime.fetched import fetched
from privai_tf.runtime.manifest import Manifest, Source, Staged
from privai_tf.runtime.manifest_files import count_waiting, read_known
from privai_tf.runtime.manifest_log import replayed
from privai_tf.runtime.stores import StorePath, place


@pytest.fixture
def folder(object_store, request):
  """A place in the bucket that no other test uses."""
  return place(f"{object_store}/{request.node.originalname}")


def _release(name: str, picture: bytes = b"png") -> Staged:
  return Staged(name, picture, {"output": f"{name}.png"}, None)


def test_a_place_is_a_path_or_a_url():
  assert place("s3://bucket/out/") == StorePath("s3://bucket/out")
  assert str(place("out/s3")) == "out/s3"
  path = place("s3://bucket/out") / "a.png"
  assert (path.name, path.stem, path.suffix) == ("a.png", "a", ".png")
  assert path.parent == place("s3://bucket/out")
  assert pickle.loads(pickle.dumps(path)) == path


@pytest.mark.parametrize(
  ("url", "reason"),
  [
    ("s3://key:secret@bucket/out", "holds a name and password"),
    ("file:///tmp/out", "no URL of a store"),
    ("zip://a.zip::s3://bucket/b", "no URL of a store"),
    ("s3://", "no URL of a store"),
    ("s3://bucket/a\nb", "no URL of a store"),
  ],
)
def test_what_is_no_place(url, reason):
  with pytest.raises(ConfigurationError, match=reason) as told:
    place(url)
  assert "secret" not in str(told.value)
  assert "\n" not in str(told.value)


def test_no_command_makes_a_folder_of_a_url(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  for make in (files.make_folder, files.make_private_folder):
    with pytest.raises(OutputError, match="no URL is taken here"):
      make("s3://bucket/out")
  assert not list(tmp_path.iterdir())


def test_protocols_that_are_unknown_missing_or_only_read(monkeypatch):
  with pytest.raises(ConfigurationError, match="no protocol that fsspec knows"):
    place("nope://bucket/out").exists()
  with pytest.raises(ConfigurationError, match=r"only read by URL.*copy the folder when"):
    files.make_folder(place("hdfs://host/out"))
  monkeypatch.setitem(sys.modules, "s3fs", None)
  known = sys.modules["fsspec.registry"]._registry
  monkeypatch.delitem(known, "s3", raising=False)  # Of an earlier test.
  with pytest.raises(ConfigurationError, match=r"pip install 'privai-tf\[cloud\]'"):
    place("s3://bucket/out").exists()


def test_objects_are_created_once(folder):
  store_files.require_conditions(folder)
  assert not folder.exists()
  winners: list[int] = []

  def work(number: int) -> None:
    if stores.create(folder / "one", f"{number}".encode()):
      winners.append(number)

  threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert stores.read(folder / "one") == f"{winners[0]}".encode()
  assert len(winners) == 1
  # A request that is sent again because its answer was lost finds its own object.
  assert stores.create(folder / "one", f"{winners[0]}".encode())
  with pytest.raises(OutputError, match="holds something else"):
    store_files.put_once(folder / "one", b"other")


def test_files_functions_take_objects(folder):
  files.write_text(folder / "sub" / "a.txt", "ä")
  files.write_json(folder / "b.json", {"a": 1})
  assert stores.names_in(folder) == ["b.json", "sub/"]
  assert [path.name for path in folder.glob("*.json")] == ["b.json"]
  assert outside.read_json(folder / "b.json") == {"a": 1}
  assert outside.read_text(folder / "sub" / "a.txt") == "ä"
  with pytest.raises(outside.InputError, match="more than any such file"):
    outside.read_bytes(folder / "b.json", most=3)
  with pytest.raises(outside.InputError, match="does not exist"):
    outside.read_bytes(folder / "c.json")
  with contextlib.suppress(ZeroDivisionError), files.atomic_file(folder / "half") as file:
    file.write(b"half")
    raise ZeroDivisionError
  assert not (folder / "half").exists()
  files.remove(folder / "b.json")
  files.remove(folder / "b.json")
  assert stores.names_in(folder) == ["sub/"]
  with pytest.raises(OutputError, match="no such bucket"):
    files.write_text(place(f"{folder.url.partition('://')[0]}://nobody-made-it/a"), "")


def test_a_store_that_cannot_be_reached_is_one_line(monkeypatch):
  stores.require_packages("This", "cloud", "fsspec")
  monkeypatch.setattr(stores, "system_of", lambda url: 1 / 0)
  with pytest.raises(OutputError, match=r"the store cannot be used \(ZeroDivisionError") as told:
    place("s3://bucket/out").exists()
  assert "\n" not in str(told.value)


def test_two_who_create_at_the_same_time_try_again(monkeypatch):
  answers = [OSError(errno.EBUSY, "ConditionalRequestConflict")] * 2 + [FileExistsError()]

  class System:
    def pipe_file(self, url, data, mode, **options):
      raise answers.pop(0)

    def cat_file(self, url):
      return b"the other's"

  monkeypatch.setattr(stores, "system_of", lambda url: System())
  assert not stores.create(place("s3://bucket/out"), b"mine")
  answers += [OSError(errno.EBUSY, "ConditionalRequestConflict")] * 3
  with pytest.raises(OutputError, match="the store cannot be used"):
    stores.create(place("s3://bucket/out"), b"mine")


@pytest.mark.parametrize("protocol", ["s3", "gs"])
def test_what_sends_large_objects_in_parts_is_told_not_to(protocol, monkeypatch):
  """Not every server keeps to the condition there, and a killed writer leaves parts behind."""
  told: list[dict] = []

  class System:
    def pipe_file(self, url, data, **options):
      told.append(options)

  monkeypatch.setattr(stores, "system_of", lambda url: System())
  assert stores.create(place(f"{protocol}://bucket/out"), b"")
  assert told[0]["mode"] == "create"
  assert told[0]["chunksize"] >= 5_000_000_000


def test_a_container_that_is_missing_is_one_line(monkeypatch):
  class ResourceNotFoundError(Exception):
    """What Azure's client says."""

  class System:
    def pipe_file(self, url, data, mode):
      raise ResourceNotFoundError("The specified container does not exist.\nRequestId:1")

  monkeypatch.setattr(stores, "system_of", lambda url: System())
  with pytest.raises(OutputError, match="no such bucket; create it first") as told:
    stores.put(place("az://container/out"), b"")
  assert "\n" not in str(told.value)


def test_a_store_without_conditions_is_refused(monkeypatch):
  kept: dict[str, bytes] = {}
  monkeypatch.setattr(stores, "_put", lambda path, data, mode: kept.update({path.url: data}))
  monkeypatch.setattr(StorePath, "unlink", lambda path: None)
  with pytest.raises(ConfigurationError, match="no If-None-Match"):
    store_files.require_conditions(place("s3://bucket/out"))


def test_a_manifest_goes_on_and_the_process_before_is_told(folder):
  first = Manifest(folder, "", {"a": 1})
  first.stage([_release("face")], [Source("key", "face", "stamp", "digest")])
  second = Manifest(folder, "", {"a": 1})
  assert second.waiting() == [("face", None)]
  assert second.staged("face").png == b"png"
  with pytest.raises(OutputError, match="another process has gone on with this job"):
    first.stage([_release("other")])
  second.finish("face")
  second.note("ledger", "head")
  second.close(complete=True)
  third = Manifest(folder, "", {"a": 1})
  assert third.waiting() == []
  assert third.is_known("face")
  assert third.noted("ledger") == "head"
  assert third.source("key") == Source("key", "face", "stamp", "digest")
  assert not third.is_known("other")
  third.close()


def test_what_is_dropped_is_nowhere_in_the_store(folder):
  manifest = Manifest(folder, "", {"a": 1})
  manifest.stage([_release("kept", b"picture that stays"), _release("dropped", b"unpaid draw")])
  manifest.drop(["dropped"])
  (only,) = (folder / "manifest.db").iterdir()
  assert read_known(folder / "manifest.db").names == {"kept"}
  connection, *_ = replayed(folder / "manifest.db")
  whole = connection.serialize()
  assert b"picture that stays" in whole
  assert b"unpaid draw" not in whole
  assert only.name.isdigit()
  manifest.close()


def test_what_an_overwriting_run_forgets_is_nowhere_in_the_store(folder):
  before = Manifest(folder, "", {"a": 1})
  before.stage([_release("face", b"unpaid draw")])
  before.close()
  after = Manifest(folder, "", {"a": 2}, overwrite=True)
  (_,) = (folder / "manifest.db").iterdir()
  connection, *_ = replayed(folder / "manifest.db")
  assert b"unpaid draw" not in connection.serialize()
  after.close()


def test_counting_what_waits_stops_the_process(folder):
  manifest = Manifest(folder, "-00000-of-00002", {"a": 1})
  manifest.stage([_release("face")])
  assert count_waiting(folder / "manifest-00000-of-00002.db") == 1
  with pytest.raises(OutputError, match="another process"):
    manifest.stage([_release("other")])


def test_a_damaged_log_is_refused(folder):
  Manifest(folder, "", {"a": 1}).close()
  (last,) = list((folder / "manifest.db").iterdir())[-1:]
  stores.put(last, b"nothing")
  with pytest.raises(OutputError, match="no part of a manifest"):
    Manifest(folder, "", {"a": 1})


def test_a_long_log_is_put_together(folder):
  manifest = Manifest(folder, "", {"a": 1})
  for number in range(70):
    manifest.stage([_release(f"face{number}")])
    manifest.finish(f"face{number}")
  manifest.close()
  assert len(list((folder / "manifest.db").iterdir())) == 1
  assert len(read_known(folder / "manifest.db").names) == 70


def test_a_checkpoint_is_fetched_once_and_anew_where_it_changed(folder, monkeypatch, tmp_path):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path / "cache"))
  source = folder / "net"
  stores.put(source / "config.json", b"{}")
  stores.put(source / "sub" / "weights", b"one")
  local = fetched(source.url)
  assert (local.name, (local / "sub" / "weights").read_bytes()) == ("net", b"one")
  inode = (local / "config.json").stat().st_ino

  def again():
    fetched.cache_clear()
    return fetched(source.url)

  assert (again() / "config.json").stat().st_ino == inode  # Not fetched.
  (local / "sub" / "weights").write_bytes(b"two")  # Damaged in the cache.
  assert (again() / "sub" / "weights").read_bytes() == b"one"
  stores.put(source / "sub" / "weights", b"six")
  assert (again() / "sub" / "weights").read_bytes() == b"six"
  assert len(list((tmp_path / "cache" / "fetched").glob("[0-9a-f]*"))) == 1
  with pytest.raises(CheckpointError, match="does not exist"):
    fetched((folder / "nothing").url)
