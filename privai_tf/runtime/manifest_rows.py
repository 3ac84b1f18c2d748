"""What a manifest holds: releases that are drawn, and the inputs they were drawn for."""

import dataclasses
import hashlib


@dataclasses.dataclass(frozen=True)
class Staged:
  """A release that is drawn.

  Attributes:
    name: of its files.
    png: the picture.
    content: what its JSON file will say.
    charge: the arguments of `Ledger.charge` as JSON values; None where nobody pays.
    stand_in: why this is a stand-in, JSON values for the owner alone; None for what is none.
    item: key of the input it was drawn for; the name, if nothing is given.
  """

  name: str
  png: bytes
  content: dict
  charge: dict | None
  stand_in: dict | None = None
  item: str = ""


@dataclasses.dataclass(frozen=True)
class Source:
  """An input of which something was drawn.

  Attributes:
    key: by which it is known again.
    name: what its outputs are called, for good.
    stamp, digest: of its bytes then, see `inputs.Item`; "" where nothing could be read.
  """

  key: str
  name: str
  stamp: str = ""
  digest: str = ""


def checksum_of(*parts: bytes | str | None) -> str:
  """Of the parts of a staged release, so that a damaged one is published by nobody."""
  read = (part.encode() if isinstance(part, str) else part or b"" for part in parts)
  return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in read)).hexdigest()
