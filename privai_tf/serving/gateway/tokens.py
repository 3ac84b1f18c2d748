"""Who may call: tokens, of which the file knows only the SHA-256, and each caller's budget.

    {"callers": [{"name": "ada", "sha256": "9f86…", "epsilon": 10, "delta": 0,
                  "composition": "basic", "each_subject": false, "metrics": false}]}

A token holds 256 random bits, so a plain hash is enough: there is nothing to guess.
"""

import dataclasses
import hashlib
import hmac
import logging
import os
import re
import reprlib
import secrets
import stat
import threading
from pathlib import Path
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger.entries import check_budget
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown, write_json
from privai_tf.runtime.folders import alone_in

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")
_LONGEST_TOKEN = 200
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Caller:
  """One caller.

  Attributes:
    name: letters, digits and `._-`; the ledger's subject.
    sha256: of the token, hex.
    epsilon, delta: the budget, of the caller or of each subject.
    composition: how releases add up, see `privai_tf.privacy.ledger.rules`.
    each_subject: whether every subject that the caller names has such a budget of its own.
    metrics: whether the caller may read `/metrics`.
  """

  name: str
  sha256: str
  epsilon: float
  delta: float = 0.0
  composition: str = "basic"
  each_subject: bool = False
  metrics: bool = False

  def __post_init__(self):
    if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
      raise ConfigurationError(
        f"caller {reprlib.repr(self.name)}: a name has 1 to 64 letters, digits or any of . _ -"
      )
    if not isinstance(self.sha256, str) or not _HASH.fullmatch(self.sha256):
      raise ConfigurationError(f"caller {self.name}: sha256 must be 64 hexadecimal digits")
    for name in ("epsilon", "delta"):
      value = getattr(self, name)
      if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"caller {self.name}: {name} must be a number")
    for name in ("each_subject", "metrics"):
      if not isinstance(getattr(self, name), bool):
        raise ConfigurationError(f"caller {self.name}: {name} must be true or false")
    try:
      check_budget(self.epsilon, self.delta, self.composition)
    except ConfigurationError as error:
      raise ConfigurationError(f"caller {self.name}: {outside.reason_of(error)}") from None


class TokenFile:
  """The callers of a file, read again whenever the file changes: a removed caller is out at once."""

  def __init__(self, path: str | os.PathLike):
    """Reads the file.

    Raises:
      ConfigurationError: if it cannot be used.
    """
    self.path = Path(path)
    self._lock = threading.Lock()
    self._seen = _identity(self.path)
    self._callers = read_callers(self.path)

  @property
  def callers(self) -> tuple[Caller, ...]:
    """The callers of the file as it is now; none if it cannot be used any more."""
    with self._lock:
      try:
        identity = _identity(self.path)
        if identity != self._seen:
          self._callers = read_callers(self.path)
          self._seen = identity
          _log.info("tokens read again: %d callers", len(self._callers))
      except ConfigurationError as error:
        if self._callers:
          _log.error("%s; every token is refused until it can be read", error)
        self._callers, self._seen = (), None
      return self._callers

  def caller_of(self, token: str) -> Caller | None:
    """The caller with this token; the time taken tells nothing about which, or how nearly."""
    digest = token_hash(token[:_LONGEST_TOKEN])
    found = None
    for caller in self.callers:
      if hmac.compare_digest(caller.sha256, digest):
        found = caller
    return found


def token_hash(token: str) -> str:
  """SHA-256 of a token, hex."""
  return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def read_callers(path: Path) -> tuple[Caller, ...]:
  """Reads and checks a tokens file.

  Raises:
    ConfigurationError: naming the file, the problem and the remedy.
  """
  content = outside.read_json(path, ConfigurationError, f"make one with {_command(path)}")
  if not isinstance(content, dict) or not isinstance(content.get("callers"), list):
    raise ConfigurationError(f'{shown(path)}: must be {{"callers": [...]}}; see docs/gateway.md')
  callers = tuple(_caller(path, entry) for entry in content["callers"])
  for field in ("name", "sha256"):
    values = [getattr(caller, field) for caller in callers]
    if len(set(values)) < len(values):
      raise ConfigurationError(f"{shown(path)}: two callers have the same {field}; remove one")
  return callers


def add_caller(path: str | os.PathLike, name: str, **settings: Any) -> str:
  """Adds a caller to the file (made if missing, 0600), and returns the token; it is kept nowhere.

  Args:
    path: the tokens file.
    name: of the caller, not in the file yet.
    **settings: the other fields of `Caller` but `sha256`.

  Raises:
    ConfigurationError: the name is taken, a field does not suit, or the file cannot be used.
    OutputError: the file cannot be written.
  """
  path = Path(path)
  token = secrets.token_urlsafe(32)
  with alone_in(path.absolute().parent):
    callers = read_callers(path) if outside.exists(path) else ()
    if name in [caller.name for caller in callers]:
      raise ConfigurationError(
        f"{shown(path)}: caller {name} is there already; remove its entry to give it a new token"
      )
    callers = (*callers, Caller(name=name, sha256=token_hash(token), **settings))
    content = {"callers": [dataclasses.asdict(caller) for caller in callers]}
    write_json(path, content, private=True)
  return token


def _caller(path: Path, entry: Any) -> Caller:
  fields = {field.name for field in dataclasses.fields(Caller)}
  if not isinstance(entry, dict) or not {"name", "sha256", "epsilon"} <= set(entry) <= fields:
    raise ConfigurationError(
      f"{shown(path)}: a caller needs name, sha256 and epsilon and may have "
      f"{', '.join(sorted(fields - {'name', 'sha256', 'epsilon'}))}"
    )
  try:
    return Caller(**entry)
  except ConfigurationError as error:
    raise ConfigurationError(f"{shown(path)}: {error}") from None


def _command(path: Path) -> str:
  return f"python -m privai_tf.gateway --tokens={shown(path)} --add_caller=NAME --budget_epsilon=10"


def _identity(path: Path) -> tuple[int, ...]:
  """What changes with the file; refuses one that others can read or write."""
  try:
    status = path.stat()
  except OSError as error:
    raise ConfigurationError(
      f"Cannot read {shown(path)}: {error.strerror}; make one with {_command(path)}"
    ) from error
  if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
    raise ConfigurationError(
      f"{shown(path)}: others may read or write it, and it says who may call; restrict it (chmod 600)"
    )
  return status.st_ino, status.st_size, status.st_mtime_ns
