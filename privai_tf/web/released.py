"""A release on its way to its owner: the picture, and what it promises, as the main job writes them."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from privai_tf.jobs.release_facts import promised
from privai_tf.privacy.prepared import PreparedRelease
from privai_tf.runtime.files import write_bytes, write_json
from privai_tf.runtime.pictures import png

_NAME = "privatized"


@dataclasses.dataclass(frozen=True, eq=False)
class Released:
  """A release on its way to its owner.

  Attributes:
    pixels: uint8 [R, R, 3].
    picture, record: files of the picture and of what it promises.
  """

  pixels: np.ndarray
  picture: Path
  record: Path


def write(
  folder: Path,
  pixels: np.ndarray,
  prepared: PreparedRelease,
  checkpoint: Mapping,
  precision: str,
) -> Released:
  """Writes both files; they may be published.

  Args:
    folder: the session's.
    pixels: uint8 [R, R, 3].
    prepared: what was released.
    checkpoint: see `release_facts.checkpoint_facts`.
    precision: in which it was drawn.
  """
  picture, record = (folder / f"{_NAME}.{kind}" for kind in ("png", "json"))
  promise = promised(prepared.guarantee, prepared.attacker_bound, checkpoint, precision)
  write_bytes(picture, png(pixels), private=True)
  write_json(record, {"output": picture.name, **promise}, private=True)
  return Released(pixels, picture, record)
