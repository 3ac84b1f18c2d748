"""StyleGAN2-ADA (PyTorch) and StyleGAN3 network files -> inert descriptions of their networks.

  file = read_persistent_file("ffhq.pkl")
  network = file.network("G_ema")
  network.kwargs["z_dim"], network.attributes["synthesis.b8.conv0"]["up"]
  np.asarray(network.tensors["synthesis.b8.conv0.weight"])  # read from the file here

Nothing in the file is executed, and PyTorch is not needed. The file names no modules: StyleGAN2's and
StyleGAN3's classes have the same names, see `PersistentNetwork.generation`.
"""

import dataclasses
import hashlib
import os
from typing import Any

from privai_tf.converters import inert
from privai_tf.converters.errors import DamagedFileError, UnsupportedFileError, quoted
from privai_tf.converters.pytorch.persistent import PersistentObject, read_persistent
from privai_tf.converters.pytorch.source import OfSource, Source
from privai_tf.converters.pytorch.tensors import LazyTensor
from privai_tf.converters.pytorch.trees import Trees
from privai_tf.errors import CheckpointError

NETWORKS = ("G", "D", "G_ema")
_TENSORS = ("_parameters", "_buffers")  # frozen layers keep their weights among the buffers
_MAX_DEPTH = 16


@dataclasses.dataclass(frozen=True, eq=False)
class PersistentNetwork:
  """One network of a file.

  Attributes:
    class_name: e.g. "Generator", "Discriminator".
    args, kwargs: the arguments of its constructor, plain values (EasyDict becomes dict). Arguments
      equal to their default are usually absent; what a layer really does stands in `attributes`.
    classes: class names by module path, "" being the network itself, in the file's order:
      {"": "Generator", "synthesis": "SynthesisNetwork", "synthesis.b4": "SynthesisBlock", ...}.
    attributes: each module's own attributes by module path: None, bool, int, float, str, lists,
      tuples, dicts; NumPy's scalars as Python's, its arrays as arrays.
    tensors: parameters and buffers by dotted name, "synthesis.b8.conv0.weight", lazily; entries that
      are None in the file are left out.
    module_source_sha256: of the source text that the file carries for the network's class.
    module_source_length: its number of bytes.
  """

  class_name: str
  args: tuple
  kwargs: dict[str, Any]
  classes: dict[str, str]
  attributes: dict[str, dict[str, Any]]
  tensors: dict[str, LazyTensor]
  module_source_sha256: str
  module_source_length: int

  @property
  def generation(self) -> str | None:
    """ "stylegan2" or "stylegan3" of a generator, by its modules; None of everything else."""
    if "synthesis.input" in self.classes:
      return "stylegan3"
    return "stylegan2" if "synthesis.b4" in self.classes else None


@dataclasses.dataclass(frozen=True, eq=False)
class PersistentFile(OfSource):
  """A file with the networks that it has.

  Attributes:
    networks: by their key, "G", "D", "G_ema"; files that people trimmed have only some.
    training_set_kwargs: plain values, or None.
    source: the open file, which the lazy tensors read from.
  """

  networks: dict[str, PersistentNetwork]
  training_set_kwargs: dict[str, Any] | None
  source: Source

  def network(self, place: str) -> PersistentNetwork:
    """One network.

    Args:
      place: "G", "D", or "G_ema", which may also be called "Gs" and for which "G" stands in.

    Raises:
      CheckpointError: if the file has no such network.
    """
    names = ("G_ema", "G") if place in ("Gs", "G_ema") else (place,)
    for name in names:
      if name in self.networks:
        return self.networks[name]
    raise CheckpointError(
      f"The file has no network {place!r}, only {', '.join(self.networks)}; choose one of these."
    )


def read_persistent_file(path: str | os.PathLike) -> PersistentFile:
  """Reads a network pickle of StyleGAN2-ADA (PyTorch) or StyleGAN3.

  Args:
    path: the `.pkl` file.

  Raises:
    UnsafePickleError: it asks for something that such files never ask for.
    DamagedFileError: it breaks off or contradicts itself.
    UnsupportedFileError: it holds no such network.
    InputError: it cannot be opened.
  """
  source = Source(path)
  with source.naming():
    value = read_persistent(source)
    # Not a lone network: nobody writes that.
    found = {key: value.get(key) for key in NETWORKS} if isinstance(value, dict) else {}
    objects = {key: v for key, v in found.items() if isinstance(v, PersistentObject)}
    if not objects or any(v is not None and key not in objects for key, v in found.items()):
      raise UnsupportedFileError(
        "it is a pickle without networks (G, D, G_ema) of StyleGAN2-ADA or StyleGAN3 for PyTorch",
        "give a network-snapshot-*.pkl or a published network file",
      )
    trees = Trees(source.size)
    networks = {key: _network(v, key, trees) for key, v in objects.items()}
    settings = trees.plain(value.get("training_set_kwargs"), "training_set_kwargs")
    if settings is not None and type(settings) is not dict:
      raise DamagedFileError("its training_set_kwargs are not a dictionary")
    return PersistentFile(networks, settings, source)


def _network(root: PersistentObject, place: str, trees: Trees) -> PersistentNetwork:
  classes, attributes, tensors = {}, {}, {}

  def walk(module: Any, path: str, depth: int) -> None:
    where = f"{place}.{path}" if path else place
    trees.spend(where, depth)
    if depth > _MAX_DEPTH:
      raise DamagedFileError(f"its module {quoted(where)} is nested too deeply")
    if not isinstance(module, PersistentObject):
      raise DamagedFileError(f"its module {quoted(where)} is none")
    state = module.state
    classes[path] = module.class_name
    attributes[path] = {
      name: trees.plain(value, f"{where}.{name}")
      for name, value in state.items()
      if not name.startswith("_")
    }
    for group in _TENSORS:
      for name, value in _entries(state, group, where):
        full = f"{path}.{name}" if path else name
        if full in tensors:
          raise DamagedFileError(f"the tensor {quoted(f'{place}.{full}')} comes twice")
        if isinstance(value, LazyTensor):
          tensors[full] = trees.tensor(value)
        elif value is not None:
          raise DamagedFileError(f"its entry {quoted(f'{place}.{full}')} is no tensor")
    for name, child in _entries(state, "_modules", where):
      if child is not None:
        walk(child, f"{path}.{name}" if path else name, depth + 1)

  walk(root, "", 0)
  args = trees.plain(root.state.get("_init_args", ()), f"{place}._init_args")
  kwargs = trees.plain(root.state.get("_init_kwargs", {}), f"{place}._init_kwargs")
  if type(args) is not tuple or type(kwargs) is not dict:
    raise DamagedFileError(f"the arguments of its network {quoted(place)} are no arguments")
  text = root.module_source
  source = text.data if isinstance(text, inert.Text) else text.encode("utf-8", "surrogatepass")
  digest = hashlib.sha256(source).hexdigest()
  return PersistentNetwork(
    root.class_name, args, kwargs, classes, attributes, tensors, digest, len(source)
  )


def _entries(state: dict, group: str, where: str) -> list[tuple[str, Any]]:
  entries = state.get(group, {})
  if not isinstance(entries, dict) or any("." in name for name in entries):
    raise DamagedFileError(f"the {group} of its module {quoted(where)} are no dictionary of names")
  return list(entries.items())
