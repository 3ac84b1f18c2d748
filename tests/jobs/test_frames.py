"""TFRecord files are checked before TensorFlow's or protobuf's native code sees them."""

import gzip
import os
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.errors import InputError
from privai_tf.jobs.crc32c import crc32c, masked
from privai_tf.jobs.frames import DamagedFrames, read_frames
from privai_tf.jobs.records import read_records


def frame(data: bytes, length: int | None = None) -> bytes:
  """A record in its frame; `length`: another one than its own, with the checksum of that."""
  head = struct.pack("<Q", len(data) if length is None else length)
  return head + struct.pack("<I", masked(head)) + data + struct.pack("<I", masked(data))


def test_the_published_checksums():
  """RFC 3720, B.4."""
  assert crc32c(b"") == 0
  assert crc32c(bytes(32)) == 0x8A9136AA
  assert crc32c(b"\xff" * 32) == 0x62A8AB43
  assert crc32c(bytes(range(32))) == 0x46DD794E
  assert crc32c(b"123456789") == 0xE3069283


def _bit_by_bit(data: bytes) -> int:
  state = 0xFFFFFFFF
  for byte in data:
    state ^= byte
    for _ in range(8):
      state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
  return state ^ 0xFFFFFFFF


@pytest.mark.parametrize("length", [1, 4095, 4096, 4097, 8191, 8192, 20_001])
def test_lanes_make_no_difference(length):
  data = np.random.default_rng(length).bytes(length)
  assert crc32c(data) == _bit_by_bit(data)


def _read(path, compressed=False, **options) -> tuple[list[bytes], str]:
  """The sound records, and what is wrong after them."""
  records = []
  try:
    for data in read_frames(path, compressed, **options):
      records.append(data)
  except DamagedFrames as error:
    return records, str(error)
  return records, ""


@pytest.mark.parametrize("compressed", [False, True])
def test_what_tensorflow_writes_is_read(tmp_path, compressed):
  import tensorflow as tf

  path = tmp_path / "a.tfrecord"
  records = [b"", b"x", np.random.default_rng(0).bytes(100_000)]
  with tf.io.TFRecordWriter(str(path), "GZIP" if compressed else "") as writer:
    for record in records:
      writer.write(record)
  assert _read(path, compressed) == (records, "")


@pytest.mark.parametrize("length", [1 << 62, (1 << 64) - 1, 300 << 20, 5])
def test_a_length_is_not_believed(tmp_path, length):
  """TensorFlow's reader asks for as much memory as the length says, if its checksum is right."""
  path = tmp_path / "a.tfrecord"
  path.write_bytes(frame(b"abc") + frame(b"abc", length))
  records, wrong = _read(path)
  assert records == [b"abc"]
  assert wrong == "it breaks off" if length == 5 else "bytes, more than" in wrong


@given(place=st.integers(0, 49), bit=st.integers(0, 7), end=st.integers(0, 50))
@settings(max_examples=200)
def test_any_changed_bit_and_any_cut_is_noticed(tmp_path_factory, place, bit, end):
  path = tmp_path_factory.getbasetemp() / "changed.tfrecord"
  whole = frame(b"abcdefghi") * 2
  assert len(whole) == 50
  data = bytearray(whole)
  data[place] ^= 1 << bit
  path.write_bytes(data)
  records, wrong = _read(path)
  assert wrong
  assert records == [b"abcdefghi"] * (place // 25)
  path.write_bytes(whole[:end])
  records, wrong = _read(path)
  assert records == [b"abcdefghi"] * (end // 25)
  assert bool(wrong) == (end not in (0, 25, 50))


def test_a_compressed_file_grows_no_further_than_one_record_may(tmp_path):
  path = tmp_path / "a.tfrecord.gz"
  path.write_bytes(gzip.compress(frame(bytes(1000)) + frame(bytes(3_000_000))))
  records, wrong = _read(path, compressed=True, most=1_000_000)
  assert len(records) == 1
  assert "a record of 3,000,000 bytes, more than 1,000,000" in wrong


@pytest.mark.parametrize("cut", [0, 3, 15, 30, -1, -4, -8])
def test_compressed_files_that_break_off_or_are_none(tmp_path, cut):
  path = tmp_path / "a.tfrecord.gz"
  whole = gzip.compress(frame(np.random.default_rng(0).bytes(500)))
  path.write_bytes(whole[:cut])
  records, wrong = _read(path, compressed=True)
  assert bool(wrong) == (cut != 0)
  assert len(records) <= 1
  path.write_bytes(b"no gzip at all" + whole)
  assert _read(path, compressed=True)[1]


def test_each_fault_is_one_line_with_the_file(tmp_path):
  path = tmp_path / "a.tfrecord"
  path.write_bytes(frame(b"\xff\xff no example") + frame(b"", 1 << 50))
  (_, _, first), (name, source, second) = read_records(path)
  assert "is no tf.train.Example" in str(first)
  assert (name, source) == ("a-000001", str(path))
  assert "is damaged after 1 records (a record of 1,125,899,906,842,624 bytes" in str(second)


@pytest.mark.parametrize("name", ["pipe.tfrecord", "pipe.tfrecord.gz", "absent.tfrecord"])
def test_what_is_no_file_is_not_waited_for(tmp_path, name):
  if "pipe" in name:
    os.mkfifo(tmp_path / name)
  ((_, _, error),) = read_records(tmp_path / name)
  assert isinstance(error, InputError)
  assert "\n" not in str(error)


def test_the_work_is_in_proportion():
  """Columns gone through, which is what takes the time."""
  from privai_tf.jobs import crc32c as module

  steps = []
  table = module._table()

  class Counting:
    def __getitem__(self, index):
      steps.append(np.size(index))
      return table[index]

    def tolist(self):
      return table.tolist()

  module._table, keep = lambda: Counting(), module._table
  try:
    for size in (1 << 20, 1 << 21):
      steps.append(0)
      crc32c(bytes(size))
      steps[:] = [sum(steps)] if size == 1 << 20 else [steps[0], sum(steps[1:])]
  finally:
    module._table = keep
  assert steps[1] < 2.1 * steps[0]
