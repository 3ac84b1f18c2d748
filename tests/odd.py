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
from tests import odd_changes as changes
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
    change = choice.choice(_CHANGES + changes.JSON_CHANGES * 2 * target.endswith(".json"))
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


def _of_another(choice: random.Random, data: bytes) -> bytes:
  """The content of another format under this name."""
  return next(iter(_sound()[choice.choice(list(FORMATS))].values()))


_CHANGES = [
  changes.bits,
  changes.cut,
  changes.dropped,
  changes.inserted,
  changes.number,
  changes.repeated,
  changes.empty,
  changes.beginning,
  _of_another,
  changes.pipe,
]
