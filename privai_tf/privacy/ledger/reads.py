"""What a charge reads, by name, so that a server far away can be asked for all of it at once."""

from collections.abc import Sequence
from typing import Any

from privai_tf.privacy.ledger import accounts, chain, meta, relations

Read = tuple[str, tuple[Any, ...]]


def reads_of_charge(subject: str, release_id: str | None, digest: str) -> Sequence[Read]:
  """The statements, with their values, of a charge to a subject with an account and one relation."""
  return (
    (chain.LAST, ()),
    (meta.VALUE, (meta.LAST_TIME,)),
    (accounts.ACCOUNT, (subject,)),
    (relations.DIFFERENT, (subject, subject)),
    (relations.CONTENT, (digest,)),
    *([(accounts.RELEASE, (subject, release_id))] if release_id is not None else []),
  )
