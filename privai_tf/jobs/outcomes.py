"""What passes between reading, the stages and the settlement. Imports no TensorFlow."""

import dataclasses

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.jobs.failures import Failure
from privai_tf.jobs.inputs import Content, Item
from privai_tf.jobs.private_folder import PrivateRecord
from privai_tf.privacy.relation import Relation
from privai_tf.runtime.manifest_rows import Source


@dataclasses.dataclass(frozen=True)
class Loaded:
  """An item that has been read.

  Attributes:
    item: the item.
    content: what is in it; None if it could not be read.
    subject: whose budget its releases charge; None where nobody asked.
    failure: why it could not be read.
    source: what it was when it was read.
  """

  item: Item
  content: Content | None = None
  subject: str | None = None
  failure: Failure | None = None
  source: Source | None = None

  @property
  def faces(self) -> int:
    """How many faces of it are to be released, a stand-in's one included."""
    if self.content is not None:
      return len(self.content.values)
    return int(self.failure is not None and self.failure.stand_in)


@dataclasses.dataclass(frozen=True)
class Unit:
  """One face, or one code, on its way through the stages.

  Attributes:
    owner: number of its item in the batch.
    face: number of the face in the item.
    name, source: of the face, and of the item.
    value: float32 [R, R, 3] or a code; None for a stand-in.
    failure: what a stand-in stands in for; None for all others.
  """

  owner: int
  face: int
  name: str
  source: str
  value: np.ndarray | None
  failure: Failure | None = None


@dataclasses.dataclass(frozen=True)
class Drawn:
  """What became of one unit: uint8 [H, W, 3], what the owner may know, what it stands in for."""

  pixels: np.ndarray
  record: PrivateRecord
  failure: Failure | None = None


@dataclasses.dataclass(frozen=True)
class Output:
  """A picture that is drawn, and may be published once it is paid for.

  Attributes:
    name: of its files.
    pixels: uint8 [H, W, 3].
    guarantee: the promise for each face.
    bound: the attacker bound in [0.5, 1], None where there is none.
    event: the `dp_accounting` event of each face's release.
    relation: what the promise is about.
    faces: how many faces were released in it, each at the guarantee's price.
    subject: whose budget pays; None where nobody asked.
    records: for the owner.
  """

  name: str
  pixels: np.ndarray
  guarantee: Guarantee
  bound: float | None
  event: object
  relation: Relation
  faces: int
  subject: str | None
  records: tuple[PrivateRecord, ...]


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What became of one item: its outputs, what stopped it, or a stand-in and why it is one.

  Attributes:
    item: the item.
    outputs: what is drawn of it.
    failure: see above.
    read: what it was when it was read; None if nobody looked.
  """

  item: Item
  outputs: tuple[Output, ...] = ()
  failure: Failure | None = None
  read: Source | None = None

  @property
  def source(self) -> Source:
    """By which the item is known again."""
    return self.read or Source(self.item.key, self.item.name)
