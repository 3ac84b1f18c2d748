"""Broken and hostile archives of `torch.save`; see `collection` of broken_pickles."""

import warnings

import numpy as np

from tests.converters.broken_pickles.collection import DAMAGED, registering

ARCHIVES = {}
archive = registering(ARCHIVES)


@archive(DAMAGED, "compressed or encrypted")
def compressed_bomb(w):
  w.stored["a"] = (1 << 22, bytes(1 << 24))
  body = w.dict({"t": w.raw_tensor(w.storage("a", 1 << 22), 0, (1 << 22,), (1,))})
  return w.archive(body, compress=True)


@archive(DAMAGED, "are missing")
def storage_without_entry(w):
  return w.archive(w.dict({"t": w.view(0, (4,), (1,))}), storages=[])


@archive(DAMAGED, "comes with 12 bytes")
def entry_of_another_size(w):
  body = w.dict({"t": w.view(0, (4,), (1,), count=4)})
  return w.archive(body, storages=[("shared", (3, bytes(12)))])


def _patched(data, old, new):
  """The archive with another size in its directory (the last place where it stands)."""
  place = data.rindex(b"PK\x01\x02", 0, data.rindex(b"archive/data/shared"))
  head = data[place : place + 46]
  assert old in head
  return data[:place] + head.replace(old, new) + data[place + 46 :]


@archive(DAMAGED, "wrong size")
def entry_larger_than_the_file(w):
  body = w.dict({"t": w.raw_tensor(w.storage("shared", 1 << 28), 0, (4,), (1,))})
  data = w.archive(body, storages=[("shared", (0, bytes(0x1234)))])
  size = (0x1234).to_bytes(4, "little")
  return _patched(data, size + size, (1 << 30).to_bytes(4, "little") * 2)


@archive(DAMAGED, "zip archive is broken")
def entry_of_a_wrong_checksum(w):
  body = w.dict({"t": w.view(0, (4,), (1,), count=4)})
  data = w.archive(body, storages=[("shared", (4, b"\x11" * 16))])
  return data.replace(b"\x11" * 16, b"\x11" * 15 + b"\x12")


@archive(DAMAGED, "the same name")
def two_entries_of_one_name(w):
  body = w.dict({"t": w.view(0, (4,), (1,))})
  with warnings.catch_warnings(action="ignore"):
    return w.archive(body, storages=[*w.stored.items(), ("shared", (12, b"\x01" * 48))])


@archive(DAMAGED, "not little-endian")
def archive_of_another_byte_order(w):
  return w.archive(b"}", extra=[("byteorder", b"big")])


@archive(DAMAGED, "compressed or encrypted")
def encrypted_entry(w):
  body = w.dict({"t": w.view(0, (4,), (1,))})
  data = bytearray(w.archive(body))
  data[data.rindex(b"PK\x01\x02", 0, data.rindex(b"archive/data/shared")) + 8] |= 1
  return bytes(data)


@archive(DAMAGED, "more entries")
def directory_of_forty_thousand_entries(w):
  return w.archive(b"}", extra=[(f"{i:040d}", b"") for i in range(45_000)])


@archive(DAMAGED, "larger than any network's")
def pickle_of_seventeen_megabytes(w):
  return w.archive(b"}" + w.data(bytes(17 << 20)) + b"0")


@archive(DAMAGED, "zip archive is broken")
def archive_without_directory(w):
  return w.archive(w.dict({"t": w.tensor(np.zeros(64, np.float32))}))[:300]
