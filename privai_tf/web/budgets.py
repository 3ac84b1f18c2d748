"""Whose budget a release charges: the photo's, a named person's, or a caller's."""

import contextlib
import dataclasses
import pathlib
import threading
from collections.abc import Iterator

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.privacy.ledger import BudgetExceededError, Ledger, RelationError, Remaining
from privai_tf.privacy.prepared import PreparedRelease
from privai_tf.serving.gateway.budgets import account
from privai_tf.serving.gateway.refusals import Refusal
from privai_tf.serving.gateway.tokens import Caller
from privai_tf.web.settings import WebSettings


@dataclasses.dataclass(frozen=True)
class Payer:
  """An account.

  Attributes:
    ledger: where it is kept.
    subject: its name there.
  """

  ledger: Ledger
  subject: str

  def remaining(self) -> Remaining:
    """What is left."""
    return self.ledger.remaining(self.subject)

  def charge(self, prepared: PreparedRelease) -> Remaining:
    """Pays for one release; on the disk when this returns, before anything is drawn.

    Raises:
      Refusal: in words for who sits before the page; nothing was charged.
      LedgerError: the ledger cannot be used; nothing was charged.
    """
    guarantee = prepared.guarantee
    try:
      charge = self.ledger.charge(
        self.subject,
        prepared.event,
        guarantee.epsilon,
        guarantee.delta,
        mechanism=guarantee.mechanism,
        relation=prepared.relation,
      )
    except RelationError:
      raise Refusal(
        409,
        "An earlier release hid something else, or read the face in the other way, which this one could "
        "show. Hide the same as then, read as then, or the whole face. Nothing was released.",
      ) from None
    except BudgetExceededError:
      raise Refusal(402, self._too_little(guarantee)) from None
    return charge.remaining

  def _too_little(self, wanted: Guarantee) -> str:
    left = self.remaining()
    if left.lacks_delta(wanted.delta):
      return (
        f"This release would cost delta {wanted.delta:g}, and {left.delta:g} of {left.budget_delta:g} is "
        "left. Take the photo anew without keeping who it is, or ask who runs this page for more (privai_tf."
        "ledger grant). Nothing was released."
      )
    if left.epsilon <= 0:
      return (
        "The budget is spent: nothing more of this can be released without breaking the promise."
      )
    return (
      f"This release would cost epsilon {wanted.epsilon:g}, and {left.epsilon:g} of {left.budget_epsilon:g} is "
      "left. Choose a stronger protection (a smaller epsilon). Nothing was released."
    )


class Budgets:
  """The ledgers behind the page.

  Sample portraits are nobody's: each session practises on an account of its own, in a ledger that goes
  with the page. Everything else is charged for good.
  """

  def __init__(self, settings: WebSettings, practice: pathlib.Path):
    """Opens them.

    Args:
      settings: the operator's choices.
      practice: a folder for what is forgotten.

    Raises:
      LedgerError: if the ledger cannot be trusted.
    """
    self._path, self._own = settings.ledger_path, settings.ledger is None
    self._usual = settings.budget_epsilon, settings.budget_delta, "basic"
    self._lock = threading.Lock()
    self._open: dict[tuple, Ledger] = {}
    if self._own:
      self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    self._ledger(*self._usual)
    self._practice = Ledger.open(
      practice / "practice.db",
      default_epsilon=settings.budget_epsilon,
      default_delta=settings.budget_delta,
      create=True,
      state=practice / "state",
    )

  def of_sample(self, number: int, session: str) -> Payer:
    """A session's account for practising on one sample portrait."""
    return Payer(self._practice, f"sample-{number}-{session}")

  def of_photo(self, pixels: np.ndarray, person: str, caller: Caller | None) -> Payer:
    """The account of a photo.

    Args:
      pixels: uint8 [H, W, 3].
      person: who is in it, where somebody has said so: all photos of a person share an account.
      caller: who signed in; None where nobody has to.

    Raises:
      Refusal: if the name is none.
    """
    if caller is None:
      ledger = self._ledger(*self._usual)
    else:
      ledger = self._ledger(caller.epsilon, caller.delta, caller.composition)
    subject = person.strip() or ledger.subject_of_pixels(pixels)
    with _as_refusal():
      # A caller's accounts bear its name, so that none is another one's.
      return Payer(ledger, subject if caller is None else account(caller, subject))

  def close(self) -> None:
    """Closes all of them."""
    with self._lock:
      for ledger in (self._practice, *self._open.values()):
        ledger.close()
      self._open.clear()

  def _ledger(self, epsilon: float, delta: float, composition: str) -> Ledger:
    key = (epsilon, delta, composition)
    with self._lock:
      if key not in self._open:
        self._open[key] = Ledger.open(
          self._path,
          default_epsilon=epsilon,
          default_delta=delta,
          composition=composition,
          create=self._own,
        )
      return self._open[key]


@contextlib.contextmanager
def _as_refusal() -> Iterator[None]:
  try:
    yield
  except (ConfigurationError, InputError) as error:
    raise Refusal(422, str(error)) from None
