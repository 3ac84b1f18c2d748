"""A PostgreSQL server of the tests' own: a folder that goes with it, and no port, only a socket."""

import importlib.util
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

_USERS = "postgres", "nobody"  # PostgreSQL does not run as root.
_MEMORY = pathlib.Path("/dev/shm")
_ENOUGH_BYTES = 1 << 30
_START_SECONDS = 60


class PostgresServer:
  """Running from `with` to its end; `kill` and `start` in between."""

  def __init__(self):
    self._programs = _programs()
    # Where a flush costs nothing, as far as there is such a place: the tests make a great many.
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES
    self.folder = pathlib.Path(
      tempfile.mkdtemp(prefix="privai-pg-", dir=_MEMORY if in_memory else None)
    )
    self._as_user: list[str] = []
    if os.geteuid() == 0:
      user = _user()
      os.chown(self.folder, user.pw_uid, user.pw_gid)
      self._as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
      self._as_user.append("--clear-groups")
    self._process: subprocess.Popen | None = None

  @staticmethod
  def missing() -> str | None:
    """Why there can be no server; None if there can."""
    if importlib.util.find_spec("psycopg") is None:
      return "psycopg is not installed: pip install 'privai-tf[postgres]'"
    if _programs() is None:
      return "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and (_user() is None or shutil.which("setpriv") is None):
      return "PostgreSQL does not run as root, and there is no other user or no setpriv"
    return None

  def __enter__(self) -> "PostgresServer":
    data = self.folder / "data"
    arguments = ["--auth=trust", "--username=owner", "--encoding=UTF8", "--no-locale", "--no-sync"]
    self._run("initdb", f"--pgdata={data}", *arguments)
    self.start()
    return self

  def __exit__(self, *unused: object) -> None:
    if self._process.poll() is None:
      self._process.send_signal(signal.SIGQUIT)
      self._process.wait(60)
    shutil.rmtree(self.folder, ignore_errors=True)

  def start(self) -> None:
    """Starts the server, which goes on from its folder."""
    settings = [
      f"unix_socket_directories={self.folder}",
      "listen_addresses=",
      "max_connections=60",
      "shared_buffers=16MB",
      "logging_collector=off",
    ]
    options = [part for setting in settings for part in ("-c", setting)]
    self._process = subprocess.Popen(
      [*self._as_user, str(self._programs / "postgres"), "-D", self.folder / "data", *options],
      cwd=self.folder,
      stdout=subprocess.DEVNULL,
      stderr=subprocess.DEVNULL,
      start_new_session=True,
    )
    self._wait()

  def kill(self) -> None:
    """`kill -9` of the server and of all its processes."""
    family = [self._process.pid, *_children(self._process.pid)]
    for process in family:
      try:
        os.kill(process, signal.SIGKILL)
      except ProcessLookupError:
        continue
    self._process.wait()
    deadline = time.monotonic() + _START_SECONDS
    while any(map(_is_alive, family)) and time.monotonic() < deadline:
      time.sleep(0.01)

  def url(
    self, database: str = "postgres", user: str = "owner", password: str | None = None
  ) -> str:
    """Of a database."""
    who = user if password is None else f"{user}:{password}"
    return f"postgresql://{who}@/{database}?host={self.folder}"

  def execute(self, *statements: str, database: str = "postgres") -> list[tuple] | None:
    """Runs statements as the server's owner, each in its own transaction; the last one's rows."""
    import psycopg

    with psycopg.connect(self.url(database), autocommit=True) as connection:
      for statement in statements:
        cursor = connection.execute(statement)
      return cursor.fetchall() if cursor.description else None

  def empty_database(self, number: int) -> str:
    """The URL of a database without a ledger; the next call with the same number empties it again."""
    name = f"test{number}"
    query = f"SELECT 1 FROM pg_database WHERE datname='{name}'"
    if self.execute(query):
      self.execute("DROP SCHEMA IF EXISTS privai_ledger CASCADE", database=name)
    else:
      self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return self.url(name)

  def _run(self, program: str, *arguments: str) -> None:
    command = [*self._as_user, str(self._programs / program), *arguments]
    subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

  def _wait(self) -> None:
    import psycopg

    deadline = time.monotonic() + _START_SECONDS
    while True:
      try:
        self.execute("SELECT 1")
        return
      except psycopg.OperationalError:
        if self._process.poll() is not None or time.monotonic() > deadline:
          raise
        time.sleep(0.05)


def _programs() -> pathlib.Path | None:
  """The folder of initdb and postgres, the newest version's."""
  found = shutil.which("postgres")
  if found is not None:
    return pathlib.Path(found).resolve().parent
  folders = pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")
  return max((path.parent for path in folders), key=lambda path: path.parent.name, default=None)


def _user() -> pwd.struct_passwd | None:
  for name in _USERS:
    try:
      return pwd.getpwnam(name)
    except KeyError:
      continue
  return None


def _children(parent: int) -> list[int]:
  found = []
  for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
    try:
      fields = entry.read_text().rpartition(")")[2].split()
    except OSError:  # It ended meanwhile.
      continue
    if int(fields[1]) == parent:
      found.append(int(entry.parent.name))
  return found


def _is_alive(process: int) -> bool:
  try:
    state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
  except OSError:
    return False
  return state != "Z"
