"""What is published beside every release: its promise, and what it was drawn with."""

import dataclasses
import functools
import importlib.metadata
import pathlib
from collections.abc import Mapping
from typing import Any

from privai_tf.artifacts import Guarantee

_PACKAGES = ("privai-tf", "tensorflow", "keras", "tensorflow-probability", "dp-accounting", "numpy")


def versions() -> dict[str, str]:
  """The packages that decide what comes out, with their versions."""
  return dict(_versions())


@functools.cache
def _versions() -> dict[str, str]:
  found = {}
  for name in _PACKAGES:
    try:
      found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      found[name] = "not installed"
  return found


def promised(
  guarantee: Guarantee, bound: float | None, checkpoint: Mapping, precision: str = "float32"
) -> dict:
  """What a release's JSON says besides its file's name.

  Args:
    guarantee: the promise.
    bound: the attacker bound in [0.5, 1], None where there is none.
    checkpoint: see `checkpoint_facts`.
    precision: in which it was drawn, "float32" or "bfloat16".
  """
  return {
    "guarantee": dataclasses.asdict(guarantee),
    "attacker_bound": bound,
    "checkpoint": dict(checkpoint),
    "precision": precision,
    "versions": versions(),
  }


def checkpoint_facts(checkpoint: str, generator: Any) -> dict[str, Any]:
  """What is published of a checkpoint; of a path only the name.

  Args:
    checkpoint: a name or a path.
    generator: what was loaded from it.
  """
  return {
    "name": pathlib.Path(checkpoint).name,
    "family": generator.family,
    "resolution": generator.resolution,
    "sha256": generator.fingerprint,
  }
