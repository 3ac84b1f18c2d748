"""What passes between reading, the stages and the settlement. Imports no TensorFlow."""

import dataclasses

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.errors import PrivaiError
from privai_tf.jobs.inputs import Content, Item
from privai_tf.jobs.private_folder import PrivateRecord
from privai_tf.privacy.relation import Relation


@dataclasses.dataclass(frozen=True)
class Loaded:
  """An item that has been read.

  Attributes:
    item: the item.
    content: what is in it; None if it could not be read.
    subject: whose budget its releases charge; None where nobody asked.
    error: why it could not be read.
  """

  item: Item
  content: Content | None = None
  subject: str | None = None
  error: PrivaiError | None = None


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
  """What became of one item: its outputs, or the error that stopped it."""

  item: Item
  outputs: tuple[Output, ...] = ()
  error: PrivaiError | None = None
