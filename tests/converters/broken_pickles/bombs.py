"""Bombs and cycles: small files that would unfold without end."""

import struct

import numpy as np

from tests.converters.broken_pickles.collection import DAMAGED, NETWORK, arguments, registering

PARTS = {}
refused = registering(PARTS)


def tuple_bomb(levels=40):
  """Each level holds the one below ten times: 10 ** 40 leaves in 1 kB."""
  return b")\x94" + b"".join(b"(" + bytes([104, level]) * 10 + b"t\x94" for level in range(levels))


@refused(DAMAGED, "too deeply or too large")
def billion_laughs_in_keyword_arguments(a):
  return arguments(a, a.tuple(tuple_bomb()))


@refused(DAMAGED, "key that is no text")
def bomb_as_dictionary_key(a):
  return a.file(a.tuple(tuple_bomb(), b"}h\x28Ns"))


@refused(DAMAGED, "too deeply or too large")
def a_hundred_thousand_nested_tuples(a):
  return arguments(a, b")" + b"\x85" * 100_000)


@refused(DAMAGED, "too deeply or too large")
def a_hundred_thousand_nested_lists(a):
  return arguments(a, b"]" * 100_000 + b"a" * 99_999)


@refused(DAMAGED, "too deeply or too large")
def list_that_contains_itself(a):
  return arguments(a, b"]\x94h\x00a")


@refused(DAMAGED, "too deeply or too large")
def dictionary_that_contains_itself(a):
  return arguments(a, b"}\x94" + a.text("x") + b"h\x00s")


@refused(DAMAGED, "contains itself")
def network_that_contains_itself(a):
  state = a.state("G", "G_style", {}, components={"mapping": b"h\x00"})
  return a.file(a.name(*NETWORK) + b")\x81\x94" + a.dict(state) + b"b")


@refused(DAMAGED, "networks are too many, or nested too deeply")
def networks_in_networks(a):
  inner = a.small("G")
  for _ in range(50):
    inner = a.small("G", components={"mapping": inner})
  return a.file(inner)


@refused(DAMAGED, "the variable 'G/w' is not an array")
def variable_that_contains_itself(a):
  pair = a.tuple(a.text("w"), b"]\x94h\x00a")
  return a.file(a.small("G", entries={"variables": a.list(pair)}))


@refused(DAMAGED, "too many variables")
def thousands_of_networks_that_share_one_state(a):
  """Reading each would take minutes: 10,000 networks of 10,000 variables in 300 kB."""
  pairs = [a.tuple(a.text("v"), a.scalar(np.float32(1)) + b"q\x05")]
  pairs += [a.tuple(a.text(f"v{i}"), b"h\x05") for i in range(10_000)]
  state = a.dict(a.state("x", "G_mapping", {}, entries={"variables": a.list(*pairs)}))
  components = {"first": a.name(*NETWORK) + b"q\x02)\x81" + state + b"q\x01b"}
  components |= {f"n{i}": b"h\x02)\x81h\x01b" for i in range(10_000)}
  return a.file(a.small("G", components=components))


@refused(DAMAGED, "networks are too many")
def thousands_of_networks(a):
  empty = a.small("x")
  return a.file(a.small("G", components={f"n{i}": empty for i in range(100)}))


@refused(DAMAGED, "too many variables")
def thousands_of_variables(a):
  pairs = b"".join(a.tuple(a.text(f"v{i}"), b"N") for i in range(30_000))
  return a.file(a.small(entries={"variables": a.list(pairs)}))


@refused(DAMAGED, "build_module_src of the network 'G' is not text, or too long")
def source_text_of_megabytes(a):
  source = b"X" + struct.pack("<I", 5_000_000) + b"x" * 5_000_000
  return a.file(a.small("G", entries={"build_module_src": source}))
