"""A seeded generator of odd files: of every format that is read, damaged in every way that is cheap.

    for case in cases(300, seed=0): case.write(folder); READERS[case.format](folder)

Nothing here crashes or hangs outside software: sound files of a few kilobytes, changed in places.
"""

import contextlib
import dataclasses
import functools
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from privai_tf.jobs.crc32c import masked
from tests.converters.conftest import Assembler
from tests.converters.torch_writer import TorchWriter

_PIXELS = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
_NESTED = "[" * 50_000


@dataclasses.dataclass(frozen=True)
class Case:
  """One odd file, and those that lie beside it.

  Attributes:
    format: key of `FORMATS` and of the readers.
    change: what was done to it.
    files: content by name; None: a named pipe.
  """

  format: str
  change: str
  files: dict[str, bytes | None]

  def write(self, folder: pathlib.Path) -> None:
    """Writes the files into an empty folder."""
    for name, content in self.files.items():
      if content is None:
        os.mkfifo(folder / name)
      else:
        (folder / name).write_bytes(content)


def _saved(save: Callable[..., Any], *arguments: Any, **options: Any) -> bytes:
  buffer = io.BytesIO()
  save(buffer, *arguments, **options)
  return buffer.getvalue()


def _picture(kind: str) -> dict[str, bytes]:
  return {"a.picture": _saved(Image.fromarray(_PIXELS).save, format=kind)}


def _json(value: Any) -> bytes:
  return json.dumps(value).encode()


def _tensors(values: dict[str, np.ndarray]) -> bytes:
  from safetensors.numpy import save

  return save(values)


def _checkpoint() -> dict[str, bytes]:
  from privai_tf.generators.config import StyleGANConfig
  from privai_tf.generators.families import create_generator

  widths = {"latent_size": 4, "dlatent_size": 4, "mapping_fmaps": 4, "mapping_layers": 2}
  config = StyleGANConfig(resolution=8, fmap_base=16, fmap_max=4, **widths)
  data = _tensors(create_generator(config).weights())
  content = {
    "format": "privai_tf network",
    "format_version": 1,
    "network": config.to_json(),
    "weights_sha256": hashlib.sha256(data).hexdigest(),
    "provenance": {"licence": "ours"},
  }
  return {"config.json": _json(content), "weights.safetensors": data}


def _encoder() -> dict[str, bytes]:
  from privai_tf.inversion.encoder_network import EncoderConfig, build_network, read_weights

  config = EncoderConfig(8, 3, "W", (4,), width=2, most=2, hidden=2)
  data = _tensors(read_weights(build_network(config)))
  content = {
    "format": "privai_tf encoder",
    "format_version": 1,
    "network": config.to_json(),
    "generator_fingerprint": "0" * 64,
    "weights_sha256": hashlib.sha256(data).hexdigest(),
  }
  return {"config.json": _json(content), "weights.safetensors": data}


def _classifier() -> dict[str, bytes]:
  kernels = {"conv0": (3, 3, 3, 4), "logits": (64, 1)}
  weights = {f"{name}/kernel": np.ones(shape, np.float32) for name, shape in kernels.items()}
  weights |= {f"{name}/bias": np.ones(shape[-1], np.float32) for name, shape in kernels.items()}
  data = _tensors(weights)
  content = {
    "format": "privai_tf attribute classifier",
    "weights_sha256": hashlib.sha256(data).hexdigest(),
    "attributes": ["smile"],
    "resolution": 8,
    "channels": [4],
  }
  return {"classifier.json": _json(content), "weights.safetensors": data}


def _boundary() -> dict[str, bytes]:
  provenance = {"checkpoint": "a", "accuracy": 0.9}
  companion = {"latent_space": "W", "name": "smile", "intercept": 0.5, "provenance": provenance}
  return {
    "smile_w_boundary.npy": _saved(np.save, np.arange(1.0, 17.0)),
    "smile_w_boundary.json": _json(companion),
  }


def _subspace() -> dict[str, bytes]:
  values = np.eye(2, 6)
  companion = {
    "name": "smile",
    "latent_space": "W",
    "method": "probes",
    "probe_accuracy": [0.9, 0.8],
    "provenance": {},
  }
  return {
    "s.npz": _saved(np.savez_compressed, basis=values, readers=values, center=np.zeros(6)),
    "s.json": _json(companion),
  }


def _frames() -> bytes:
  import tensorflow as tf

  feature = {
    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    for name, value in (
      ("image/encoded", _picture("PNG")["a.picture"]),
      ("image/filename", b"a.png"),
    )
  }
  record = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
  head = len(record).to_bytes(8, "little")
  return head + masked(head).to_bytes(4, "little") + record + masked(record).to_bytes(4, "little")


def _torch(container: str) -> bytes:
  writer = TorchWriter(container)
  weight = np.arange(6, dtype=np.float32).reshape(2, 3).T
  options = writer.plain({"a": [1, 2.5, None], "b": (True, "text")})
  return writer.save(writer.dict({"w": writer.state_dict({"x": weight}), "opts": options}))


def _openvino() -> dict[str, bytes]:
  layer = (
    '<?xml version="1.0"?><net name="a" version="11"><layers><layer id="0" name="c" type="Const" '
    'version="opset1"><data element_type="f32" shape="2, 3" offset="0" size="24"/><output>'
    '<port id="0" precision="FP32"><dim>2</dim><dim>3</dim></port></output></layer></layers>'
    "<edges/></net>"
  )
  return {"a.xml": layer.encode(), "a.bin": np.ones((2, 3), np.float32).tobytes()}


def _tokens() -> dict[str, bytes]:
  caller = {"name": "ada", "sha256": "0" * 64, "epsilon": 1, "composition": "basic"}
  return {"tokens.json": _json({"callers": [caller]})}


def _form() -> bytes:
  head = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
  return head + _picture("PNG")["a.picture"] + b"\r\n--B--\r\n"


# Of each format: the files of a sound one; the first is the one that is changed most.
FORMATS: dict[str, Callable[[], dict[str, bytes]]] = {
  **{
    kind: (lambda kind=kind: _picture(kind))
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM")
  },
  "upload": lambda: {"a.picture": _picture("PNG")["a.picture"]},
  "form": lambda: {"a.form": _form()},
  "latent body": lambda: {"a.json": _json({"latent": [0.5] * 16})},
  "latents": lambda: {"codes.npy": _saved(np.save, np.ones((3, 16), np.float32))},
  "array": lambda: {"codes.npy": _saved(np.save, np.ones((3, 16), np.float32))},
  "boundary": _boundary,
  "subspace": _subspace,
  "checkpoint": _checkpoint,
  "encoder": _encoder,
  "classifier": _classifier,
  "records": lambda: {"a.tfrecord": _frames() * 2},
  "compressed records": lambda: {"a.tfrecord.gz": gzip.compress(_frames() * 2)},
  "list": lambda: {"list.txt": b"a.png\nb.png\n"},
  "labels": lambda: {"labels.csv": b"file,smile\na.png,1\nb.png,0\n", "a.png": b"a", "b.png": b"b"},
  "pickle": lambda: {"a.pkl": Assembler().file(Assembler().small())},
  "stream": lambda: {"a.pth": _torch("stream")},
  "zip": lambda: {"a.pth": _torch("zip")},
  "openvino": _openvino,
  "tokens": _tokens,
}


@functools.cache
def _sound() -> dict[str, dict[str, bytes]]:
  return {name: make() for name, make in FORMATS.items()}


def cases(count: int, seed: int) -> Iterator[Case]:
  """So many cases, all formats in turn; the same ones for the same seed."""
  sound = _sound()
  names = list(FORMATS)
  for number in range(count):
    choice = random.Random(f"{seed}-{number}")
    name = names[number % len(names)]
    files: dict[str, bytes | None] = dict(sound[name])
    target = choice.choice([*files, next(iter(files))])
    change = choice.choice(_CHANGES + _JSON_CHANGES * 2 * target.endswith(".json"))
    files[target] = change(choice, files[target])
    _signed(files)
    yield Case(name, f"{target}: {change.__name__.strip('_')}", files)


def _signed(files: dict[str, bytes | None]) -> None:
  """The digest of changed weights is put right: damage behind it is to be met too."""
  for name in ("config.json", "classifier.json"):
    content, data = files.get(name), files.get("weights.safetensors")
    if content and data is not None:
      with contextlib.suppress(ValueError, TypeError, RecursionError):
        values = json.loads(content)
        values["weights_sha256"] = hashlib.sha256(data).hexdigest()
        files[name] = json.dumps(values).encode()


def _bits(choice: random.Random, data: bytes) -> bytes:
  changed = bytearray(data)
  for _ in range(choice.choice([1, 2, 8])):
    changed[choice.randrange(len(changed))] ^= 1 << choice.randrange(8)
  return bytes(changed)


def _cut(choice: random.Random, data: bytes) -> bytes:
  return data[: choice.randrange(len(data))]


def _dropped(choice: random.Random, data: bytes) -> bytes:
  start = choice.randrange(len(data))
  return data[:start] + data[start + choice.choice([1, 4, 64]) :]


def _inserted(choice: random.Random, data: bytes) -> bytes:
  start = choice.randrange(len(data))
  return data[:start] + choice.choice([b"\0", b"\xff" * 8, choice.randbytes(16)]) + data[start:]


def _number(choice: random.Random, data: bytes) -> bytes:
  """A length or an offset that is far too large, negative or 0."""
  start = choice.randrange(max(1, len(data) - 8))
  value = choice.choice([b"\xff" * 8, b"\xff" * 4, b"\x7f" + b"\xff" * 3, bytes(8), b"\0\0\0\x40"])
  return data[:start] + value + data[start + len(value) :]


def _repeated(choice: random.Random, data: bytes) -> bytes:
  start, stop = sorted(choice.randrange(len(data) + 1) for _ in range(2))
  return data[:stop] + data[start:stop] * choice.choice([1, 20]) + data[stop:]


def _empty(choice: random.Random, data: bytes) -> bytes:
  return b""


def _beginning(choice: random.Random, data: bytes) -> bytes:
  """What tells the format, and nothing of it."""
  return data[:16] + bytes(choice.choice([0, 1, 1000]))


def _of_another(choice: random.Random, data: bytes) -> bytes:
  """The content of another format under this name."""
  return next(iter(_sound()[choice.choice(list(FORMATS))].values()))


def _pipe(choice: random.Random, data: bytes) -> None:
  return None


_CHANGES = [
  _bits,
  _cut,
  _dropped,
  _inserted,
  _number,
  _repeated,
  _empty,
  _beginning,
  _of_another,
  _pipe,
]


def _nested(choice: random.Random, data: bytes) -> bytes:
  return (choice.choice(['{"a":', "["]) * 50_000).encode()


def _odd_value(choice: random.Random, data: bytes) -> bytes:
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


def _missing(choice: random.Random, data: bytes) -> bytes:
  root = json.loads(data)
  del root[choice.choice(list(root))]
  return json.dumps(root).encode()


def _scalar(choice: random.Random, data: bytes) -> bytes:
  return choice.choice([b"null", b"1", b"[]", b'"text"', b"NaN", b"9" * 5000, b"\xef\xbb\xbf{}"])


_JSON_CHANGES = [_nested, _odd_value, _missing, _scalar]
