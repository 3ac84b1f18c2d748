"""Reads official network files without executing anything in them.

The file is interpreted by `converters.opcodes`; what comes out is unchecked and perhaps cyclic, and
is turned here into `NetworkRecord`s, each entry checked and the walk bounded.
"""

import hashlib
import io
import os
import stat
from typing import Any

import numpy as np

from privai_tf.converters import identify, inert
from privai_tf.converters.errors import (
  DamagedFileError,
  NetworkFileError,
  UnsupportedFileError,
  quoted,
)
from privai_tf.converters.opcodes import Machine
from privai_tf.converters.records import PLACES, NetworkFile, NetworkRecord
from privai_tf.errors import InputError
from privai_tf.runtime.files import shown
from privai_tf.runtime.outside import open_at_once

MAX_FILE_BYTES = 1 << 30  # official files: up to 330 MB
_MAX_DEPTH = 8  # of networks in networks, and of containers in keyword arguments
_MAX_VALUES = 10_000  # keyword arguments of all networks together
# Networks can share their parts in the file: without these limits a small file could make much work.
_MAX_NETWORKS = 32  # official: 9
_MAX_VARIABLES = 20_000  # of all networks together; official: 500
_MAX_SOURCE_BYTES = 1 << 22  # official: 40,000
_REQUIRED = ("version", "name", "static_kwargs", "build_func_name", "variables")
_OPTIONAL = ("components", "build_module_src")
_OPTIONAL += ("input_shapes", "output_shapes", "input_names", "output_names")  # StyleGAN2-ADA


def read_network_pickle(path: str | os.PathLike) -> tuple[NetworkRecord, ...]:
  """Reads the networks of an official file.

  Args:
    path: the `.pkl` file.

  Returns:
    (G, D, Gs), or one record where the file holds a lone network.

  Raises:
    UnsafePickleError: the file asks for something that official files never ask for.
    DamagedFileError: it is truncated or contradicts itself.
    UnsupportedFileError: it is something else.
    InputError: it cannot be opened.
  """
  return read_network_file(path).networks


def read_network_file(path: str | os.PathLike) -> NetworkFile:
  """Reads an official file; see `read_network_pickle`.

  Returns:
    The networks with the SHA-256 and the size of the file.

  Raises:
    UnsafePickleError, DamagedFileError, UnsupportedFileError: see `read_network_pickle`.
    InputError: it cannot be read, or is no regular file.
  """
  try:
    with open(path, "rb", buffering=0, opener=open_at_once) as raw:
      status = os.fstat(raw.fileno())
      if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{shown(path)} is not a regular file; give the path of a network file.")
      return _read(raw, status.st_size)
  except OSError as error:
    reason = error.strerror or str(error)
    raise InputError(f"Cannot read {shown(path)}: {reason}; check the path.") from None
  except NetworkFileError as error:
    error.args = (f"{shown(path)}: {error}",)
    raise


def _read(raw: io.FileIO, size: int) -> NetworkFile:
  identify.refuse_other_formats(raw.read(identify.HEAD_BYTES), size)
  if size > MAX_FILE_BYTES:
    raise UnsupportedFileError(
      f"it has {size} bytes, more than any official network file", "check that it is the right file"
    )
  raw.seek(0)
  hashing = _HashingFile(raw)
  value = Machine(io.BufferedReader(hashing, 1 << 18), size).run()
  return NetworkFile(_Checker().networks(value), hashing.digest.hexdigest(), size)


class _HashingFile(io.RawIOBase):
  """Hashes exactly the bytes that are read, so that a file swapped meanwhile cannot lend its hash."""

  def __init__(self, raw: io.FileIO):
    super().__init__()
    self._raw = raw
    self.digest = hashlib.sha256()

  def readable(self) -> bool:
    return True

  def readinto(self, buffer: Any) -> int:
    count = self._raw.readinto(buffer)
    self.digest.update(memoryview(buffer)[:count])
    return count


class _Checker:
  """Turns unchecked values into records."""

  def __init__(self):
    self._records: dict[int, NetworkRecord | None] = {}  # by identity; None while in the making
    self._values_left = _MAX_VALUES
    self._variables_left = _MAX_VARIABLES

  def networks(self, value: Any) -> tuple[NetworkRecord, ...]:
    values = (value,) if isinstance(value, inert.Network) else value
    if (
      type(values) not in (tuple, list)
      or len(values) not in (1, 3)
      or not all(isinstance(v, inert.Network) for v in values)
    ):
      raise UnsupportedFileError(
        "it holds neither the networks (G, D, Gs) nor one network",
        "give an official ProgressiveGAN or StyleGAN network file",
      )
    return tuple(self._network(v, place, 0) for place, v in zip(PLACES, values, strict=False))

  def _network(self, network: inert.Network, place: str, depth: int) -> NetworkRecord:
    if id(network) in self._records:
      known = self._records[id(network)]
      if known is None:
        raise DamagedFileError(f"the network {quoted(place)} contains itself")
      return known
    if depth > _MAX_DEPTH or len(self._records) >= _MAX_NETWORKS:
      raise DamagedFileError("its networks are too many, or nested too deeply")
    self._records[id(network)] = None
    record = self._record(network, place, depth)
    self._records[id(network)] = record
    return record

  def _record(self, network: inert.Network, place: str, depth: int) -> NetworkRecord:
    state = network.state
    if state is None:
      raise DamagedFileError(f"the network {quoted(place)} has no contents")
    identify.refuse_other_generations(network.class_name, state)
    missing = [key for key in _REQUIRED if key not in state]
    unknown = [key for key in state if key not in _REQUIRED + _OPTIONAL]
    if missing or unknown:
      raise DamagedFileError(
        f"the network {quoted(place)} lacks {missing} and has {len(unknown)} unknown entries"
      )
    name, function = state["name"], state["build_func_name"]
    if type(name) is not str or type(function) is not str:
      raise DamagedFileError(
        f"the name or build_func_name of the network {quoted(place)} is not text"
      )
    source = _source_bytes(state.get("build_module_src", ""), place)
    return NetworkRecord(
      class_name=network.class_name,
      version=state["version"],
      name=name,
      static_kwargs=self._keyword_arguments(state["static_kwargs"], place),
      components=self._components(state.get("components", {}), place, depth),
      build_func_name=function,
      module_source_sha256=hashlib.sha256(source).hexdigest() if source else "",
      variables=self._variables(state["variables"], place),
      module_source_length=len(source),
    )

  def _components(self, components: Any, place: str, depth: int) -> dict[str, NetworkRecord]:
    if not isinstance(components, dict):
      raise DamagedFileError(f"the components of the network {quoted(place)} are not a dictionary")
    for role, component in components.items():
      if not isinstance(component, inert.Network):
        raise DamagedFileError(f"the component {quoted(f'{place}/{role}')} is not a network")
    return {
      role: self._network(component, f"{place}/{role}", depth + 1)
      for role, component in components.items()
    }

  def _keyword_arguments(self, values: Any, place: str) -> dict[str, Any]:
    if not isinstance(values, dict):
      raise DamagedFileError(
        f"the static_kwargs of the network {quoted(place)} are not a dictionary"
      )
    return {key: self._plain(value, f"{place}/{key}", 0) for key, value in values.items()}

  def _plain(self, value: Any, place: str, depth: int) -> Any:
    """A keyword argument's value as plain Python; the budget bounds nests of shared containers."""
    self._values_left -= 1
    if depth > _MAX_DEPTH or self._values_left < 0:
      raise DamagedFileError(
        f"the keyword argument {quoted(place)} is nested too deeply or too large"
      )
    if value is None or type(value) in (bool, int, float, str):
      return value
    if isinstance(value, np.generic):
      return value.item()
    if type(value) in (list, tuple):
      return type(value)(self._plain(v, place, depth + 1) for v in value)
    if isinstance(value, dict):
      return {key: self._plain(v, place, depth + 1) for key, v in value.items()}
    raise DamagedFileError(f"the keyword argument {quoted(place)} is a {type(value).__name__}")

  def _variables(self, values: Any, place: str) -> dict[str, np.ndarray]:
    if type(values) is not list:
      raise DamagedFileError(f"the variables of the network {quoted(place)} are not a list")
    self._variables_left -= len(values)
    if self._variables_left < 0:
      raise DamagedFileError("its networks have too many variables")
    variables = {}
    for pair in values:
      if type(pair) not in (tuple, list) or len(pair) != 2 or type(pair[0]) is not str:
        raise DamagedFileError(
          f"a variable of the network {quoted(place)} is not a name with a value"
        )
      name, value = pair
      if name in variables:
        raise DamagedFileError(f"the variable {quoted(f'{place}/{name}')} comes twice")
      array = np.asarray(value) if isinstance(value, np.generic) else None
      if isinstance(value, inert.Array):
        array = value.value
      if array is None or array.dtype.kind != "f":
        raise DamagedFileError(
          f"the variable {quoted(f'{place}/{name}')} is not an array of real numbers"
        )
      array.flags.writeable = False
      variables[name] = array
    return variables


def _source_bytes(source: Any, place: str) -> bytes:
  if type(source) is str:
    source = inert.Text(source.encode("utf-8", "surrogatepass"), "utf-8")
  if not isinstance(source, inert.Text) or len(source.data) > _MAX_SOURCE_BYTES:
    raise DamagedFileError(
      f"the build_module_src of the network {quoted(place)} is not text, or too long"
    )
  return source.data
