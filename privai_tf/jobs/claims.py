"""Which name an input's outputs have, and whether it is still the input that was released.

An input is known by its key, its place under the input's root, and never by its place among the
others: what comes or goes beside it changes nothing. The first to come has the plain name; another
that would be called the same has its key's hash appended. The manifest keeps each name for good.
Inputs of one plain name are in one shard, so that one manifest knows all who could meet.
"""

import dataclasses
import functools

from privai_tf.jobs.failures import Failure
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.item_lists import Items
from privai_tf.jobs.names import apart
from privai_tf.runtime.manifest import Manifest, Source

_DIGITS = (8, 16, 64)  # Of the hash; more where two hashes meet.


class Claims:
  """Names inputs, and tells those that have changed since they were released.

  Args:
    manifest: of the process.
    items: of the whole job.
  """

  def __init__(self, manifest: Manifest, items: Items):
    self._manifest, self._items = manifest, items
    self._names: dict[str, str] = {}  # Lower-case names that this run has given, with their keys.

  def named(self, item: Item) -> Item:
    """The input with the name of its outputs, and the key under which it is known.

    A name that belongs to an input of the same bytes, which is not there any more, comes from it:
    the input was moved, or is named in another way.
    """
    source = self._manifest.source(item.key) or self._moved(item)
    if source is not None:
      return dataclasses.replace(item, name=source.name, key=source.key)
    candidates = [item.name, *(apart(item.name, item.key, digits) for digits in _DIGITS)]
    name = next(name for name in candidates if self._owner(name) in (None, item.key))
    self._names[name.casefold()] = item.key
    return dataclasses.replace(item, name=name)

  def changed(self, item: Item) -> Failure | None:
    """What to tell of an input whose bytes are not those of which something was drawn before.

    Args:
      item: a named one.
    """
    source = self._manifest.source(item.key)
    if source is None or not source.digest:
      return None
    stamp = item.stamp()
    if stamp and stamp == source.stamp:
      return None
    digest = item.digest()
    if digest in ("", source.digest):
      if digest and stamp:
        self._manifest.restamp(item.key, stamp)
      return None
    reason = (
      f"{item.source}: is not what was released as {source.name} before; rename it to release it "
      "too, or choose another --output_dir"
    )
    return Failure(item.name, item.source, "name", reason)

  def _owner(self, name: str) -> str | None:
    return self._names.get(name.casefold()) or self._manifest.owner(name)

  def _moved(self, item: Item) -> Source | None:
    owner = self._manifest.owner(item.name)
    source = self._manifest.source(owner) if owner else None
    if source is None or not source.digest or owner in self._present:
      return None
    return source if item.digest() == source.digest else None

  @functools.cached_property
  def _present(self) -> frozenset[str]:
    """Keys of all inputs; only asked for where names meet."""
    return (
      frozenset(item.key for item in self._items) if self._items.count is not None else frozenset()
    )
