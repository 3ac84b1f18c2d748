"""The output folder of a command that makes many pictures and can be stopped and called again.

`run.json` says how the pictures were made. A second call with the same configuration goes on where
the first one stopped; one with another configuration is refused, so that a folder never holds
pictures of two kinds. It also says which space the codes beside it are from.
"""

import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

import privai_tf
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.evaluation.sheets import picture, save_png
from privai_tf.inversion.code_record import RECORD, read_record
from privai_tf.runtime import outside
from privai_tf.runtime.files import atomic_file, make_folder, shown, write_json


class RunFolder:
  """An output folder with its record.

  Attributes:
    path: the folder.
  """

  def __init__(
    self,
    path: str | os.PathLike,
    generator: Any,
    *,
    configuration: dict[str, Any],
    codes: dict[str, str],
    num: int,
  ):
    """Opens the folder, new or of an earlier call.

    Args:
      path: created if absent.
      generator: the `Generator` in use.
      configuration: what decides the pictures (JSON values), the number of codes left out.
      codes: the latent space of each file of codes that will be there.
      num: how many codes are drawn; an earlier call may have had fewer.

    Raises:
      ConfigurationError: if the folder holds something else.
      OutputError: if it cannot be written.
    """
    self.path = make_folder(path)
    record = {
      "configuration": configuration,
      "checkpoint": {
        "family": generator.family,
        "resolution": generator.resolution,
        "sha256": generator.fingerprint,
      },
      "codes": codes,
      "num": num,
      "versions": {"privai_tf": privai_tf.__version__},
    }
    # As it will be read: tuples become lists.
    record = json.loads(json.dumps(record))
    self._require_same(record)
    write_json(self.path / RECORD, record)

  def _require_same(self, record: dict[str, Any]) -> None:
    earlier = read_record(self.path)
    if earlier is None:
      strangers = sorted(p.name for p in self.path.glob("*") if p.suffix in (".png", ".npy"))
      if strangers:
        raise ConfigurationError(
          f"{shown(self.path)} holds {strangers[0]}, and no {RECORD} says where it is from; choose "
          "another --output_dir."
        )
      return
    different = [key for key in ("checkpoint", "codes") if earlier.get(key) != record[key]]
    # Before there was a choice all were drawn in float32.
    before = {"precision": "float32", **earlier.get("configuration", {})}
    now = {"precision": "float32", **record["configuration"]}
    different += [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if different:
      raise ConfigurationError(
        f"{shown(self.path)} was made with another {', '.join(different)}; choose another "
        "--output_dir, or delete the old one."
      )
    if earlier.get("num", 0) > record["num"]:
      raise ConfigurationError(
        f"{shown(self.path)} holds pictures of {earlier['num']} codes, more than the {record['num']} "
        "asked for; choose another --output_dir."
      )

  def has(self, name: str) -> bool:
    """Whether a file is there, and so whole."""
    return (self.path / name).is_file()

  def write_picture(self, name: str, pixels: np.ndarray) -> None:
    """Writes a PNG of pixels uint8 [H, W, C]."""
    save_png(self.path / name, picture(pixels))

  def read_picture(self, name: str) -> Image.Image:
    """Reads a finished PNG."""
    with Image.open(self.path / name) as image:
      image.load()
      return image

  def write_codes(self, name: str, shape: tuple[int, ...], parts: Iterable[np.ndarray]) -> None:
    """Writes float32 codes part by part, unless a file of that shape is there already."""
    if self._shape_of(name) == shape:
      return
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with atomic_file(self.path / name) as file:
      np.lib.format.write_array_header_1_0(file, header)
      for part in parts:
        file.write(np.ascontiguousarray(part, "<f4").tobytes())

  def _shape_of(self, name: str) -> tuple[int, ...] | None:
    if not self.has(name):
      return None
    try:
      return outside.read_array(self.path / name).shape
    except InputError:
      return None
