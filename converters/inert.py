"""Inert stand-ins for the objects that official network files name: they hold values and do nothing."""

import dataclasses

import numpy as np

from privai_tf.converters.text import utf8_to_latin1


@dataclasses.dataclass(frozen=True, slots=True)
class Global:
  """A name that the file mentions; nothing is imported."""

  module: str
  name: str

  @property
  def key(self) -> tuple[str, str]:
    return (self.module, self.name)

  def __str__(self) -> str:
    return f"{self.module}.{self.name}"


class Mapping(dict):
  """Stands for `EasyDict` and `OrderedDict`."""


@dataclasses.dataclass(slots=True, eq=False)
class Text:
  """A text too long to be a name, not decoded (array bytes in old protocols, source text)."""

  data: bytes
  encoding: str

  def latin1(self) -> bytes:
    """The bytes that the text stands for."""
    return self.data if self.encoding == "latin-1" else utf8_to_latin1(self.data)


@dataclasses.dataclass(slots=True, eq=False)
class Network:
  """A network before its state was checked."""

  class_name: str
  state: dict | None = None


@dataclasses.dataclass(slots=True, eq=False)
class Dtype:
  """A numeric type; `order` is "<" or ">"."""

  code: str
  order: str = "<"
  built: bool = False

  @property
  def numpy(self) -> np.dtype:
    return np.dtype(self.order + self.code)


@dataclasses.dataclass(slots=True, eq=False)
class Array:
  """An array before and after its contents came."""

  value: np.ndarray | None = None
