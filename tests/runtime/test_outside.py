"""The door for files of others: regular, bounded, read whole or mapped; damage is one line."""

import contextlib
import io
import json
import os
import threading
import zipfile
import zlib

import numpy as np
import pytest

from privai_tf.errors import CheckpointError, InputError
from privai_tf.runtime import outside


def _refused(function, *arguments, **options) -> str:
  with pytest.raises(InputError) as caught:
    function(*arguments, **options)
  message = str(caught.value)
  assert "\n" not in message
  assert len(message) < 600
  return message


READERS = (
  outside.read_bytes,
  outside.read_text,
  outside.read_json,
  outside.read_array,
  outside.read_arrays,
  outside.read_tensors,
)


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_regular_file_is_refused_at_once(read, tmp_path):
  """A named pipe would be waited for, a device would never end."""
  pipe = tmp_path / "pipe"
  os.mkfifo(pipe)
  places = [pipe, tmp_path, tmp_path / "absent", "/dev/zero", tmp_path / ("x" * 300), "a\0b"]
  messages = []
  thread = threading.Thread(
    target=lambda: messages.extend(_refused(read, place) for place in places), daemon=True
  )
  thread.start()
  thread.join(120)
  assert len(messages) == len(places)
  assert "not a file" in messages[0]


def test_the_error_is_the_one_that_was_asked_for(tmp_path):
  with pytest.raises(CheckpointError, match="come back"):
    outside.read_json(tmp_path / "absent", CheckpointError, "come back")


def test_what_is_too_long_is_not_read(tmp_path):
  path = tmp_path / "long"
  with open(path, "wb") as file:
    file.truncate(1 << 40)
  for read in READERS[:3]:
    assert "more than any such file" in _refused(read, path, most=1 << 20)


@pytest.mark.parametrize(
  "content",
  [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"9" * 5000,
    b'"\\ud800"x',
    b"nul",
  ],
)
def test_json_that_is_none(content, tmp_path):
  path = tmp_path / "a.json"
  path.write_bytes(content)
  assert "not JSON" in _refused(outside.read_json, path)


def _array(header: bytes, data: bytes = bytes(64), version: int = 1) -> bytes:
  length = len(header).to_bytes(2 if version == 1 else 4, "little")
  return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


HEADERS = [
  b"{'descr': '<f8', 'fortran_order': False, 'shape': (8,), }"[:30],
  b"{'descr': '<f8', 'fortran_order': False, 'shape': (10**18,), }",
  b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000000,), }",
  b"{'descr': '<f8', 'fortran_order': False, 'shape': (-8,), }",
  b"{'descr': '<f8', 'fortran_order': 2, 'shape': 8, }",
  b"{'descr': '<Z8', 'fortran_order': False, 'shape': (8,), }",
  b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (8,), }",
  b"{'descr': '|O', 'fortran_order': False, 'shape': (8,), }",
  b"{'descr': (),'fortran_order': False, 'shape': (8,), }",
  b"{'a': " + b"(" * 3000 + b"}",
  b"'''" + b"x" * 50,
  b"{" + b"\\\n" * 50,
  b"\xff\xfe" * 20,
  b"x" * 60_000,
]


@pytest.mark.parametrize("version", [1, 2, 3, 9])
@pytest.mark.parametrize("header", HEADERS)
def test_numpy_headers(header, version, tmp_path):
  path = tmp_path / "a.npy"
  path.write_bytes(_array(header, version=version))
  _refused(outside.read_array, path)


def test_a_sound_array_is_mapped(tmp_path):
  path = tmp_path / "a.npy"
  np.save(path, np.arange(6.0).reshape(2, 3))
  assert isinstance(outside.read_array(path), np.memmap)
  np.testing.assert_array_equal(outside.read_array(path)[1], [3, 4, 5])


def _zip(compression=zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
  buffer = io.BytesIO()
  with zipfile.ZipFile(buffer, "w", compression) as archive:
    for name, data in members.items():
      archive.writestr(f"{name}.npy", data)
  return buffer.getvalue()


def test_an_archive_that_unpacks_to_gigabytes_is_refused_unread(tmp_path):
  path = tmp_path / "a.npz"
  header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (3000000,), }"
  path.write_bytes(_zip(a=_array(header, bytes(3_000_000))))
  assert len(path.read_bytes()) < 10_000
  assert "unpacks to" in _refused(outside.read_arrays, path, most=1_000_000)
  assert outside.read_arrays(path)["a"].shape == (3_000_000,)


def test_archives_that_lie_about_their_members(tmp_path):
  path = tmp_path / "a.npz"
  buffer = io.BytesIO()
  np.save(buffer, np.arange(1000.0))
  whole = _zip(a=buffer.getvalue())
  central = whole.rindex(b"PK\x01\x02")
  # Method, sizes, checksum, flags (encrypted), name's length.
  for place in (*range(central + 6, central + 30), central + 42):
    data = bytearray(whole)
    data[place] ^= 0x55
    path.write_bytes(data)
    with contextlib.suppress(InputError):
      np.testing.assert_array_equal(outside.read_arrays(path, ("a",))["a"], np.arange(1000.0))


def _tensors(description: dict, data: bytes = bytes(64)) -> bytes:
  text = json.dumps(description).encode()
  return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2", "F4", "C64", "X", 7])
def test_tensors_of_types_that_numpy_lacks(dtype, tmp_path):
  path = tmp_path / "a.safetensors"
  path.write_bytes(
    _tensors({"a": {"dtype": dtype, "shape": [2], "data_offsets": [0, 4]}}, bytes(4))
  )
  with contextlib.suppress(InputError):
    outside.read_tensors(path)


def test_a_header_longer_than_the_file(tmp_path):
  path = tmp_path / "a.safetensors"
  path.write_bytes((1 << 60).to_bytes(8, "little") + b"{}")
  assert "damaged" in _refused(outside.read_tensors, path)


def test_our_own_errors_pass_and_defects_too():
  with pytest.raises(InputError, match="ours"), outside.damage_as(CheckpointError("damaged")):
    raise InputError("ours")
  with (
    pytest.raises(CheckpointError, match="damaged"),
    outside.damage_as(CheckpointError("damaged")),
  ):
    raise zlib.error
  with pytest.raises(KeyboardInterrupt), outside.damage_as(CheckpointError("damaged")):
    raise KeyboardInterrupt


def test_words_of_libraries_are_one_short_line():
  assert outside.reason_of(ValueError("a\nb\x1b[31m" + "c" * 1000)).startswith("a b?[31mccc")
  assert len(outside.reason_of(ValueError("c" * 1000))) == 160
