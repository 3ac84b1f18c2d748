"""URLs of databases: what is one, and that no password of it is ever shown."""

import pathlib
import pickle

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger.database_url import DatabaseUrl, location


@pytest.mark.parametrize(
  ("given", "shown"),
  [
    ("postgresql://ada@db.example/ledger", None),
    ("postgresql://db.example:5433,other.example:5434/ledger?target_session_attrs=any", None),
    ("postgresql://ada@[2001:db8::1]:5432/ledger", None),
    ("postgresql:///?service=ledger", None),
    ("postgresql://ada@/ledger?host=/run/postgresql", None),
    ("postgres://ada:s3cret@db/ledger", "postgresql://ada:***@db/ledger"),
    ("POSTGRESQL://ada:s3cret@db/ledger", "postgresql://ada:***@db/ledger"),
    ("postgresql://:s3cret@db/ledger", "postgresql://:***@db/ledger"),
    ("postgresql://ada:s%40cret@db", "postgresql://ada:***@db"),
    (
      "postgresql://db/ledger?user=ada&password=s3cret&sslmode=require",
      "postgresql://db/ledger?user=ada&password=***&sslmode=require",
    ),
    ("postgresql://db/l?Pass%77ord=s3cret", "postgresql://db/l?Password=***"),
    ("postgresql://db/l?sslkey=k&sslpassword=s3cret", "postgresql://db/l?sslkey=k&sslpassword=***"),
  ],
)
def test_a_url_is_shown_without_its_password(given, shown):
  url = location(given)
  assert isinstance(url, DatabaseUrl)
  assert str(url) == (shown or given)
  assert "cret" not in f"{url} {url!r} {vars(url) and [url]}"
  assert location(url) is url
  assert pickle.loads(pickle.dumps(url)) == url  # Workers of a fleet get it whole.


@pytest.mark.parametrize(
  "given",
  [
    "postgresql://ada:s3@cret@db/ledger",
    "postgresql://ada:s3/cret@db/ledger",
    "postgresql://ada:s3?cret@db/ledger",
    "postgresql://ada:s3?a=cret@db/ledger",
    "postgresql://ada:s3#cret@db/ledger",
    "postgresql://ada:s3:cret@db/ledger",
    "postgresql://ada:s3cret/ledger",
    "postgresql://ada:s3 cret@db/ledger",
    "postgresql:/ada:s3cret@db/ledger",
    "postgresql://db/ledger?s3cret",
  ],
)
def test_what_is_none_is_not_shown_at_all(given):
  with pytest.raises(ConfigurationError, match="no PostgreSQL URL") as told:
    location(given)
  assert "cret" not in str(told.value)
  # A URL that was taken for a path on its way here.
  with pytest.raises(ConfigurationError):
    location(pathlib.Path(given))


def test_everything_else_is_a_path():
  for given in ("ledger.db", "/a/postgresql.db", pathlib.Path("postgres/ledger.db")):
    assert location(given) == pathlib.Path(given)
