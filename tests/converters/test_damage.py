"""Random damage: whatever the bytes are, the reader succeeds or says why not, and runs nothing."""

import contextlib
import pickletools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privai_tf.converters.errors import DamagedFileError, NetworkFileError
from privai_tf.converters.restricted_pickle import read_network_pickle

_FUZZ = settings(
  max_examples=250,
  deadline=None,
  suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read(path, data, nothing_executed):
  """Reads the bytes; only our own refusals are allowed."""
  path.write_bytes(data)
  with nothing_executed(), contextlib.suppress(NetworkFileError):
    return read_network_pickle(path)
  return None


@pytest.mark.parametrize(
  "options", [{}, {"protocol": 3}, {"protocol": 2}, {"protocol": 2, "dialect": "python2"}]
)
def test_every_truncation_is_called_damage(options, assembler, tmp_path, nothing_executed):
  writer = assembler(mapping="EasyDict", **options)
  data = writer.file(writer.small())
  path = tmp_path / "network.pkl"
  for length in range(len(data)):
    path.write_bytes(data[:length])
    with nothing_executed(), pytest.raises(DamagedFileError) as caught:
      read_network_pickle(path)
    assert "download it again" in str(caught.value)


def test_truncation_within_frames_and_large_arrays(assembler, tmp_path):
  """The real pickler's frames; every 997th byte and every boundary between operations."""
  writer = assembler()
  variables = {"w": np.arange(30_000, dtype=np.float32), "v": np.ones(3, np.float32)}
  body = writer.network("G", "G_style", variables)
  frame = b"\x95" + (len(body) + 1).to_bytes(8, "little")
  data = writer.file(frame + body)
  path = tmp_path / "network.pkl"
  path.write_bytes(data)
  assert read_network_pickle(path)[0].variables["w"].sum() == variables["w"].sum()
  boundaries = {position for _, _, position in pickletools.genops(data)}
  for length in sorted(boundaries | set(range(0, len(data), 997))):
    path.write_bytes(data[:length])
    with pytest.raises(DamagedFileError):
      read_network_pickle(path)


@_FUZZ
@given(
  changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
  python2=st.booleans(),
)
def test_changed_bytes(changes, python2, assembler, tmp_path, nothing_executed):
  options = {"protocol": 2, "dialect": "python2"} if python2 else {}
  data = bytearray(assembler(**options).official())
  for position, value in changes:
    data[position % len(data)] = value
  read(tmp_path / "network.pkl", bytes(data), nothing_executed)


@_FUZZ
@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_flipped_bits(position, bit, assembler, tmp_path, nothing_executed):
  data = bytearray(assembler().official())
  data[position % len(data)] ^= 1 << bit
  read(tmp_path / "network.pkl", bytes(data), nothing_executed)


@_FUZZ
@given(data=st.data())
def test_cut_and_moved_parts(data, assembler, tmp_path, nothing_executed):
  original = assembler().official()
  positions = st.integers(2, len(original))
  start, end, place = (data.draw(positions) for _ in range(3))
  part = original[min(start, end) : max(start, end)]
  read(tmp_path / "network.pkl", original[:place] + part + original[place:], nothing_executed)


def _fragments(writer):
  array = writer.array(np.ones((2, 3), np.float32))
  return [
    *(bytes([code]) for code in b"(Nt\x85\x86\x87]ae}su\x94R\x81b)\x88\x89.0o\x92\x82\x01"),
    *(b"h" + bytes([slot]) for slot in range(4)),
    *(b"q" + bytes([slot]) for slot in range(3)),
    array,
    array[:-1],
    array[:-40],
    writer.dtype(),
    writer.dtype("O", "|"),
    writer.scalar(np.float32(1)),
    writer.small(),
    writer.small()[:-1],
    writer.name("dnnlib.tflib.network", "Network"),
    writer.name("dnnlib.util", "EasyDict"),
    writer.name("collections", "OrderedDict"),
    writer.name("numpy.core.multiarray", "_reconstruct"),
    writer.name("numpy.core.multiarray", "scalar"),
    writer.name("numpy", "ndarray"),
    writer.name("numpy", "dtype"),
    writer.name("_codecs", "encode"),
    writer.name("os", "system"),
    writer.text("latin1"),
    writer.text("static_kwargs"),
    writer.plain((0,)),
    writer.plain((3, "<", None, None, None, -1, -1, 0)),
    writer.data(b"b"),
    writer.number(-1),
    writer.number(1.5),
  ]


@_FUZZ
@given(data=st.data())
def test_random_operations(data, assembler, tmp_path, nothing_executed):
  writer = assembler()
  parts = data.draw(st.lists(st.sampled_from(_fragments(writer)), max_size=25))
  read(tmp_path / "network.pkl", writer.file(b"".join(parts)), nothing_executed)


@_FUZZ
@given(data=st.data())
def test_random_values_in_a_network_s_state(data, assembler, tmp_path, nothing_executed):
  writer = assembler()
  keys = ["version", "name", "static_kwargs", "components", "build_module_src", "build_func_name"]
  keys += ["variables", "lod"]
  entries = data.draw(
    st.dictionaries(st.sampled_from(keys), st.sampled_from(_fragments(writer)), max_size=3)
  )
  read(tmp_path / "network.pkl", writer.file(writer.small(entries=entries)), nothing_executed)


@_FUZZ
@given(
  noise=st.binary(max_size=300),
  start=st.sampled_from([b"", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80"]),
)
def test_noise(noise, start, tmp_path, nothing_executed):
  assert read(tmp_path / "network.pkl", start + noise, nothing_executed) is None
