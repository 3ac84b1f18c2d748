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
    class_name: "tfutil.Network" (ProgressiveGAN) or "dnnlib.tflib.network.Network" (StyleGAN); of
      ports the code base, "interfacegan" or "genforce".
    version: version of the pickled state: 2 for ProgressiveGAN, 3 for StyleGAN; 0 of ports.
    name: the network's own name, e.g. "Gs" or "G_mapping".
    static_kwargs: the keyword arguments of the build function, plain Python values.
    components: sub-networks by role ("synthesis", "mapping"); empty for ProgressiveGAN.
    build_func_name: name of the build function, e.g. "G_style"; it tells the architecture.
    module_source_sha256: SHA-256 (hex) of the UTF-8 source text that the file carries for the official
      loader to execute, "" if there is none; the text itself is not kept.
    variables: the network's own variables in the file's order, read-only arrays, or of ports what
      becomes one by `np.asarray`; `lod` is 0-d.
    module_source_length: number of bytes of that source text.
    dropped: names of tensors that the file has and our code computes by itself.
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
  dropped: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class NetworkFile:
  """The networks of one file, with what identifies the file.

  Attributes:
    networks: (G, D, Gs), or one network alone (NVIDIA's attribute classifiers).
    sha256: SHA-256 (hex) of the bytes that were read.
    size: number of bytes.
    places: "G", "D", "Gs" for each network where the file has only some of them.
    refused: by place, why a network of the file cannot be converted, where others can.
    encoder: the encoder beside its generator, an `encoder_files.EncoderFile`; None: it has none.
  """

  networks: tuple[NetworkRecord, ...]
  sha256: str
  size: int
  places: tuple[str, ...] = ()
  refused: dict[str, str] = dataclasses.field(default_factory=dict)
  encoder: Any = None

  def by_place(self) -> dict[str, NetworkRecord]:
    """The networks by their place in the file, whatever their own names."""
    places = PLACES if len(self.networks) == len(PLACES) else (self.networks[0].name,)
    places = self.places or places
    return dict(zip(places, self.networks, strict=True))

  def network(self, place: str) -> NetworkRecord:
    """One network; a file with a lone network gives that.

    Args:
      place: "G", "D" or "Gs".

    Raises:
      CheckpointError: if the file has no such place.
    """
    if place in self.refused:
      raise CheckpointError(self.refused[place])
    if len(self.networks) == 1 and not self.places:
      return self.networks[0]
    if place not in PLACES:
      raise CheckpointError(
        f"A network file has no network {place!r}; choose one of {', '.join(PLACES)}."
      )
    networks = self.by_place()
    # A file without averaged weights: the plain generator.
    found = networks.get(place) or (networks.get("G") if place == "Gs" else None)
    if found is None:
      raise CheckpointError(
        f"The file has no network {place}, only {', '.join(networks)}; choose one of these."
      )
    return found
