"""A ledger is its file and its log: second names are refused, symbolic links are none."""

import os
import subprocess

import pytest

from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Ledger, place
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


def test_a_symbolic_link_is_the_file(path, tmp_path):
  (tmp_path / "links").mkdir()
  link = tmp_path / "links" / "l.db"
  link.symlink_to(path)
  with Ledger.open(link, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.25, relation=RELATION)
    with Ledger.open(path, default_epsilon=1) as direct:
      direct.charge("ada", None, 0.5, relation=RELATION)
    assert ledger.remaining("ada").epsilon == 0.25
  assert list(link.parent.iterdir()) == [link]
  with pytest.raises(errors.LedgerExistsError):
    Ledger.create(link)


def test_a_loop_of_links_is_told(tmp_path):
  (tmp_path / "l.db").symlink_to(tmp_path / "l.db")
  with pytest.raises(errors.LedgerError, match=r"l\.db"):
    Ledger.open(tmp_path / "l.db")


def test_a_hard_link_is_refused_before_and_while_in_use(path, tmp_path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    os.link(path, tmp_path / "second.db")
    with pytest.raises(errors.LedgerPlaceError, match="2 names"):
      ledger.charge("ada", None, 0.25, relation=RELATION)
  for name in (path, tmp_path / "second.db"):
    with pytest.raises(errors.LedgerPlaceError, match="symbolic links"):
      Ledger.open(name)
  (tmp_path / "second.db").unlink()
  Ledger.open(path).close()


def test_a_file_that_is_mounted_alone_is_refused(path, tmp_path, monkeypatch):
  """As the kernel tells it: blanks in names are octal there."""
  own = tmp_path / "a folder" / "l.db"
  own.parent.mkdir()
  path.rename(own)
  mounts = tmp_path / "mountinfo"
  monkeypatch.setattr(place, "_MOUNTS", mounts)
  line = "36 35 98:0 {} {} rw,noatime - ext4 /dev/vda rw\n"
  escaped = str(own).replace(" ", "\\040")
  mounts.write_text(line.format("/", "/") + line.format(own.parent, escaped.rsplit("/", 1)[0]))
  Ledger.open(own).close()
  mounts.write_text(line.format("/l.db", escaped))
  with pytest.raises(errors.LedgerPlaceError, match="Mount the folder"):
    Ledger.open(own)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting needs root")
def test_a_real_mount_is_refused(path, tmp_path):
  target = tmp_path / "container" / "l.db"
  target.parent.mkdir()
  target.touch(0o600)
  mount = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"']
  script = "import sys; from privai_tf.privacy.ledger import Ledger; Ledger.open(sys.argv[1])"
  python = [os.sys.executable, "-c", script, str(target)]
  command = [*mount, str(path), str(target), *python]
  done = subprocess.run(command, capture_output=True, text=True, check=False)
  if "Ledger" not in done.stderr:
    pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
  assert "is mounted without its folder" in done.stderr


def test_an_empty_file_is_no_ledger(tmp_path):
  path = tmp_path / "l.db"
  path.touch(0o600)
  with pytest.raises(errors.LedgerCorruptError, match="is empty"):
    Ledger.open(path)
  with pytest.raises(errors.LedgerCorruptError, match="is empty"):
    Ledger.open(path, create=True)
  with pytest.raises(errors.LedgerExistsError):
    Ledger.create(path)
  assert path.stat().st_size == 0


def test_creation_leaves_what_is_there_and_nothing_half_made(path, monkeypatch):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.5, relation=RELATION)
  with pytest.raises(errors.LedgerExistsError, match="nothing was changed"):
    Ledger.create(path)
  with Ledger.open(path, create=True) as ledger:
    assert ledger.subjects() == ["ada"]
  new = path.with_name("new.db")
  with pytest.raises(errors.LedgerMissingError, match="mistyped"):
    Ledger.open(new)
  assert not new.exists()
