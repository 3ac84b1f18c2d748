"""Pictures in TFRecord files: `tf.train.Example` with `image/encoded` and `image/filename`."""

import contextlib
import json
import os
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping

from privai_tf.errors import InputError, OutputError
from privai_tf.jobs.frames import DamagedFrames, read_frames
from privai_tf.jobs.names import plain_name
from privai_tf.runtime import files
from privai_tf.runtime.files import shown

RECORD_FILE = re.compile(r"\.tfrecords?(-\d+-of-\d+)?(\.gz)?$")
_IMAGE, _FILENAME, _GUARANTEE = "image/encoded", "image/filename", "guarantee/json"


def read_records(path: pathlib.Path) -> Iterator[tuple[str, str, bytes | InputError]]:
  """Reads the pictures of a TFRecord file one by one.

  Args:
    path: the file; `.gz` means compressed as a whole.

  Yields:
    A name (the stem of `image/filename`, else the file's with the record's number), what messages
    call it, and the encoded picture, or what is wrong with this record. A file that is damaged ends
    with such an error.
  """
  stem = _name(RECORD_FILE.sub("", path.name) or path.name)
  number = 0
  try:
    for serialized in read_frames(path, compressed=path.name.endswith(".gz")):
      yield _picture(serialized, f"{stem}-{number:06d}", f"{shown(path)}, record {number}")
      number += 1
  except DamagedFrames as error:
    reason = "cannot be read" if number == 0 else f"is damaged after {number} records"
    damage = InputError(f"{shown(path)} {reason} ({error}); make it anew.")
    yield f"{stem}-{number:06d}", shown(path), damage
  except InputError as error:
    yield f"{stem}-{number:06d}", shown(path), error


def _name(path: str) -> str:
  return plain_name(path, shown(path))


def _first_line(error: Exception) -> str:
  return str(getattr(error, "message", error)).strip().split("\n")[0].split(" [[")[0]


def _picture(serialized: bytes, name: str, source: str) -> tuple[str, str, bytes | InputError]:
  import tensorflow as tf
  from google.protobuf.message import DecodeError

  try:
    features = tf.train.Example.FromString(serialized).features.feature
  except DecodeError:
    return name, source, InputError(f"{source} is no tf.train.Example; write it as one.")
  filename = features[_FILENAME].bytes_list.value
  if filename and filename[0]:
    name = _name(os.fsdecode(filename[0]))
    source = f"{source} ({shown(os.fsdecode(filename[0]))})"
  data = features[_IMAGE].bytes_list.value
  if len(data) != 1:
    return name, source, InputError(f"{source} has no {_IMAGE}; store the picture's file there.")
  return name, source, data[0]


def write_records(path: pathlib.Path, releases: Iterable[tuple[str, bytes, Mapping]]) -> None:
  """Writes privatized pictures to a TFRecord file, whole or not at all.

  Args:
    path: the file.
    releases: name, PNG and the JSON values of `NAME.json` of each.

  Raises:
    OutputError: if it cannot be written.
  """
  import tensorflow as tf

  with files.atomic_path(path) as temporary, _told(path):
    writer = tf.io.TFRecordWriter(str(temporary))
    for name, png, content in releases:
      feature = {
        _IMAGE: png,
        _FILENAME: f"{name}.png".encode(),
        "image/format": b"png",
        _GUARANTEE: json.dumps(content, ensure_ascii=False, allow_nan=False).encode(),
      }
      example = tf.train.Example(
        features=tf.train.Features(
          feature={
            key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
            for key, value in feature.items()
          }
        )
      )
      writer.write(example.SerializeToString())
    writer.close()


@contextlib.contextmanager
def _told(path: pathlib.Path) -> Iterator[None]:
  """TensorFlow's errors of a full or read-only disk, as ours."""
  import tensorflow as tf

  try:
    yield
  except tf.errors.OpError as error:
    raise OutputError(
      f"Cannot write {shown(path)}: {_first_line(error)}; free some space or choose another place."
    ) from error
