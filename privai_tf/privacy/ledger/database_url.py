"""Where a ledger lies: a file, or a PostgreSQL database by its URL, whose password is never shown."""

import dataclasses
import os
import pathlib
import re
import urllib.parse

from privai_tf.errors import ConfigurationError

_SCHEME = re.compile(r"postgres(ql)?:/", re.IGNORECASE)
# What has a meaning in a URL must be escaped everywhere else, more strictly than libpq wants it: no
# part of a password is ever taken for a host, a port or an option, and shown.
_HOST = r"(?:\[[^\]@/?#\s]*\]|[^:,@/?#\[\]\s]*)(?::\d*)?"
_OPTION = r"[^=&@?#\s]+=[^&@?#\s]*"
_FORM = re.compile(
  r"postgres(?:ql)?://"
  r"(?:(?P<user>[^:@/?#\s]*)(?::(?P<password>[^:@/?#\s]*))?@)?"
  rf"(?P<hosts>{_HOST}(?:,{_HOST})*)"
  r"(?P<database>(?:/[^:@/?#\s]*)?)"
  rf"(?:\?(?P<options>{_OPTION}(?:&{_OPTION})*))?",
  re.IGNORECASE,
)
_SECRET_OPTION = re.compile(r"password|secret|token", re.IGNORECASE)
_MASK = "***"


@dataclasses.dataclass(frozen=True)
class DatabaseUrl:
  """A PostgreSQL URL as libpq takes it; as text, and in any message, without its secrets.

  Attributes:
    whole: the URL as given, for the connection alone.
  """

  whole: str = dataclasses.field(repr=False)

  def __post_init__(self):
    if not _FORM.fullmatch(self.whole):
      # Not shown: nobody knows what in it is a password.
      raise ConfigurationError(
        "--ledger is no PostgreSQL URL such as postgresql://USER@HOST:5432/DATABASE; write characters "
        "like @ : / ? in a name or password as %40 %3A %2F %3F"
      )

  def __str__(self) -> str:
    parts = _FORM.fullmatch(self.whole).groupdict(default="")
    user = parts["user"]
    if parts["password"]:
      user += f":{_MASK}"
    options = "&".join(map(_masked, filter(None, parts["options"].split("&"))))
    return (
      "postgresql://"
      + (f"{user}@" if user else "")
      + f"{parts['hosts']}{parts['database']}"
      + (f"?{options}" if options else "")
    )

  def __repr__(self) -> str:
    return f"DatabaseUrl({str(self)!r})"


Location = pathlib.Path | DatabaseUrl


def location(given: str | os.PathLike | DatabaseUrl) -> Location:
  """A ledger's place from what a user typed.

  Raises:
    ConfigurationError: if it begins like a URL of PostgreSQL and is none.
  """
  if isinstance(given, DatabaseUrl):
    return given
  text = os.fspath(given)
  return DatabaseUrl(text) if _SCHEME.match(text) else pathlib.Path(text)


def _masked(option: str) -> str:
  name = urllib.parse.unquote(option.partition("=")[0])
  return f"{name}={_MASK}" if _SECRET_OPTION.search(name) else option
