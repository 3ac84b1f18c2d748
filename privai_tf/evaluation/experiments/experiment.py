"""What an experiment is: independent cells that give tidy rows, and a report made of the rows."""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

Cell = tuple[str | float | int | None, ...]
Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Settings:
  """What was asked for; equal settings give equal cells.

  Attributes:
    checkpoint: a name or a folder.
    attributes: names; (): the experiment's own choice.
    latent_space: "W", "Z" or "W+"; None: W where the checkpoint has it, else Z.
    epsilons, mechanisms, decodings: (): the experiment's own choice.
    given_codes: whether the generator's own codes are released, instead of what its encoder makes of
      its pictures.
    faces: test faces of a cell; None: the experiment's own number.
    seed: of splits, attackers and simulated noise; exact releases have no seed.
    quick: few of everything: three minutes on avatars.
  """

  checkpoint: str = "avatars"
  attributes: tuple[str, ...] = ()
  latent_space: str | None = None
  epsilons: tuple[float, ...] = ()
  mechanisms: tuple[str, ...] = ()
  decodings: tuple[str, ...] = ()
  given_codes: bool = False
  faces: int | None = None
  seed: int = 0
  quick: bool = False


@dataclasses.dataclass(frozen=True)
class Report:
  """What people read.

  Attributes:
    findings: sentences, the most important first.
    pictures: matplotlib figures or PIL pictures by a short name (letters, digits, "_"): the file's.
    captions: of pictures, by the same names: what is to be seen.
    tables: rows by a short name; each becomes a table of the page and a CSV of its own.
  """

  findings: Sequence[str] = ()
  pictures: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  captions: Mapping[str, str] = dataclasses.field(default_factory=dict)
  tables: Mapping[str, Sequence[Row]] = dataclasses.field(default_factory=dict)


class Experiment(abc.ABC):
  """One experiment with its settings; what several cells need is a cached property of it.

  Class attributes:
    name: what `--experiment` calls it.
    title: of its page.
  """

  name: ClassVar[str]
  title: ClassVar[str]

  def __init__(self, settings: Settings):
    self.settings = settings

  @abc.abstractmethod
  def cells(self) -> list[Cell]:
    """Independent pieces of work, each a few seconds to a few minutes; cheap, loads no network.

    A cell is a tuple of texts, numbers and None. Neighbours in the list may share what is cached.
    """

  @abc.abstractmethod
  def run(self, cell: Cell) -> list[Row]:
    """Does one piece of work.

    Returns:
      Tidy rows: one measured number or one group of numbers each; values are JSON scalars.
    """

  @abc.abstractmethod
  def report(self, rows: Sequence[Row]) -> Report:
    """Draws and words what rows say; of all cells, in their order. Loads no network if it can."""
