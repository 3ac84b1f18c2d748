"""What a job has drawn and what it has published, so that a killed one goes on where it was.

A release is *staged* here, whole, before it is paid for and published, and *done* afterwards:

    drawn in memory -> staged -> charged -> published -> done

A process killed before the first arrow's end loses a draw that nobody has seen. One killed later
finds it staged: it is charged again under the same id, which the ledger takes for the same charge,
and published again, which writes the same bytes. Nothing is drawn twice after it could be seen, and
nothing is paid twice.

One SQLite file for one process; private, since it holds releases that nobody has paid for.
"""

import json
import pathlib
from collections.abc import Iterable, Sequence

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.runtime.files import shown
from privai_tf.runtime.manifest_base import ManifestBase
from privai_tf.runtime.manifest_files import WAITING, Known
from privai_tf.runtime.manifest_rows import Source, Staged, checksum_of
from privai_tf.runtime.manifest_schema import NOTE, WAIT_SECONDS, damage

__all__ = ["Known", "Manifest", "Source", "Staged"]

_FORGET = "PRAGMA wal_checkpoint(TRUNCATE)"  # What was deleted is not in SQLite's log either.


class Manifest(ManifestBase):
  """The manifest of one process, whose threads take turns. Open it with a folder; close it.

  Args:
    folder: the private folder; made if need be.
    suffix: tells apart the processes that share the folder.
    configuration: what decides the releases, JSON values.
    overwrite: forget what is recorded, but for the names; but go on where an earlier run with
      `overwrite` was stopped.

  Attributes:
    path: the file.
    overwrites: as given.

  Raises:
    ConfigurationError: if releases of another configuration wait here, a run with `overwrite` was
      stopped and this is none, or another version made the file.
    OutputError: if the folder cannot be written, or another process uses the manifest.
  """

  def __init__(
    self,
    folder: pathlib.Path,
    suffix: str,
    configuration: dict,
    *,
    overwrite: bool = False,
  ):
    self.overwrites = overwrite
    self._finished: list[str] = []
    self._finished_items: list[str] = []
    self._stamps: dict[str, str] = {}
    self._notes: dict[str, str] = {}
    super().__init__(folder, suffix, WAIT_SECONDS)
    try:
      with self._told():
        with self._transaction():
          self._begin(json.dumps(configuration, sort_keys=True), overwrite)
        if overwrite:
          self._connection.execute(_FORGET)
    except BaseException:
      self._connection.close()
      raise

  def _begin(self, configuration: str, overwrite: bool) -> None:
    overwriting = self._meta("overwriting")
    if overwrite and overwriting != configuration:
      self._connection.execute("INSERT OR REPLACE INTO replaced SELECT name, item FROM outputs")
      self._connection.execute(
        "INSERT OR IGNORE INTO replaced_files SELECT file FROM outputs WHERE file IS NOT NULL"
      )
      self._connection.execute("DELETE FROM outputs")
      self._connection.execute("UPDATE items SET done = 0, stamp = '', digest = ''")
    elif overwriting and not overwrite and self._ask("SELECT 1 FROM replaced LIMIT 1"):
      raise ConfigurationError(
        f"{shown(self.path)}: an --overwrite was stopped before its end; finish it with "
        "--overwrite, so that no two settings are mixed"
      )
    self._check(configuration)
    self._set("configuration", configuration)
    self._set("overwriting", configuration if overwrite else "")

  def _check(self, configuration: str) -> None:
    ((waiting,),) = self._ask(WAITING)
    if waiting and self._meta("configuration") != configuration:
      raise ConfigurationError(
        f"{shown(self.path)}: {waiting} releases of other settings are drawn, and perhaps paid for, "
        "but not published; run once more with those settings, or drop them with --overwrite"
      )

  def adopt(self, known: Known) -> None:
    """Takes over what shards of another number have published, who are not at work any more."""
    with self._told(), self._transaction():
      rows = [(*row[:-1], 0 if self.overwrites else row[-1]) for row in known.items]
      self._connection.executemany("INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?, ?, ?)", rows)
      for name, item, _, stand_in in known.outputs:
        if self.overwrites:
          self._connection.execute("INSERT OR IGNORE INTO replaced VALUES (?, ?)", (name, item))
          continue
        self._connection.execute(
          "INSERT OR IGNORE INTO outputs (name, item, done, stand_in) VALUES (?, ?, 1, ?)",
          (name, item, stand_in),
        )

  def forget_published(self) -> None:
    """Forgets what is done, for an output folder that somebody has emptied."""
    with self._told(), self._transaction():
      self._connection.execute("DELETE FROM outputs WHERE done = 1")
      for table in ("replaced", "replaced_files"):
        self._connection.execute(f"DELETE FROM {table}")
      self._connection.execute("DELETE FROM items WHERE key NOT IN (SELECT item FROM outputs)")

  def close(self, complete: bool = False) -> None:
    """Closes the file.

    Args:
      complete: whether the run came to its end; an overwriting one begins anew next time.
    """
    with self._told():
      with self._transaction():
        self._write_finished()
        if complete:
          self._set("overwriting", "")
      self._connection.close()

  def source(self, key: str) -> Source | None:
    """What an input was, and is called, of which something was drawn; None if nothing was."""
    rows = self._ask("SELECT key, name, stamp, digest FROM items WHERE key = ?", key)
    return Source(*rows[0]) if rows else None

  def owner(self, name: str) -> str | None:
    """The key of the input whose outputs are called so, whatever the case; None if nobody's are."""
    rows = self._ask("SELECT key FROM items WHERE lower_name = ?", name.casefold())
    return rows[0][0] if rows else None

  def is_item_done(self, key: str) -> bool:
    """Whether everything of an item is published that has several outputs, or might have."""
    return bool(self._ask("SELECT 1 FROM items WHERE key = ? AND done = 1", key))

  def is_known(self, name: str) -> bool:
    """Whether an output was staged or published."""
    return bool(self._ask("SELECT 1 FROM outputs WHERE name = ?", name))

  def stand_in(self, name: str) -> dict | None:
    """Why an output that was staged or published is a stand-in; None for what is none."""
    rows = self._ask("SELECT stand_in FROM outputs WHERE name = ?", name)
    return json.loads(rows[0][0]) if rows and rows[0][0] else None

  def stage(self, releases: Iterable[Staged], sources: Iterable[Source] = ()) -> None:
    """Records releases and what they were drawn for, all or none; on the disk when this returns."""
    rows = []
    for release in releases:
      content = json.dumps(release.content, ensure_ascii=False)
      charge = json.dumps(release.charge) if release.charge else None
      stand_in = json.dumps(release.stand_in) if release.stand_in else None
      checksum = checksum_of(release.png, content, charge)
      item = release.item or release.name
      rows.append((release.name, item, release.png, content, charge, stand_in, checksum))
    known = [(s.key, s.name, s.name.casefold(), s.stamp, s.digest) for s in sources]
    with self._told(), self._transaction():
      self._write_finished()
      self._connection.executemany(
        "INSERT INTO items VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (key) DO UPDATE SET "
        "stamp = excluded.stamp, digest = excluded.digest",
        known,
      )
      self._connection.executemany(
        "INSERT OR REPLACE INTO outputs "
        "(name, item, done, png, content, charge, stand_in, checksum) "
        "VALUES (?, ?, 0, ?, ?, ?, ?, ?)",
        rows,
      )

  def files(self) -> set[int]:
    """The numbers of the files that releases were assigned to."""
    rows = self._ask("SELECT DISTINCT file FROM outputs WHERE file IS NOT NULL")
    return {number for (number,) in rows}

  def known(self) -> Known:
    """The names of everything that is published, or may be."""
    outputs = self._ask("SELECT name, item, done, stand_in FROM outputs")
    replaced = self._ask("SELECT name FROM replaced")
    names = tuple(name for (name,) in replaced)
    numbers = {number for (number,) in self._ask("SELECT number FROM replaced_files")}
    return Known((), tuple(outputs), names, frozenset(self.files() | numbers))

  def outdated(self) -> list[str]:
    """What was published before an overwriting run of inputs that have been released anew."""
    with self._told():
      with self._transaction():
        self._write_finished()
      query = "SELECT name FROM replaced WHERE item IN (SELECT item FROM outputs WHERE done = 1)"
      return [name for (name,) in self._ask(query)]

  def forget_outdated(self) -> None:
    """Forgets what `outdated` named, and the files of before, once they are removed."""
    with self._told(), self._transaction():
      self._connection.execute(
        "DELETE FROM replaced WHERE item IN (SELECT item FROM outputs WHERE done = 1)"
      )
      self._connection.execute("DELETE FROM replaced_files")

  def waiting(self) -> list[tuple[str, int | None]]:
    """Names of what is staged and not done, oldest first, and the file each was assigned to."""
    return self._ask("SELECT name, file FROM outputs WHERE done = 0 ORDER BY rowid")

  def staged(self, name: str) -> Staged:
    """A release that is staged and not done.

    Raises:
      OutputError: if it is not what was staged.
    """
    query = "SELECT png, content, charge, item, checksum FROM outputs WHERE name = ?"
    ((png, content, charge, item, checksum),) = self._ask(query, name)
    if checksum_of(png, content, charge) != checksum:
      raise OutputError(f"{damage(self.path, f'{name} is not what was drawn')}.")
    charged = json.loads(charge) if charge else None
    return Staged(name, png, json.loads(content), charged, item=item)

  def assign(self, names: Sequence[str]) -> int:
    """Assigns staged releases to the next file of many; on the disk when this returns.

    Returns:
      The file's number, from 0.
    """
    with self._told(), self._transaction():
      self._write_finished()
      ((last,),) = self._ask("SELECT max(file) FROM outputs")
      number = 0 if last is None else last + 1
      rows = [(number, name) for name in names]
      self._connection.executemany("UPDATE outputs SET file = ? WHERE name = ?", rows)
    return number

  def drop(self, names: Sequence[str]) -> None:
    """Forgets staged releases that were refused; nobody has seen them, and nothing keeps them."""
    with self._told():
      with self._transaction():
        for name in names:
          owners = self._ask("SELECT item FROM outputs WHERE name = ?", name)
          self._connection.execute("DELETE FROM outputs WHERE name = ? AND done = 0", (name,))
          self._connection.executemany(
            "DELETE FROM items WHERE key = ? AND key NOT IN (SELECT item FROM outputs WHERE item = "
            "key) AND key NOT IN (SELECT item FROM replaced)",
            owners,
          )
      self._connection.execute(_FORGET)

  def finish(self, name: str) -> None:
    """Notes that a release is published. Written with the next commit: repeating it is harmless."""
    self._finished.append(name)

  def finish_item(self, key: str) -> None:
    """Notes that everything of an item is published; written with the next commit."""
    self._finished_items.append(key)

  def restamp(self, key: str, stamp: str) -> None:
    """Notes that an input's bytes are the same although its stamp is another."""
    self._stamps[key] = stamp

  def note(self, name: str, value: str) -> None:
    """Remembers something beside the releases; written with the next commit."""
    self._notes[name] = value

  def noted(self, name: str) -> str | None:
    """What was last noted under a name; None if nothing was."""
    return self._notes.get(name) or self._meta(NOTE + name)

  def _write_finished(self) -> None:
    for name, value in self._notes.items():
      self._set(NOTE + name, value)
    self._notes.clear()
    self._connection.executemany(
      "UPDATE outputs SET done = 1, png = NULL, content = NULL, charge = NULL WHERE name = ?",
      [(name,) for name in self._finished],
    )
    items = [(key,) for key in self._finished_items]
    self._connection.executemany("UPDATE items SET done = 1 WHERE key = ?", items)
    stamps = [(stamp, key) for key, stamp in self._stamps.items()]
    self._connection.executemany("UPDATE items SET stamp = ? WHERE key = ?", stamps)
    self._finished.clear()
    self._finished_items.clear()
    self._stamps.clear()
