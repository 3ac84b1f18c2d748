"""What an official network file says about one network, as inert data.

These records sit between the reader and the conversion tables: the reader knows pickles and nothing
of architectures, the tables know architectures and nothing of pickles.
"""

import dataclasses
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError

PLACES = ("G", "D", "Gs")


@dataclasses.dataclass(frozen=True)
class NetworkRecord:
  """One pickled network (`G`, `D` or `Gs`) or one of its components.

  Attributes:
    class_name: "tfutil.Network" (ProgressiveGAN) or "dnnlib.tflib.network.Network" (StyleGAN).
    version: version of the pickled state: 2 for ProgressiveGAN, 3 for StyleGAN.
    name: the network's own name, e.g. "Gs" or "G_mapping".
    static_kwargs: the keyword arguments of the build function, plain Python values.
    components: sub-networks by role ("synthesis", "mapping"); empty for ProgressiveGAN.
    build_func_name: name of the build function, e.g. "G_style"; it tells the architecture.
    module_source_sha256: SHA-256 (hex) of the UTF-8 source text that the file carries for the official
      loader to execute, "" if there is none; the text itself is not kept.
    variables: the network's own variables in the file's order, read-only arrays; `lod` is 0-d.
    module_source_length: number of bytes of that source text.
  """

  class_name: str
  version: int
  name: str
  static_kwargs: dict[str, Any]
  components: "dict[str, NetworkRecord]"
  build_func_name: str
  module_source_sha256: str
  variables: dict[str, np.ndarray]
  module_source_length: int = 0


@dataclasses.dataclass(frozen=True)
class NetworkFile:
  """The networks of one file, with what identifies the file.

  Attributes:
    networks: (G, D, Gs), or one network alone (NVIDIA's attribute classifiers).
    sha256: SHA-256 (hex) of the bytes that were read.
    size: number of bytes.
  """

  networks: tuple[NetworkRecord, ...]
  sha256: str
  size: int

  def by_place(self) -> dict[str, NetworkRecord]:
    """The networks by their place in the file, whatever their own names."""
    places = PLACES if len(self.networks) == len(PLACES) else (self.networks[0].name,)
    return dict(zip(places, self.networks, strict=True))

  def network(self, place: str) -> NetworkRecord:
    """One network; a file with a lone network gives that.

    Args:
      place: "G", "D" or "Gs".

    Raises:
      CheckpointError: if the file has no such place.
    """
    if len(self.networks) == 1:
      return self.networks[0]
    if place not in PLACES:
      raise CheckpointError(
        f"A network file has no network {place!r}; choose one of {', '.join(PLACES)}."
      )
    return self.by_place()[place]
