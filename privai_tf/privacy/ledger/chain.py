"""The ledger's history as a hash chain: every charge, grant and correction is a link.

A link's hash takes in the one before, so that two copies of a ledger agree on a link exactly if they
agree on everything before it. The last link is the head; it is kept a second time outside of the
file (`mirror`, and in the manifests of jobs), and a file that does not know it is an older copy, or
one that went another way.
"""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger import meta

LAST = "SELECT sequence, hash FROM chain ORDER BY sequence DESC LIMIT 1"
LINK = "SELECT hash FROM chain WHERE sequence=?"
_RECONCILED = "reconciled"


@dataclasses.dataclass(frozen=True)
class Head:
  """The last link of a chain, at some time.

  Attributes:
    ledger: whose, 32 hexadecimal digits.
    sequence: its number; 0 before the first link.
    hash: of the link, "" before the first.
  """

  ledger: str
  sequence: int
  hash: str

  def to_json(self) -> str:
    """One line."""
    return json.dumps({"ledger": self.ledger, "sequence": self.sequence, "hash": self.hash})

  @classmethod
  def from_json(cls, text: str) -> "Head":
    """Inverse of `to_json`.

    Raises:
      ConfigurationError: if it is none.
    """
    try:
      content = json.loads(text)
      return cls(str(content["ledger"]), int(content["sequence"]), str(content["hash"]))
    except (ValueError, KeyError, TypeError) as error:
      raise ConfigurationError(f"not a ledger's head: {error}") from error


def ledger_id(key: bytes) -> str:
  """A ledger's id from its secret key: random like it, the same in every copy, and telling nothing."""
  return hashlib.sha256(b"privai-tf ledger id" + key).hexdigest()[:32]


def head(connection: Any, ledger: str) -> Head:
  """The last link."""
  return Head(ledger, *(connection.execute(LAST).fetchone() or (0, "")))


def link(connection: Any, kind: str, content: Sequence[Any], after: int = 0) -> None:
  """Appends a link.

  Args:
    connection: in a transaction.
    kind: of what is recorded.
    content: what is recorded, JSON values.
    after: the link's number is above it.
  """
  last = head(connection, "")
  sequence = max(last.sequence, after) + 1
  text = json.dumps([last.hash, sequence, kind, *content], separators=(",", ":"))
  digest = hashlib.sha256(text.encode()).hexdigest()
  connection.execute("INSERT INTO chain (sequence, hash) VALUES (?, ?)", (sequence, digest))


def includes(connection: Any, known: Head) -> bool:
  """Whether the file's history holds a head of this ledger that was seen before.

  What `reconcile` has charged counts as held: up to that number the file knows of everything.
  """
  if known.sequence == 0:
    return True
  row = connection.execute(LINK, (known.sequence,)).fetchone()
  return (row is not None and row[0] == known.hash) or known.sequence <= reconciled(connection)


def reconcile(connection: Any, known: Sequence[Head], content: Sequence[Any]) -> None:
  """Notes that everything up to the known heads is charged, in a link that is above all of them."""
  highest = max([head(connection, "").sequence, *(one.sequence for one in known)])
  meta.write(connection, _RECONCILED, highest)
  link(connection, _RECONCILED, content, after=highest)


def hashes(connection: Any) -> dict[int, str]:
  """All links by number, for an export."""
  return dict(connection.execute("SELECT sequence, hash FROM chain ORDER BY sequence"))


def reconciled(connection: Any) -> int:
  """Up to which number the file knows of everything that was seen anywhere; 0: not reconciled."""
  return int(meta.number(connection, _RECONCILED) or 0)
