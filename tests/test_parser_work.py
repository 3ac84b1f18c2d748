"""Twice the input, about twice the work: of every parser of what others send or hand over.

A square would take four times as long. Processor time, the least of a few: what others do on the machine
only adds to it; small times are all alike. (The multipart form: test_gateway_uploads.)
"""

import contextlib
import csv
import gc
import gzip
import io
import json
import time
import zipfile

import numpy as np
import pytest

from privai_tf.errors import PrivaiError
from privai_tf.jobs.crc32c import masked
from tests.converters.conftest import Assembler
from tests.converters.torch_writer import TorchWriter


def _frame(record: bytes) -> bytes:
  head = len(record).to_bytes(8, "little")
  return head + masked(head).to_bytes(4, "little") + record + masked(record).to_bytes(4, "little")


def _records(size: int, compress: bool) -> tuple[bytes, str]:
  data = _frame(b"\n\0") * size
  return (gzip.compress(data), "a.tfrecord.gz") if compress else (data, "a.tfrecord")


def _read_records(path):
  from privai_tf.jobs.frames import read_frames

  for _ in read_frames(path, path.name.endswith(".gz")):
    pass


def _members(size: int) -> bytes:
  buffer, array = io.BytesIO(), io.BytesIO()
  np.save(array, np.zeros(3))
  with zipfile.ZipFile(buffer, "w") as archive:
    for number in range(size):
      archive.writestr(f"{number}.npy", array.getvalue())
  return buffer.getvalue()


def _pickled(container: str, size: int) -> bytes:
  writer = TorchWriter(container)
  weight = np.zeros(2, np.float32)
  return writer.save(writer.dict({f"w{number}": writer.tensor(weight) for number in range(size)}))


def _network(size: int) -> bytes:
  writer = Assembler()
  variables = {f"v{number}": np.zeros(2, np.float32) for number in range(size)}
  return writer.file(writer.network("Gs", "G_style", variables))


def _xml(size: int) -> bytes:
  layer = (
    '<layer id="%d" name="c" type="Const" version="opset1"><data element_type="f32" shape="2, 3" '
    'offset="0" size="24"/><output><port id="0" precision="FP32"><dim>2</dim><dim>3</dim></port>'
    "</output></layer>"
  )
  layers = "".join(layer % number for number in range(size))
  return f'<?xml version="1.0"?><net name="a" version="11"><layers>{layers}</layers><edges/></net>'.encode()


def _read_xml(path):
  from privai_tf.converters.openvino_ir import read_ir

  weights = path.with_suffix(".bin")
  weights.write_bytes(bytes(24))
  read_ir(path, weights)


def _callers(size: int) -> bytes:
  entries = [{"name": f"c{n}", "sha256": f"{n:064x}", "epsilon": 1} for n in range(size)]
  return json.dumps({"callers": entries}).encode()


def _table(size: int) -> bytes:
  text = io.StringIO()
  csv.writer(text).writerows([["file", "smile"], *([f"{n}.png", 1] for n in range(size))])
  return text.getvalue().encode()


def _read_table(path):
  from privai_tf.toolkit.labelled_pictures import _read_table

  _read_table(path)


def _read_callers(path):
  from privai_tf.serving.gateway.tokens import read_callers

  read_callers(path)


def _read_torch(path):
  from privai_tf.converters.pytorch import read_torch_file

  read_torch_file(path)


def _read_pickle(path):
  from privai_tf.converters.restricted_pickle import read_network_file

  read_network_file(path)


def _read_latent(path):
  from privai_tf.serving.gateway.release_routes import _latent
  from privai_tf.serving.gateway.schemas import latent_model

  _latent(path.read_bytes(), latent_model((16,)))


def _read_accept(path):
  from privai_tf.serving.gateway.answers import chosen_type

  chosen_type(path.read_text())


def _outside(name: str):
  def read(path):
    from privai_tf.runtime import outside

    getattr(outside, name)(path)

  return read


def _tensors(size: int) -> bytes:
  from safetensors.numpy import save

  return save({f"t{number}": np.zeros(1, np.float32) for number in range(size)})


PARSERS = {
  "records": (lambda n: _records(n, False), 1500, _read_records),
  "compressed records": (lambda n: _records(n, True), 1500, _read_records),
  "npz": (lambda n: (_members(n), "a.npz"), 150, _outside("read_arrays")),
  "json": (lambda n: (b"[1.5," * n, "a.json"), 20_000, _outside("read_json")),
  "json text": (
    lambda n: (b'{"a":"' + b"\\u0061" * n + b'"}', "a.json"),
    500_000,
    _outside("read_json"),
  ),
  "npy header": (
    lambda n: (b"\x93NUMPY\2\0" + b"\xff\xff\0\0" + b"(" * n, "a.npy"),
    30_000,
    _outside("read_array"),
  ),
  "safetensors": (lambda n: (_tensors(n), "a.safetensors"), 4000, _outside("read_tensors")),
  "network pickle": (lambda n: (_network(n), "a.pkl"), 400, _read_pickle),
  "pytorch stream": (lambda n: (_pickled("stream", n), "a.pth"), 400, _read_torch),
  "pytorch zip": (lambda n: (_pickled("zip", n), "a.pth"), 400, _read_torch),
  "openvino": (lambda n: (_xml(n), "a.xml"), 800, _read_xml),
  "tokens": (lambda n: (_callers(n), "tokens.json"), 1000, _read_callers),
  "labels": (lambda n: (_table(n), "labels.csv"), 20_000, _read_table),
  "latent body": (
    lambda n: (b'{"latent":[' + b"0.5," * n + b"1]}", "a.json"),
    200_000,
    _read_latent,
  ),
  "accept": (lambda n: (b"image/png;q=0.1," * n, "accept"), 2000, _read_accept),
}


def _seconds(path, read) -> float:
  times = []
  for _ in range(3):
    gc.disable()  # Python's collector goes over all objects again and again.
    began = time.process_time()
    with contextlib.suppress(PrivaiError):
      read(path)
    times.append(time.process_time() - began)
    gc.enable()
  return min(times)


@pytest.mark.parametrize("parser", PARSERS)
def test_twice_the_input_takes_about_twice_the_time(parser, tmp_path):
  make, size, read = PARSERS[parser]
  paths = []
  for factor in (1, 2):
    data, name = make(factor * size)
    paths.append(tmp_path / f"{factor}" / name)
    paths[-1].parent.mkdir()
    paths[-1].write_bytes(data)
  measured = []
  for _ in range(3):  # A square fails every time, a busy machine does not.
    once, twice = (_seconds(path, read) for path in paths)
    measured.append((once, twice))
    if twice < 3 * once + 0.02:
      return
  raise AssertionError(measured)
