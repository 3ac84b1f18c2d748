"""Which releases of a subject may be added up: the last one's relation covers all before it."""

import datetime
import functools
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger.errors import LedgerCorruptError, RelationError
from privai_tf.privacy.relation import Relation

# The different relations of a subject, found by leaps in the index: as cheap after ten thousand
# releases as after one.
DIFFERENT = """
WITH RECURSIVE found (digest) AS (
  SELECT min(relation) FROM releases WHERE subject = ?
  UNION ALL
  SELECT (SELECT min(relation) FROM releases WHERE subject = ? AND relation > digest)
  FROM found WHERE digest IS NOT NULL
)
SELECT digest FROM found WHERE digest IS NOT NULL
"""

CONTENT = "SELECT content FROM relations WHERE digest=?"


def store(connection: Any, relation: Relation) -> None:
  """Keeps a relation that charges are to refer to."""
  if connection.execute(CONTENT, (relation.digest,)).fetchone():
    return
  values = relation.digest, relation.to_json()
  connection.execute("INSERT INTO relations (digest, content) VALUES (?, ?)", values)


def read(connection: Any, digest: str) -> Relation:
  """The relation that a charge refers to.

  Raises:
    LedgerCorruptError: if it is not there, or another one.
  """
  row = connection.execute(CONTENT, (digest,)).fetchone()
  try:
    relation = _parsed(row[0] if row else "")
  except ConfigurationError as error:
    raise _unreadable(digest) from error
  if relation.digest != digest:
    raise _unreadable(digest)
  return relation


def contents(connection: Any) -> dict[str, str]:
  """All relations as JSON, by digest."""
  return dict(connection.execute("SELECT digest, content FROM relations"))


def require_covered(connection: Any, subject: str, relation: Relation) -> None:
  """Refuses a release that would publish what an earlier one of the subject hid.

  Every earlier relation counts, not only the last: each of their promises must hold on.

  Raises:
    RelationError: names the first such release, and the remedy.
  """
  digests = connection.execute(DIFFERENT, (subject, subject)).fetchall()
  for (digest,) in digests:
    if digest == relation.digest and relation.split:
      continue  # It covers itself; an unknown one does not.
    earlier = read(connection, digest)
    if not relation.covers(earlier):
      raise _refusal(_first(connection, subject, digest), earlier, relation)


def iso_time(seconds: float) -> str:
  """A time in ISO 8601, UTC.

  Args:
    seconds: since 1970, kept to the microsecond.

  Returns:
    Such as "1970-01-01T00:00:00.000000Z".
  """
  moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
  return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


@functools.lru_cache(maxsize=256)
def _parsed(content: str) -> Relation:
  return Relation.from_json(content)


def _unreadable(digest: str) -> LedgerCorruptError:
  return LedgerCorruptError(
    f"relation {digest}: unreadable; nothing was charged. Restore the last backup"
  )


def _first(connection: Any, subject: str, digest: str) -> tuple[Any, ...]:
  """Subject, id and time of the subject's first release with this relation."""
  return connection.execute(
    "SELECT subject, release_id, time FROM releases WHERE subject=? AND relation=?"
    " ORDER BY id LIMIT 1",
    (subject, digest),
  ).fetchone()


def _refusal(release: tuple[Any, ...], earlier: Relation, relation: Relation) -> RelationError:
  subject, release_id, seconds = release
  return RelationError(
    f"subject '{subject}': the release '{release_id}' of {iso_time(seconds)} hid "
    f"{earlier.describe()}, and this one, {relation.describe()}, could publish it; nothing was "
    f"charged. {_remedy(earlier, relation)}"
  )


def _remedy(earlier: Relation, relation: Relation) -> str:
  if earlier.scope == "image" or not earlier.split or relation.scope != "attribute":
    any_input = (
      " (with every input)" if earlier.scope == "image" and earlier.inputs == "any" else ""
    )
    return f"Use --scope=image{any_input}"
  differing = [
    words
    for name, words in (
      ("checkpoint", "checkpoint"),
      ("release_path", "encoder, search settings and kind of input"),
      ("latent_space", "latent space"),
      ("split", "calibration"),
      ("rho", "rho"),
    )
    if getattr(earlier, name) != getattr(relation, name)
  ]
  if differing:
    return f"Use the same {', '.join(differing)} as then, or --scope=image"
  # In the order of the first release: curves are fitted one after another.
  names = dict.fromkeys((*earlier.attributes, *relation.attributes))
  return (
    f"Protect both, from the first release on: --attribute={','.join(names)}; or use --scope=image"
  )
