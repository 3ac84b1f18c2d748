"""Changes of a file's bytes, from one bit to the content of another format; for `tests.odd`."""

import json
import random


def bits(choice: random.Random, data: bytes) -> bytes:
  """A few bits turned."""
  changed = bytearray(data)
  for _ in range(choice.choice([1, 2, 8])):
    changed[choice.randrange(len(changed))] ^= 1 << choice.randrange(8)
  return bytes(changed)


def cut(choice: random.Random, data: bytes) -> bytes:
  """The end is lost."""
  return data[: choice.randrange(len(data))]


def dropped(choice: random.Random, data: bytes) -> bytes:
  """A few bytes are lost."""
  start = choice.randrange(len(data))
  return data[:start] + data[start + choice.choice([1, 4, 64]) :]


def inserted(choice: random.Random, data: bytes) -> bytes:
  """A few bytes too many."""
  start = choice.randrange(len(data))
  return data[:start] + choice.choice([b"\0", b"\xff" * 8, choice.randbytes(16)]) + data[start:]


def number(choice: random.Random, data: bytes) -> bytes:
  """A length or an offset that is far too large, negative or 0."""
  start = choice.randrange(max(1, len(data) - 8))
  value = choice.choice([b"\xff" * 8, b"\xff" * 4, b"\x7f" + b"\xff" * 3, bytes(8), b"\0\0\0\x40"])
  return data[:start] + value + data[start + len(value) :]


def repeated(choice: random.Random, data: bytes) -> bytes:
  """A stretch of it comes once or many times more."""
  start, stop = sorted(choice.randrange(len(data) + 1) for _ in range(2))
  return data[:stop] + data[start:stop] * choice.choice([1, 20]) + data[stop:]


def empty(choice: random.Random, data: bytes) -> bytes:
  """Nothing."""
  return b""


def beginning(choice: random.Random, data: bytes) -> bytes:
  """What tells the format, and nothing of it."""
  return data[:16] + bytes(choice.choice([0, 1, 1000]))


def pipe(choice: random.Random, data: bytes) -> None:
  """No file: what is there never ends."""
  return None


def nested(choice: random.Random, data: bytes) -> bytes:
  """Brackets without end."""
  return (choice.choice(['{"a":', "["]) * 50_000).encode()


def odd_value(choice: random.Random, data: bytes) -> bytes:
  """One value of the JSON document replaced by another kind of value."""
  odd = choice.choice(
    [None, True, -1, 0, 1e308, 10**30, 1 << 62, "", "x" * 10_000, "\ud800", [], {}, [[]], [1e9] * 3]
  )
  root = json.loads(data)
  holder = root
  while True:
    key = choice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    if not (isinstance(holder[key], dict | list) and holder[key]) or choice.random() < 0.2:
      break
    holder = holder[key]
  holder[key] = odd
  return json.dumps(root).encode()


def missing(choice: random.Random, data: bytes) -> bytes:
  """An entry of the JSON document is lost."""
  root = json.loads(data)
  del root[choice.choice(list(root))]
  return json.dumps(root).encode()


def scalar(choice: random.Random, data: bytes) -> bytes:
  """Another JSON document."""
  return choice.choice([b"null", b"1", b"[]", b'"text"', b"NaN", b"9" * 5000, b"\xef\xbb\xbf{}"])


JSON_CHANGES = [nested, odd_value, missing, scalar]
