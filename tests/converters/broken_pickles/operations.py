"""Operations that official files do not contain, and a stack and memo that do not add up."""

from tests.converters.broken_pickles.collection import DAMAGED, NETWORK, UNSAFE, registering

PARTS = {}
refused = registering(PARTS)


# Operations.

for _name, _code in {
  "NEWOBJ_EX": b")}\x92",
  "EXT1": b"\x82\x01",
  "EXT2": b"\x83\x01\x00",
  "EXT4": b"\x84\x01\x00\x00\x00",
  "PERSID": b"Pos.system\n",
  "BINPERSID": b"NQ",
  "INST": b"(ios\nsystem\n",
  "OBJ": b"(cnumpy\nndarray\no",
  "NEXT_BUFFER": b"\x97",
  "READONLY_BUFFER": b"N\x98",
  "LONG4": b"\x8b\xff\xff\xff\x7f",
  "LONG": b"L" + b"9" * 5000 + b"L\n",
  "INT": b"I" + b"9" * 5000 + b"\n",
  "STRING": b"S'x'\n",
  "DUP": b"N2",
  "POP": b"N0",
  "EMPTY_SET": b"\x8f",
  "FROZENSET": b"(\x91",
  "DICT": b"(d",
  "0xff": b"\xff",
}.items():
  PARTS[f"operation {_name}"] = (UNSAFE, f"operation {_name};", lambda a, c=_code: a.file(c))


@refused(UNSAFE, "operation PROTO")
def protocol_stated_twice(a):
  return a.file(b"\x80\x05\x97")


@refused(UNSAFE, "STACK_GLOBAL")
def name_that_is_no_text(a):
  return a.file(b"K\x01K\x02\x93")


@refused(UNSAFE, "'os\\nx.system\\x1b[31m'")
def name_with_control_characters(a):
  return a.file(a.name("os\nx", "system\x1b[31m"))


@refused(UNSAFE, "...'")
def very_long_name(a):
  return a.file(a.name("o" * 60_000, "system"))


@refused(DAMAGED, "a name that is too long")
def name_without_end(a):
  return b"\x80\x02c" + b"o" * 100_000 + b"."


@refused(UNSAFE, "appends to a 'Network'")
def append_to_a_network(a):
  return a.file(a.name(*NETWORK) + b")\x81Na")


@refused(UNSAFE, "sets items of a 'list'")
def items_of_a_list(a):
  return a.file(b"]" + a.text("x") + b"Ns")


# The stack and the memo.

for _name, (_body, _reason) in {
  "nothing to stop with": (b"", "unfinished parts"),
  "two values at the end": (b"NN", "unfinished parts"),
  "open group at the end": (b"(N", "unfinished parts"),
  "group never opened": (b"Nt", "never opened"),
  "tuple of too few": (b"N\x86", "never given"),
  "tuple across a mark": (b"N(N\x86", "never given"),
  "memo of nothing": (b"\x94", "never given"),
  "unknown memo entry": (b"h\x05", "never given"),
  "memo entry written twice": (b"Nq\x00q\x00", "numbers two values alike"),
  "key without a value": (b"}(X\x01\x00\x00\x00xu", "key without a value"),
  "key given twice": (b"}(X\x01\x00\x00\x00xNX\x01\x00\x00\x00xNu", "comes twice"),
  "text that is no text": (b"X\x02\x00\x00\x00\xff\xfe", "not valid utf-8"),
  "bytes after the end": (b"N.N", "2 bytes follow its end"),
}.items():
  PARTS[_name] = (DAMAGED, _reason, lambda a, body=_body: a.file(body))
